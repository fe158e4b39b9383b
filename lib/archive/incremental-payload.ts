import { hash as hashOnce } from 'node:crypto';
import type { SourceEntry } from '../core/entry.ts';
import { BackupError } from '../core/errors.ts';
import { settledBefore } from '../core/file-times.ts';
import type { BaseManifest } from '../store/base-manifest.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { formatEntryStart } from '../store/manifest-lines.ts';
import { ChangedFiles, type BlockStore } from './changed-files.ts';
import { KnownContents } from './known-contents.ts';
import {
  manifestEntryOf,
  type AddOutcome,
  type FinishedPayload,
  type PayloadDescription,
  type PayloadWriter,
} from './payload.ts';
import type { TarPacker } from './tar-packer.ts';
import { TarPayload, type TarPayloadOptions } from './tar-payload.ts';
import { smallestDeltaBytes, smallestSpreadBytes } from './block-hashes.ts';

export interface IncrementalPayloadOptions extends TarPayloadOptions {
  base: BaseManifest;
  /** When the base was begun: a file that was written to at that time or later may have changed unseen. */
  baseBegunAtNs: bigint;
  /** Reads every file, whatever the system says of it. */
  rehash: boolean;
  blocks: BlockStore;
}

/**
 * A tar that holds only what is new or changed since another backup. Its manifest is complete: the lines of what has not
 * changed are the base's, and point into the archives of the chain.
 */
export class IncrementalPayload implements PayloadWriter {
  private readonly options: IncrementalPayloadOptions;
  private readonly known: KnownContents;
  private readonly tar: TarPayload;
  private readonly packer: TarPacker;
  private readonly files: ChangedFiles;

  constructor(options: IncrementalPayloadOptions) {
    const { base, manifest, blocks } = options;
    this.options = options;
    this.known = new KnownContents(base);
    for (let frame = 0; frame < base.frames.length; frame += 1) {
      const line = base.frames.get(frame);
      // The base's own archive is one of several now, and this backup's own comes first.
      manifest.frame({ ...line, archive: archiveIndexOf(line.archive, base.header.archives.length) });
    }
    this.tar = new TarPayload(options, {
      firstFrame: base.frames.length,
      findContent: (sha256) => this.known.find(sha256),
      onContent: (stored) => this.known.note(stored),
      blockSizeOf: (entry) => blocks.blockSizeOf(entry),
      onBlocks: (stored, hashes) => blocks.write(stored, hashes),
    });
    this.packer = this.tar.packer;
    this.files = new ChangedFiles({ base, blocks, known: this.known, packer: this.packer, signal: options.signal });
  }

  add(entry: SourceEntry): AddOutcome | Promise<AddOutcome> {
    const text = this.options.base.find(entry.path);
    if (text instanceof Promise) return text.then((found) => this.addKnowing(entry, found));
    return this.addKnowing(entry, text);
  }

  async finishEntries(): Promise<void> {
    await this.options.base.close();
    await this.tar.finishEntries();
  }

  finish(description: PayloadDescription): Promise<FinishedPayload> {
    return this.tar.finish(description);
  }

  async abort(): Promise<void> {
    await this.options.base.close();
    await this.tar.abort();
  }

  private addKnowing(entry: SourceEntry, text: string | undefined): AddOutcome | Promise<AddOutcome> {
    if (text !== undefined && entry.takeOver === 'entry') return this.passOn(text, this.options.base.parse(text));
    if (text !== undefined && this.isUnchanged(entry, text)) {
      if (entry.size >= smallestDeltaBytes) this.options.blocks.keep(this.options.base.parse(text));
      return this.passOn(text, entry);
    }
    return this.addChanged(entry, text);
  }

  private passOn(line: string | ManifestEntry, stored: ManifestEntry): AddOutcome | Promise<AddOutcome> {
    const waiting = this.packer.passOn(line);
    return waiting === undefined ? { stored } : waiting.then(() => ({ stored }));
  }

  /** True when nothing that the system tells of the entry differs from what the base noted. */
  private isUnchanged(entry: SourceEntry, text: string): boolean {
    const { base, rehash, baseBegunAtNs } = this.options;
    // Of a database only its copy tells, or its log and counters, which whoever asks for `takeOver` has looked at.
    if (entry.database !== undefined && entry.takeOver === undefined) return false;
    const start = formatEntryStart(entry, base.header.owner);
    const from = text.startsWith('{"path"') ? 0 : text.lastIndexOf('\n') + 1;
    const next = from + start.length;
    // Half the time of `startsWith`, for a million lines.
    if (text.slice(from, next) !== start) return false;
    if (entry.kind === 'directory') return text.startsWith('}', next) && next + 1 === text.length;
    if (entry.kind === 'symlink') return text.startsWith(`,"linkTarget":${JSON.stringify(entry.linkTarget)}}`, next);
    if (entry.takeOver !== undefined) return text.startsWith(',', next);
    if (entry.content !== undefined)
      return text.startsWith(`,"sha256":"${hashOnce('sha256', entry.content, 'hex')}"`, next);
    const { ctimeNs, mtimeNs } = entry;
    if (rehash || ctimeNs === undefined || text[next] !== ',') return false;
    const settled = settledBefore(baseBegunAtNs, ctimeNs);
    return ctimeNs < settled && mtimeNs < settled;
  }

  private addChanged(entry: SourceEntry, text: string | undefined): AddOutcome | Promise<AddOutcome> {
    if (entry.kind !== 'file') return this.packer.add(entry);
    if (entry.takeOver === 'content' && text !== undefined) return this.takeContentOver(entry, text);
    if (!this.known.isReady) return this.known.prepare().then(() => this.addFile(entry, text));
    return this.addFile(entry, text);
  }

  private addFile(entry: SourceEntry, text: string | undefined): AddOutcome | Promise<AddOutcome> {
    if (this.options.signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
    if (entry.size < smallestSpreadBytes || entry.readFrom === undefined) return this.packer.add(entry);
    return this.files.add(entry, text === undefined ? undefined : this.options.base.parse(text));
  }

  /** The same content under another mode, owner or time. */
  private takeContentOver(entry: SourceEntry, text: string): AddOutcome | Promise<AddOutcome> {
    const noted = this.options.base.parse(text);
    const stored = { ...manifestEntryOf(entry), ...contentOf(noted) };
    this.options.blocks.keep(noted);
    return this.passOn(stored, stored);
  }
}

/** What of an entry is its content. */
export function contentOf({ size, sha256, at, extents }: ManifestEntry): Partial<ManifestEntry> {
  return {
    size,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(at === undefined ? {} : { at }),
    ...(extents === undefined ? {} : { extents }),
  };
}

/**
 * The place of one of the base's archives among those of the new backup: its own is the first, then those that it builds on,
 * oldest first. The base's own is the newest of them.
 */
export function archiveIndexOf(index: number, baseArchives: number): number {
  return index === 0 ? baseArchives : index;
}
