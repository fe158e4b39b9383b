import type { FrameTable } from './frame-table.ts';
import type { ManifestEntry } from './manifest.ts';

/**
 * Where each byte of an entry's content rests: pieces in the content's order, each within one frame. A manifest that lies
 * about its frames gives fewer bytes than the entry's size.
 */
export class ContentPieces {
  /** Bytes of content that the manifest gives a place. */
  readonly size: number;
  private readonly frames: number[] = [];
  private readonly offsets: number[] = [];
  /** Where each piece begins in the content, and at last where the content ends. */
  private readonly starts: number[] = [0];
  private readonly table: FrameTable;
  /** Who goes through all frames with each of a million extents has more pieces than memory. */
  private readonly mostPieces: number;

  constructor(entry: Pick<ManifestEntry, 'at' | 'extents' | 'size'>, table: FrameTable) {
    this.table = table;
    const { at, extents, size } = entry;
    this.mostPieces = (extents?.length ?? 0) / 3 + table.length;
    if (extents !== undefined) {
      for (let index = 0; index < extents.length; index += 3) {
        this.follow(extents[index] ?? 0, extents[index + 1] ?? 0, extents[index + 2] ?? 0);
      }
    } else if (at !== undefined) this.follow(at.frame, at.offset, size);
    this.size = this.starts.at(-1) ?? 0;
  }

  get length(): number {
    return this.frames.length;
  }

  /** A piece: its frame, where it begins in it, and its bytes. */
  piece(index: number): { frame: number; offset: number; length: number } {
    const start = this.starts[index] ?? 0;
    return {
      frame: this.frames[index] ?? 0,
      offset: this.offsets[index] ?? 0,
      length: (this.starts[index + 1] ?? start) - start,
    };
  }

  /** The extents of the content's bytes `from` to `to`: triples of frame, offset and length. */
  slice(from: number, to: number): number[] {
    const triples: number[] = [];
    let endFrame = -1;
    let endOffset = 0;
    for (let index = this.indexAt(from), at = from; at < to && index < this.frames.length; index += 1) {
      const { frame, offset, length } = this.piece(index);
      const skipped = at - (this.starts[index] ?? 0);
      const taken = Math.min(length - skipped, to - at);
      const isNext =
        frame === endFrame
          ? offset + skipped === endOffset
          : frame === endFrame + 1 && offset + skipped === 0 && endOffset === this.table.sizeOf(endFrame);
      if (isNext) triples[triples.length - 1] = (triples.at(-1) ?? 0) + taken;
      else triples.push(frame, offset + skipped, taken);
      endFrame = frame;
      endOffset = offset + skipped + taken;
      at += taken;
    }
    return triples;
  }

  private follow(firstFrame: number, firstOffset: number, length: number): void {
    let left = length;
    for (let frame = firstFrame, offset = firstOffset; left > 0; frame += 1, offset = 0) {
      const taken = Math.min(left, this.table.sizeOf(frame) - offset);
      // Content may go on at the beginning of the next frame; a frame that gives nothing else ends it.
      if (this.frames.length >= this.mostPieces) return;
      if (taken <= 0) {
        if (frame === firstFrame && offset === this.table.sizeOf(frame) && frame < this.table.length) continue;
        return;
      }
      this.frames.push(frame);
      this.offsets.push(offset);
      this.starts.push((this.starts.at(-1) ?? 0) + taken);
      left -= taken;
    }
  }

  /** The piece that holds that byte. */
  private indexAt(position: number): number {
    let low = 0;
    let high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle + 1] ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
