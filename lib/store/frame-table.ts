import type { FrameLine } from './manifest.ts';

/** The frames of a manifest in about 60 bytes each, so that a million of them fit into memory. */
export class FrameTable {
  private archives = new Uint16Array(64);
  private offsets = new Float64Array(64);
  private storedSizes = new Float64Array(64);
  private sizes = new Float64Array(64);
  private hashes = new Uint8Array(64 * 32);
  private used = 0;

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
    let end = 0;
    for (let at = 0; at < this.used; at += 1) {
      if (this.archives[at] === archive) end = Math.max(end, (this.offsets[at] ?? 0) + (this.storedSizes[at] ?? 0));
    }
    return end;
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

  private grow(): void {
    const room = this.archives.length * 2;
    const wider = <T extends Uint16Array | Float64Array | Uint8Array>(old: T, wide: T): T => {
      wide.set(old);
      return wide;
    };
    this.archives = wider(this.archives, new Uint16Array(room));
    this.offsets = wider(this.offsets, new Float64Array(room));
    this.storedSizes = wider(this.storedSizes, new Float64Array(room));
    this.sizes = wider(this.sizes, new Float64Array(room));
    this.hashes = wider(this.hashes, new Uint8Array(room * 32));
  }
}
