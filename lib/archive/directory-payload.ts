import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { dirname } from 'node:path';
import type { SourceEntry } from '../core/entry.ts';
import { fsyncPath, makeFolder } from '../core/durable-files.ts';
import { Breather } from '../core/breather.ts';
import { BackupError, isSystemError } from '../core/errors.ts';
import { settledBefore, systemTime } from '../core/file-times.ts';
import { finding } from '../core/findings.ts';
import { hasRawBytes, pathToBytes, toSystemPath } from '../core/path-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { ManifestWriter } from '../store/manifest-writer.ts';
import { aboutEntry, manifestEntryOf, type AddOutcome, type FinishedPayload, type PayloadWriter } from './payload.ts';
import { findingOf, openSource, SourceFile } from './source-file.ts';

/** An entry of the previous backup whose content may be linked to, and the file that holds it. */
export interface PreviousFile {
  entry: ManifestEntry;
  file: string;
  /** When that backup was begun: a file that was written to at that time or later may have changed unseen. */
  begunAtNs: bigint;
}

export interface DirectoryPayloadOptions {
  /** The backup's folder, which exists; entries are written below it at their paths. */
  folder: string;
  modes: { file: number; folder: number };
  manifest: ManifestWriter;
  /** Finds the file of that path in the previous backup. */
  previous?: (path: string) => Promise<PreviousFile | undefined>;
  /** Stops in the midst of a large file. */
  signal?: AbortSignal;
}

const attempts = 3;
const bufferBytes = 1 << 20;

/**
 * A backup without compression: every entry as a plain file in the backup's folder. A file that has not changed since
 * the previous backup is a hard link to it, so that every folder is a whole backup and costs what changed.
 */
export class DirectoryPayload implements PayloadWriter {
  private readonly options: DirectoryPayloadOptions;
  private readonly buffer = Buffer.allocUnsafeSlow(bufferBytes);
  private readonly folders: string[] = [];
  private readonly breather = new Breather();
  private storedBytes = 0;
  private lastFolder = '';

  constructor(options: DirectoryPayloadOptions) {
    this.options = options;
  }

  async add(entry: SourceEntry): Promise<AddOutcome> {
    const outcome = await this.store(entry);
    if (outcome.stored !== undefined) this.options.manifest.entry(outcome.stored);
    if (this.options.manifest.isFull) await this.options.manifest.flush();
    return outcome;
  }

  finishEntries(): Promise<void> {
    for (const folder of this.folders.reverse()) fsyncPath(folder);
    return Promise.resolve();
  }

  finish(): Promise<FinishedPayload> {
    return Promise.resolve({ storedBytes: this.storedBytes });
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }

  private async store(entry: SourceEntry): Promise<AddOutcome> {
    const place = `${this.options.folder}/${entry.path}`;
    if (entry.kind === 'directory') {
      this.makeFolderOnce(place);
      return { stored: manifestEntryOf(entry) };
    }
    this.makeFolderOnce(dirname(place));
    if (entry.kind === 'symlink') {
      const linkTarget = entry.linkTarget ?? '';
      symlinkSync(hasRawBytes(linkTarget) ? pathToBytes(linkTarget) : linkTarget, toSystemPath(place));
      lutimesSync(toSystemPath(place), systemTime(entry.mtimeNs), systemTime(entry.mtimeNs));
      return { stored: manifestEntryOf(entry) };
    }
    const linked = await this.linkToPrevious(entry, place);
    return linked === undefined ? this.copy(entry, place) : { stored: linked };
  }

  private async linkToPrevious(entry: SourceEntry, place: string): Promise<ManifestEntry | undefined> {
    const previous = await this.options.previous?.(entry.path);
    if (previous === undefined) return undefined;
    const isSame = entry.database === undefined ? isUnchanged(entry, previous) : this.isSameCopy(entry, previous);
    if (!isSame || !isAsNoted(previous)) return undefined;
    try {
      linkSync(toSystemPath(previous.file), toSystemPath(place));
    } catch (error) {
      // Too many links to one file, a filesystem without links, or a previous backup that lost the file: copy it.
      if (isSystemError(error, 'EMLINK', 'EPERM', 'EXDEV', 'ENOENT', 'ENOTSUP')) return undefined;
      throw error;
    }
    return { ...manifestEntryOf(entry), sha256: previous.entry.sha256 ?? '' };
  }

  /** What is new in a database may stand in its log alone, and its file look untouched: only its copy tells. */
  private isSameCopy(entry: SourceEntry, { entry: noted }: PreviousFile): boolean {
    if (noted.kind !== 'file' || noted.size !== entry.size || noted.sha256 === undefined) return false;
    const source = openSource(entry);
    if (!(source instanceof SourceFile)) return false;
    try {
      const digest = createHash('sha256');
      for (;;) {
        const read = source.readInto(this.buffer, 0, this.buffer.length);
        if (read.problem !== undefined) return false;
        if (read.bytes === 0) return digest.digest('hex') === noted.sha256;
        digest.update(this.buffer.subarray(0, read.bytes));
      }
    } finally {
      source.close();
    }
  }

  private async copy(entry: SourceEntry, place: string): Promise<AddOutcome> {
    if (entry.content !== undefined) return await this.writeContent(entry, entry.content, place);
    for (let attempt = 1; ; attempt += 1) {
      const source = openSource(entry);
      if (!(source instanceof SourceFile)) return { finding: findingOf(source, entry) };
      try {
        const { problem, bytes, sha256 } = await this.pour(source, place);
        const changed = problem === undefined && source.hasChanged();
        if (problem === undefined && (!changed || attempt >= attempts)) {
          this.storedBytes += bytes;
          const stored = { ...manifestEntryOf(source.entry), size: bytes, sha256 };
          return changed ? { stored, finding: finding('file-changed', aboutEntry(entry)) } : { stored };
        }
        unlinkSync(toSystemPath(place));
        if (problem !== undefined) return { finding: findingOf(problem, entry) };
      } finally {
        source.close();
      }
    }
  }

  private async writeContent(entry: SourceEntry, content: Buffer, place: string): Promise<AddOutcome> {
    const digest = createHash('sha256').update(content);
    await this.writeFile(place, entry.mtimeNs, (fd) => void writeSync(fd, content));
    this.storedBytes += content.length;
    return { stored: { ...manifestEntryOf(entry), size: content.length, sha256: digest.digest('hex') } };
  }

  private async pour(
    source: SourceFile,
    place: string,
  ): Promise<ReturnType<SourceFile['readInto']> & { sha256: string }> {
    const digest = createHash('sha256');
    let total = 0;
    let problem: ReturnType<SourceFile['readInto']>['problem'];
    await this.writeFile(place, source.entry.mtimeNs, async (fd) => {
      for (;;) {
        if (this.breather.isDue) await this.breather.pause();
        if (this.options.signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
        const read = source.readInto(this.buffer, 0, this.buffer.length);
        problem = read.problem;
        if (problem !== undefined || read.bytes === 0) return;
        const bytes = this.buffer.subarray(0, read.bytes);
        digest.update(bytes);
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
        total += bytes.length;
      }
    });
    return { bytes: total, sha256: digest.digest('hex'), ...(problem === undefined ? {} : { problem }) };
  }

  private async writeFile(place: string, mtimeNs: bigint, write: (fd: number) => void | Promise<void>): Promise<void> {
    const fd = openSync(toSystemPath(place), 'wx', this.options.modes.file);
    try {
      await write(fd);
      fchmodSync(fd, this.options.modes.file);
      futimesSync(fd, systemTime(mtimeNs), systemTime(mtimeNs));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  private makeFolderOnce(folder: string): void {
    if (folder === this.lastFolder) return;
    this.lastFolder = folder;
    const system = toSystemPath(folder);
    try {
      mkdirSync(system, this.options.modes.folder);
      chmodSync(system, this.options.modes.folder);
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) return;
      if (!isSystemError(error, 'ENOENT')) throw error;
      if (typeof system === 'string') makeFolder(system, this.options.modes.folder);
      else mkdirSync(system, { recursive: true, mode: this.options.modes.folder });
    }
    this.folders.push(folder);
  }
}

/** True when the previous backup's file still looks as it was written: damage there must not spread to this backup. */
function isAsNoted({ entry, file }: PreviousFile): boolean {
  let stat: BigIntStats | undefined;
  try {
    stat = lstatSync(toSystemPath(file), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isSystemError(error, 'ENOTDIR', 'EACCES', 'ELOOP')) return false;
    throw error;
  }
  if (stat?.isFile() !== true || Number(stat.size) !== entry.size) return false;
  // A database's time is of no meaning; any other was set to the microsecond.
  const difference = stat.mtimeNs - entry.mtimeNs;
  return entry.database !== undefined || (difference > -1000n && difference < 1000n);
}

/** True when nothing that the system tells of the file differs from what the previous backup noted. */
export function isUnchanged(entry: SourceEntry, previous: PreviousFile): boolean {
  const noted = previous.entry;
  return (
    noted.kind === 'file' &&
    noted.size === entry.size &&
    noted.mtimeNs === entry.mtimeNs &&
    noted.ctimeNs !== undefined &&
    noted.ctimeNs === entry.ctimeNs &&
    noted.ctimeNs < settledBefore(previous.begunAtNs, noted.ctimeNs) &&
    noted.inode === entry.inode &&
    noted.sha256 !== undefined
  );
}
