import { createHash } from 'node:crypto';
import { Breather } from '../core/breather.ts';
import type { SourceEntry } from '../core/entry.ts';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import type { BaseManifest } from '../store/base-manifest.ts';
import { ContentPieces } from '../store/content-pieces.ts';
import { mostExtents, type ManifestEntry } from '../store/manifest.ts';
import { BlockHasher, changedRuns, smallestDeltaBytes, type BlockHashes, type ByteRun } from './block-hashes.ts';
import type { KnownContents } from './known-contents.ts';
import { aboutEntry, manifestEntryOf, type AddOutcome } from './payload.ts';
import { openSource, SourceFile } from './source-file.ts';
import type { TarPacker } from './tar-packer.ts';

/** What is known of the blocks of large contents. */
export interface BlockStore {
  /** The blocks that an entry changes in. */
  blockSizeOf(entry: SourceEntry): number;
  /** The hashes of a content of the base, from the cache or else from the archives; undefined where they cannot be had. */
  read(entry: ManifestEntry, blockSize: number): Promise<BlockHashes | undefined>;
  write(entry: ManifestEntry, blocks: BlockHashes): void;
  /** Its hashes are still of use. */
  keep(entry: ManifestEntry): void;
}

export interface ChangedFilesOptions {
  base: BaseManifest;
  blocks: BlockStore;
  known: KnownContents;
  packer: TarPacker;
  signal: AbortSignal | undefined;
}

/** A file that is stored in blocks is stored whole where more than this share of it has changed. */
const largestChangedShare = 0.5;
/** Readings of a file that changes meanwhile, before it is stored whole. */
const attempts = 2;
const bufferBytes = 1 << 20;

/**
 * Stores large files that may have changed: as nothing where their content is known, as their changed blocks where the base
 * has the others, else whole. A file is read once to find out, and its changed blocks once more.
 */
export class ChangedFiles {
  private readonly options: ChangedFilesOptions;
  private readonly buffer = Buffer.allocUnsafeSlow(bufferBytes);
  private readonly breather = new Breather();

  constructor(options: ChangedFilesOptions) {
    this.options = options;
  }

  /** @param noted the base's entry of the same path. */
  async add(entry: SourceEntry, noted: ManifestEntry | undefined): Promise<AddOutcome> {
    const { known, packer } = this.options;
    const hasOlder = isLargeFile(noted) || known.hasInode(entry.inode);
    if (!hasOlder && !known.hasSize(entry.size)) return packer.add(entry);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const source = openSource(entry);
      // What cannot be opened is told by who stores files whole.
      if (!(source instanceof SourceFile)) break;
      try {
        const stored = await this.addFrom(source, noted, attempt === attempts);
        if (stored === 'changed') continue;
        if (stored === undefined) break;
        // Its times are those from before it was read, so that the next backup looks at it again.
        const isTorn = attempt === attempts && source.hasChanged();
        return isTorn ? { stored, finding: finding('file-changed', aboutEntry(entry)) } : { stored };
      } finally {
        source.close();
      }
    }
    return packer.add(entry);
  }

  /**
   * The entry as it rests; undefined where it is to be stored whole, `changed` where it was written to meanwhile.
   * @param isLast keeps a reading of a file that was written to all the same, as it would be kept of one that is stored
   * whole: logs grow at all times. What is stored are the bytes that were hashed, and no others.
   */
  private async addFrom(
    source: SourceFile,
    noted: ManifestEntry | undefined,
    isLast: boolean,
  ): Promise<ManifestEntry | 'changed' | undefined> {
    const { known, blocks, packer } = this.options;
    const read = await this.hash(source);
    if (read === undefined || (!isLast && source.hasChanged())) return 'changed';
    const stored: ManifestEntry = { ...manifestEntryOf(source.entry), sha256: read.sha256 };
    const place = await known.findLarge(read.sha256);
    if (place !== undefined) {
      Object.assign(stored, place);
      await packer.passOn(stored);
      blocks.write(stored, read.blocks);
      return stored;
    }
    // Looked for in the whole base: not before its content turns out to be a new one.
    const older = isLargeFile(noted) ? noted : await known.entryOfInode(source.entry.inode);
    if (!isLargeFile(older) || source.entry.size < smallestDeltaBytes) return undefined;
    const olderBlocks = await blocks.read(older, read.blocks.blockSize);
    if (olderBlocks === undefined) return undefined;
    const runs = changedRuns(olderBlocks, read.blocks);
    const changedBytes = runs.reduce((sum, { from, to }) => sum + to - from, 0);
    if (changedBytes > source.entry.size * largestChangedShare) return undefined;
    const pieces = new ContentPieces(older, this.options.base.frames);
    if (pieces.size !== older.size) return undefined;
    const isWhole = await this.addRuns(source, stored, read.blocks, runs, pieces);
    if (!isWhole || (!isLast && source.hasChanged())) return 'changed';
    if ((stored.extents?.length ?? 0) > mostExtents * 3) return undefined;
    await packer.passOn(stored);
    known.note(stored);
    blocks.write(stored, read.blocks);
    return stored;
  }

  private async addRuns(
    source: SourceFile,
    stored: ManifestEntry,
    blocks: BlockHashes,
    runs: readonly ByteRun[],
    pieces: ContentPieces,
  ): Promise<boolean> {
    const triples: number[] = [];
    let reached = 0;
    let next = 0;
    const takeOver = (to: number): void => {
      for (const one of pieces.slice(reached, to)) triples.push(one);
    };
    const isWhole = await this.options.packer.addBlocks(source.entry, source, blocks, runs, ({ frame, offset }) => {
      const run = runs[next] ?? { from: 0, to: 0 };
      next += 1;
      takeOver(run.from);
      triples.push(frame, offset, run.to - run.from);
      reached = run.to;
    });
    takeOver(source.entry.size);
    stored.extents = Float64Array.from(triples);
    return isWhole;
  }

  /** Reads the file once: its hash, and those of its blocks. Undefined where it has fewer bytes than it had. */
  private async hash(source: SourceFile): Promise<{ sha256: string; blocks: BlockHashes } | undefined> {
    const { size } = source.entry;
    const digest = createHash('sha256');
    const hasher = new BlockHasher(this.options.blocks.blockSizeOf(source.entry), size);
    for (let left = size; left > 0;) {
      if (this.breather.isDue) await this.breather.pause();
      if (this.options.signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
      const { bytes, problem } = source.readInto(this.buffer, 0, Math.min(left, bufferBytes));
      if (problem !== undefined || bytes === 0) return undefined;
      const content = this.buffer.subarray(0, bytes);
      digest.update(content);
      hasher.update(content);
      left -= bytes;
    }
    return { sha256: digest.digest('hex'), blocks: hasher.finish() };
  }
}

function isLargeFile(entry: ManifestEntry | undefined): entry is ManifestEntry {
  return entry?.kind === 'file' && entry.size >= smallestDeltaBytes && entry.sha256 !== undefined;
}
