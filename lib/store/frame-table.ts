import type { FrameLine } from './manifest.ts';

/** The frames of a manifest in about 64 bytes each, so that a million of them fit into memory. */
export class FrameTable {
  private archives = new Uint16Array(64);
  private offsets = new Float64Array(64);
  private storedSizes = new Float64Array(64);
  private sizes = new Float64Array(64);
  private hashes = new Uint8Array(64 * 32);
  /** The next frame of the same archive, 0 behind the last. */
  private followers = new Uint32Array(64);
  private readonly ofArchives = new Map<number, { first: number; last: number; end: number }>();
  private used = 0;
  /** Uncompressed bytes of all frames. */
  totalBytes = 0;

  get length(): number {
    return this.used;
  }

  add(line: FrameLine): void {
    if (this.used === this.archives.length) this.grow();
    const at = this.used;
    this.archives[at] = line.archive;
    this.offsets[at] = line.offset;
    this.storedSizes[at] = line.storedSize;
    this.sizes[at] = line.size;
    this.hashes.set(Buffer.from(line.sha256, 'hex'), at * 32);
    this.noteArchive(line, at);
    this.totalBytes += line.size;
    this.used += 1;
  }

  /** Uncompressed bytes of a frame; 0 where there is none. */
  sizeOf(frame: number): number {
    return frame < this.used ? (this.sizes[frame] ?? 0) : 0;
  }

  /** The index of the archive that holds a frame; 0 where there is no such frame. */
  archiveOf(frame: number): number {
    return frame < this.used ? (this.archives[frame] ?? 0) : 0;
  }

  /** Where the last frame of an archive ends, in stored bytes: the archive has no fewer. */
  endOf(archive: number): number {
    return this.ofArchives.get(archive)?.end ?? 0;
  }

  /** The numbers of an archive's frames, in their order. */
  *framesOf(archive: number): Generator<number> {
    const own = this.ofArchives.get(archive);
    if (own === undefined) return;
    for (let frame = own.first; ; frame = this.followers[frame] ?? own.last) {
      yield frame;
      if (frame === own.last) return;
    }
  }

  get(frame: number): FrameLine {
    if (frame < 0 || frame >= this.used) throw new RangeError(`there is no frame ${frame}`);
    return {
      frame,
      archive: this.archives[frame] ?? 0,
      offset: this.offsets[frame] ?? 0,
      storedSize: this.storedSizes[frame] ?? 0,
      size: this.sizes[frame] ?? 0,
      sha256: Buffer.from(this.hashes.subarray(frame * 32, frame * 32 + 32)).toString('hex'),
    };
  }

  private noteArchive({ archive, offset, storedSize }: FrameLine, at: number): void {
    const end = offset + storedSize;
    const own = this.ofArchives.get(archive);
    if (own === undefined) {
      this.ofArchives.set(archive, { first: at, last: at, end });
      return;
    }
    this.followers[own.last] = at;
    own.last = at;
    own.end = Math.max(own.end, end);
  }

  private grow(): void {
    const room = this.archives.length * 2;
    const wider = <T extends Uint16Array | Uint32Array | Float64Array | Uint8Array>(old: T, wide: T): T => {
      wide.set(old);
      return wide;
    };
    this.archives = wider(this.archives, new Uint16Array(room));
    this.offsets = wider(this.offsets, new Float64Array(room));
    this.storedSizes = wider(this.storedSizes, new Float64Array(room));
    this.sizes = wider(this.sizes, new Float64Array(room));
    this.hashes = wider(this.hashes, new Uint8Array(room * 32));
    this.followers = wider(this.followers, new Uint32Array(room));
  }
}
