import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipArchive, type ZipEntryData } from 'archiver';
import type { SourceEntry } from '../core/entry.ts';
import { BackupError, writeError } from '../core/errors.ts';
import { hasRawBytes } from '../core/path-bytes.ts';
import type { Sealer } from '../core/sealed-bytes.ts';
import { openSource, SourceFile, type ReadProblem } from './source-file.ts';
import { zipNameOf } from './zip-name.ts';
import { gatherSmallWrites } from './zip-small-writes.ts';

export interface ZipWriterOptions {
  /** The archive's temporary name; it must not exist. */
  file: string;
  /** Permission bits of the archive; 0o600 where left out. */
  mode?: number;
  /** 0 stores, 1 to 9 deflate. */
  level: number;
  /** Stops in the midst of a large file. */
  signal?: AbortSignal;
  /** Encrypts all that goes into the file. */
  sealer?: Sealer;
}

/** What became of an entry. */
export interface ZipAdded {
  /**
   * `stored`: as it was. `changed`: its last reading is stored, and it was written to meanwhile. `vanished`,
   * `unreadable`: it is not stored, but for what a file of more than a mebibyte gave before reading failed.
   */
  outcome: 'stored' | 'changed' | 'vanished' | 'unreadable';
  /** The entry with the size and times of what is stored. */
  entry: SourceEntry;
  /** Its name in the zip. */
  storedPath: string;
  /** Bytes of content that are stored. */
  size: number;
  /** Of the content; empty for folders and links. */
  sha256: string;
  /** Why it could not be read: the system's code. */
  problem?: ReadProblem;
}

/** A file up to this size is read whole before it is stored, so that a change can be noticed in time. */
const wholeBytes = 1 << 20;
const attempts = 3;
const pieceBytes = 1 << 18;

/**
 * Writes a zip, one entry at a time. Names, modes, links, empty folders and times (to two seconds, in local time, as
 * zips have them) are kept. Memory holds one piece of one file, and some 500 bytes an entry for the zip's directory,
 * which stands at its end. Whoever makes it calls `finish` or `abort`.
 */
export class ZipWriter {
  private readonly options: ZipWriterOptions;
  private readonly fd: number;
  private readonly archive: ZipArchive;
  private readonly written: Promise<{ bytes: number; sha256: string }>;
  /** The first failure of the output, and who waits for an entry that will never be done. */
  private failure: unknown;
  private onFailure: ((error: unknown) => void) | undefined;
  private isOpen = true;

  /** @throws BackupError WRITE_FAILED, STORE_READ_ONLY, NO_SPACE where the file cannot be made. */
  constructor(options: ZipWriterOptions) {
    this.options = options;
    const mode = options.mode ?? 0o600;
    try {
      this.fd = openSync(options.file, 'wx', mode);
      fchmodSync(this.fd, mode);
    } catch (error) {
      throw writeError(error, options.file, 'writing the zip');
    }
    this.archive = new ZipArchive({ zlib: { level: options.level }, forceLocalTime: true });
    this.archive.on('error', (error) => this.fail(error));
    this.written = this.writeOut();
    this.written.catch((error: unknown) => this.fail(error));
  }

  /**
   * Stores one entry, and resolves when it is done. Not to be called again before that.
   * @throws BackupError NO_SPACE, WRITE_FAILED where the zip cannot be written.
   */
  async add(entry: SourceEntry): Promise<ZipAdded> {
    const storedPath = zipNameOf(entry.path);
    if (entry.kind !== 'file') {
      await this.append(Buffer.alloc(0), dataOf(entry, storedPath));
      return { outcome: 'stored', entry, storedPath, size: 0, sha256: '' };
    }
    if (entry.readFrom === undefined) return this.addBytes(entry, entry.content ?? Buffer.alloc(0), 'stored');
    for (let attempt = 1; ; attempt += 1) {
      const source = openSource(entry);
      if (!(source instanceof SourceFile)) return notStored(entry, source);
      try {
        if (source.entry.size > wholeBytes) return await this.addLarge(source);
        const content = Buffer.allocUnsafe(source.entry.size);
        const read = source.readInto(content, 0, content.length);
        if (read.problem !== undefined) return notStored(entry, read.problem);
        const changed = read.bytes < content.length || source.hasChanged();
        if (changed && attempt < attempts) continue;
        return await this.addBytes(source.entry, content.subarray(0, read.bytes), changed ? 'changed' : 'stored');
      } finally {
        source.close();
      }
    }
  }

  /**
   * Stores a member that was made for the zip itself, as a stream: the manifest, say.
   * @returns its size in bytes.
   */
  async addMember(member: { path: string; mtimeNs: bigint; chunks: AsyncIterable<Uint8Array> }): Promise<number> {
    let size = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of member.chunks) {
        size += chunk.length;
        yield chunk;
      }
    }
    const data = { name: zipNameOf(member.path), mode: 0o600, date: dateOf(member.mtimeNs) };
    await this.append(Readable.from(counted(), { objectMode: false }), data);
    return size;
  }

  /** Writes the zip's directory, flushes all to the disk and closes. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    try {
      this.throwFailure();
      gatherSmallWrites(this.archive);
      const [totals] = await Promise.all([this.written, this.archive.finalize()]);
      fsyncSync(this.fd);
      return totals;
    } catch (error) {
      throw this.writeFailure(error);
    } finally {
      this.close();
    }
  }

  /** Closes without finishing; the caller removes the file. After `finish` there is nothing left to do. */
  async abort(): Promise<void> {
    if (!this.isOpen) return;
    this.archive.abort();
    this.archive.destroy();
    await Promise.allSettled([this.written]);
    this.close();
  }

  private close(): void {
    // The number of a file that is closed may be another file's by now.
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.fd);
  }

  private async addBytes(entry: SourceEntry, content: Buffer, outcome: 'stored' | 'changed'): Promise<ZipAdded> {
    const storedPath = zipNameOf(entry.path);
    const sha256 = createHash('sha256').update(content).digest('hex');
    await this.append(content, dataOf(entry, storedPath));
    return { outcome, entry: { ...entry, size: content.length }, storedPath, size: content.length, sha256 };
  }

  /** What has gone into a zip cannot be taken back: a large file that changes is stored as it was read. */
  private async addLarge(source: SourceFile): Promise<ZipAdded> {
    const { entry } = source;
    const storedPath = zipNameOf(entry.path);
    const digest = createHash('sha256');
    let size = 0;
    let problem: ReadProblem | undefined;
    const { signal } = this.options;
    function* pieces(): Generator<Buffer> {
      while (size < entry.size) {
        if (signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
        const piece = Buffer.allocUnsafe(Math.min(pieceBytes, entry.size - size));
        const read = source.readInto(piece, 0, piece.length);
        problem = read.problem;
        if (problem !== undefined || read.bytes === 0) return;
        digest.update(piece.subarray(0, read.bytes));
        size += read.bytes;
        yield piece.subarray(0, read.bytes);
      }
    }
    await this.append(Readable.from(pieces(), { objectMode: false }), dataOf(entry, storedPath));
    const stored = { entry: { ...entry, size }, storedPath, size, sha256: digest.digest('hex') };
    if (problem !== undefined) return { outcome: 'unreadable', ...stored, problem };
    return { outcome: size < entry.size || source.hasChanged() ? 'changed' : 'stored', ...stored };
  }

  private async append(source: Buffer | Readable, data: ZipEntryData): Promise<void> {
    try {
      this.throwFailure();
      await new Promise<void>((resolve, reject) => {
        const done = (): void => {
          this.onFailure = undefined;
          resolve();
        };
        this.archive.once('entry', done);
        this.onFailure = (error) => {
          this.archive.off('entry', done);
          reject(this.writeFailure(error));
        };
        // archiver does not listen to its sources' failures.
        if (source instanceof Readable) source.once('error', (error) => this.fail(error));
        this.archive.append(source, data);
      });
      // What archiver stores from memory it takes at once, whether the disk keeps up or not.
      if (this.archive.writableNeedDrain) await Promise.race([once(this.archive, 'drain'), this.written]);
    } catch (error) {
      throw this.writeFailure(error);
    }
  }

  private writeFailure(error: unknown): Error {
    return writeError(this.failure ?? error, this.options.file, 'writing the zip');
  }

  private async writeOut(): Promise<{ bytes: number; sha256: string }> {
    const digest = createHash('sha256');
    let bytes = 0;
    const { fd } = this;
    const { sealer } = this.options;
    const put = (stored: Uint8Array): void => {
      try {
        for (let at = 0; at < stored.length;) at += writeSync(fd, stored, at);
      } catch (error) {
        // Before the streams hear of it: they would only say that they were aborted.
        this.fail(error);
        throw error;
      }
      digest.update(stored);
      bytes += stored.length;
    };
    if (sealer !== undefined) put(sealer.head);
    await sealer?.ready;
    await pipeline(this.archive, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) put(sealer?.seal(chunk) ?? chunk);
    });
    return { bytes, sha256: digest.digest('hex') };
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.onFailure?.(error);
    this.onFailure = undefined;
  }

  private throwFailure(): void {
    if (this.failure !== undefined) throw this.failure as Error;
  }
}

function notStored(entry: SourceEntry, problem: ReadProblem): ZipAdded {
  const outcome = problem.vanished ? 'vanished' : 'unreadable';
  return { outcome, entry, storedPath: zipNameOf(entry.path), size: 0, sha256: '', problem };
}

function dataOf(entry: SourceEntry, name: string): ZipEntryData & { linkname?: string } {
  const common = { name, mode: entry.mode & 0o7777, date: dateOf(entry.mtimeNs) };
  if (entry.kind === 'directory') return { ...common, type: 'directory' };
  // archiver's own `symlink` turns a target's backslashes over; what it passes on to zip-stream it leaves alone.
  if (entry.kind === 'symlink') return { ...common, type: 'symlink', linkname: linkTextOf(entry.linkTarget ?? '') };
  return { ...common, type: 'file' };
}

/** A link's target as text: it can be anything but bytes that are not UTF-8. */
function linkTextOf(target: string): string {
  return hasRawBytes(target) ? zipNameOf(target) : target;
}

const dateOf = (mtimeNs: bigint): Date => new Date(Number(mtimeNs / 1_000_000n));
