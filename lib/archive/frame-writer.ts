import { createHash, hash as hashOnce, type Hash } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { Breather } from '../core/breather.ts';
import { BackupError } from '../core/errors.ts';
import { releaseBuffer } from '../core/release-buffer.ts';
import type { Sealer } from '../core/sealed-bytes.ts';
import type { FrameLine } from '../store/manifest.ts';
import type { Codec } from './codecs.ts';

/** Where a frame came to rest. */
export type FrameWritten = (frame: Omit<FrameLine, 'frame' | 'archive'>) => void;

/**
 * Writes frames one after the other into one file, compressing several at once. Frames are written in the order in
 * which they are given; a compressed frame waits for those before it, and no more than `parallel` are under way.
 */
export class FrameWriter {
  readonly codec: Codec;
  private readonly file: string;
  private readonly fd: number;
  private readonly level: number;
  private readonly parallel: number;
  private readonly signal: AbortSignal | undefined;
  private readonly sealer: Sealer | undefined;
  private readonly breather = new Breather();
  private readonly queue: Job[] = [];
  private readonly freeBuffers: Buffer[] = [];
  private digest: Hash = createHash('sha256');
  private position = 0;
  private isOpen = true;
  /** A frame of zeros, compressed once: the holes of sparse files cost a copy each. */
  private zeroFrame: Promise<Buffer> | undefined;

  /**
   * @param options.signal stops at the next frame, in the midst of a large file, too.
   * @param options.sealer encrypts all that goes into the file; hashes are those of what is in it.
   */
  constructor(options: {
    file: string;
    mode: number;
    codec: Codec;
    level: number;
    parallel: number;
    signal?: AbortSignal;
    sealer?: Sealer;
  }) {
    this.file = options.file;
    this.fd = openSync(options.file, 'wx+', options.mode);
    fchmodSync(this.fd, options.mode);
    this.codec = options.codec;
    this.level = options.level;
    this.parallel = options.parallel;
    this.signal = options.signal;
    this.sealer = options.sealer;
    if (this.sealer !== undefined) this.put(this.sealer.head);
  }

  /** Bytes written so far; frames under way are not counted. */
  get storedBytes(): number {
    return this.position;
  }

  /**
   * False where the file is encrypted: what is taken back may still be on the disk, and other bytes under the same keystream
   * would show what both are.
   */
  get canRewind(): boolean {
    return this.sealer === undefined;
  }

  /** True when no frame is under way. */
  get isIdle(): boolean {
    return this.queue.length === 0;
  }

  /** A buffer for one frame's raw bytes; given back by `write`. */
  takeBuffer(): Buffer {
    return this.freeBuffers.pop() ?? Buffer.allocUnsafeSlow(this.codec.frameBytes);
  }

  /**
   * Starts to compress `buffer[0, used)`; `written` is called, in order, once the frame is in the file. Resolves when
   * there is room for another frame.
   */
  async write(buffer: Buffer, used: number, written: FrameWritten, mark?: Mark): Promise<void> {
    // Without compression nothing else would let a signal in.
    if (this.breather.isDue) await this.breather.pause();
    if (this.signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
    const raw = buffer.subarray(0, used);
    const stored = this.compress(raw);
    // Awaited in order, later; a failure must not count as unhandled until then.
    stored.catch(() => undefined);
    this.queue.push({ buffer, used, stored, written, mark });
    while (this.queue.length >= this.parallel) await this.writeOldest();
  }

  /**
   * The same for a frame that is compressed already, of this writer's codec: it goes into the file as it is.
   * @param sha256 of these bytes, in hex, where it is known; the caller has proven it.
   * @param size what it unpacks to, in bytes.
   */
  async writePacked(packed: Buffer, sha256: string | undefined, size: number, written: FrameWritten): Promise<void> {
    if (this.breather.isDue) await this.breather.pause();
    if (this.signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
    this.queue.push({
      buffer: noBuffer,
      used: size,
      stored: Promise.resolve(packed),
      written,
      mark: undefined,
      ...(sha256 === undefined ? {} : { sha256 }),
    });
    while (this.queue.length >= this.parallel) await this.writeOldest();
  }

  /** Writes everything under way. */
  async drain(): Promise<void> {
    await this.sealer?.ready;
    while (this.queue.length > 0) await this.writeOldest();
  }

  /**
   * Appends bytes that are stored already.
   * @returns the offset at which they begin. The caller has drained.
   */
  append(stored: Uint8Array): number {
    const offset = this.position;
    this.put(this.seal(stored));
    return offset;
  }

  /**
   * Takes back every frame from the marked one on: for a large file that changed while it was read. What those frames
   * would have told through `written` is told all the same, before this resolves.
   */
  async rewind(mark: Mark): Promise<void> {
    if (!this.canRewind) throw new Error('a keystream is never used twice');
    await this.drain();
    if (mark.offset === undefined || mark.digest === undefined) throw new Error('the marked frame was never written');
    ftruncateSync(this.fd, mark.offset);
    this.position = mark.offset;
    this.digest = mark.digest;
  }

  /** Flushes to the disk and closes. */
  async finish(): Promise<{ size: number; sha256: string }> {
    await this.drain();
    fsyncSync(this.fd);
    this.close();
    return { size: this.position, sha256: this.digest.digest('hex') };
  }

  /** Closes without finishing; the caller removes the file. After `finish` there is nothing left to do. */
  async abort(): Promise<void> {
    this.codec.stop?.();
    await Promise.allSettled(this.queue.map((job) => job.stored));
    this.close();
  }

  private close(): void {
    // The number of a file that is closed may be another file's by now.
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.fd);
  }

  private compress(raw: Buffer): Promise<Buffer> {
    if (raw.length === this.codec.frameBytes && isZero(raw))
      return (this.zeroFrame ??= this.codec.compress(raw, this.level));
    return this.codec.name === 'none' || shrinks(raw) ? this.codec.compress(raw, this.level) : this.codec.store(raw);
  }

  private async writeOldest(): Promise<void> {
    const job = this.queue[0];
    if (job === undefined) return;
    const packed = await job.stored;
    await this.sealer?.ready;
    this.queue.shift();
    const stored = this.seal(packed);
    const offset = this.position;
    if (job.mark !== undefined && job.mark.offset === undefined)
      Object.assign(job.mark, { offset, digest: this.digest.copy() });
    this.put(stored);
    if (job.buffer.length === this.codec.frameBytes) this.freeBuffers.push(job.buffer);
    const known = this.sealer === undefined ? job.sha256 : undefined;
    const sha256 = known ?? hashOnce('sha256', stored, 'hex');
    job.written({ offset, storedSize: stored.length, size: job.used, sha256 });
    if (job.stored !== this.zeroFrame) releaseBuffer(packed);
    if (stored !== packed) releaseBuffer(stored);
  }

  private seal<B extends Uint8Array>(bytes: B): B | Buffer {
    return this.sealer === undefined ? bytes : this.sealer.seal(bytes);
  }

  private put(bytes: Uint8Array): void {
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.fd, bytes, at, bytes.length - at, this.position + at);
    } catch (error) {
      // The system does not say which file it was: the archive may lie on another disk than the store.
      if (error instanceof Error) Object.assign(error, { path: this.file });
      throw error;
    }
    this.position += bytes.length;
    this.digest.update(bytes);
  }
}

/** A place in the file to go back to: where the first frame that `write` was given with it begins. */
export interface Mark {
  offset?: number;
  digest?: Hash;
}

interface Job {
  buffer: Buffer;
  used: number;
  stored: Promise<Buffer>;
  written: FrameWritten;
  mark: Mark | undefined;
  /** Of the packed bytes, where it is known before they are. */
  sha256?: string;
}

/** In the place of the raw bytes of a frame that comes compressed. */
const noBuffer = Buffer.alloc(0);

/** True when all bytes are zero: the first is, and each equals the one before it. */
export function isZero(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes[0] === 0 && bytes.compare(bytes, 1, bytes.length, 0, bytes.length - 1) === 0;
}

const sampleBytes = 4096;

/** A quick trial on three places of a frame: does it shrink at all? */
function shrinks(raw: Buffer): boolean {
  if (raw.length < sampleBytes * 3) return true;
  const last = raw.length - sampleBytes;
  for (const at of [Math.floor(last / 5), Math.floor(last / 2), last]) {
    const packed = deflateRawSync(raw.subarray(at, at + sampleBytes), { level: 1, memLevel: 5, windowBits: 12 });
    if (packed.length < sampleBytes * 0.97) return true;
  }
  return false;
}
