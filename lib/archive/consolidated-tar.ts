import type { FrameLine, ManifestEntry } from '../store/manifest.ts';
import { targetOf } from '../store/manifest.ts';
import type { ManifestWriter } from '../store/manifest-writer.ts';
import type { FrameWriter } from './frame-writer.ts';
import { encodeTarHeader, tarHeaderSize, tarPadding } from './tar-headers.ts';

const tarBlockBytes = 512;

/** The bytes of a frame as its codec made them. */
export interface PackedFrame {
  packed: Buffer;
  /** Of these bytes, hex, where it is known already. */
  sha256?: string;
}

/** Reads a frame, proven by its hash. */
export type ReadPacked = (frame: FrameLine) => Promise<PackedFrame>;

/**
 * Writes a full archive of what other archives hold: frames that are copied as they are, and members that are packed anew, in the
 * manifest's order. The same rules as in a new backup: a frame holds entries of one target only, and a member that does not
 * fit into one begins a frame.
 */
export class ConsolidatedTar {
  private readonly frames: FrameWriter;
  private readonly manifest: ManifestWriter;
  private readonly readPacked: ReadPacked;
  private buffer: Buffer;
  private used = 0;
  private target = '';
  private nextFrame = 0;
  /** Entries that end in the frame being filled. */
  private ending: ManifestEntry[] = [];
  /** Stored bytes of the frames that were copied. */
  copiedBytes = 0;

  constructor(frames: FrameWriter, manifest: ManifestWriter, readPacked: ReadPacked) {
    this.frames = frames;
    this.manifest = manifest;
    this.readPacked = readPacked;
    this.buffer = frames.takeBuffer();
  }

  /** Copies frames that follow each other, and tells the entries that are in them. */
  async copyRun(lines: readonly FrameLine[], entries: readonly ManifestEntry[]): Promise<void> {
    await this.seal();
    const shift = this.nextFrame - (lines[0]?.frame ?? 0);
    const placed = entries.map((entry) => {
      const { at } = entry;
      return at === undefined ? entry : { ...entry, at: { frame: at.frame + shift, offset: at.offset } };
    });
    for (const line of lines) await this.copy(line, line === lines.at(-1) ? placed : []);
  }

  /** Begins a member: writes its header. Its content, all of it, comes next. */
  async begin(entry: ManifestEntry): Promise<void> {
    const target = targetOf(entry.path);
    const needed = tarHeaderSize(entry) + entry.size + tarBlockBytes;
    const isFull = this.used + needed > this.buffer.length;
    if (isFull || this.target !== target) await this.seal();
    this.target = target;
    this.used += encodeTarHeader(entry, this.buffer, this.used);
    const { extents: _, at: __, ...plain } = entry;
    const at = { frame: this.nextFrame, offset: this.used };
    this.ending.push(entry.size === 0 ? plain : { ...plain, at });
  }

  /** The next bytes of the content. */
  bytes(content: Buffer): void | Promise<void> {
    if (this.used + content.length > this.buffer.length) return this.pour(content);
    content.copy(this.buffer, this.used);
    this.used += content.length;
  }

  /** The next bytes of the content, which fill a frame that can be copied. */
  async frame(line: FrameLine): Promise<void> {
    // The member is not whole yet: it is told with the frame in which it ends.
    const { ending } = this;
    this.ending = [];
    await this.seal();
    await this.copy(line, []);
    this.ending = ending;
  }

  /** Ends a member of that size. */
  end(size: number): void {
    // There is room: frames are whole blocks.
    const paddedEnd = this.used + tarPadding(size);
    this.buffer.fill(0, this.used, paddedEnd);
    this.used = paddedEnd;
  }

  /** Ends the last frame and waits until all are written. */
  async finish(): Promise<void> {
    await this.seal();
    await this.frames.drain();
  }

  private async pour(content: Buffer): Promise<void> {
    for (let from = 0; from < content.length;) {
      if (this.used === this.buffer.length) {
        const { ending } = this;
        this.ending = [];
        await this.seal();
        this.ending = ending;
      }
      const taken = Math.min(content.length - from, this.buffer.length - this.used);
      content.copy(this.buffer, this.used, from, from + taken);
      this.used += taken;
      from += taken;
    }
  }

  private async copy(line: FrameLine, ending: readonly ManifestEntry[]): Promise<void> {
    const { packed, sha256 } = await this.readPacked(line);
    this.copiedBytes += packed.length;
    await this.frames.writePacked(packed, sha256, line.size, this.written(ending));
    if (this.manifest.isFull) await this.manifest.flush();
  }

  private async seal(): Promise<void> {
    if (this.used === 0) return;
    const { buffer, used, ending } = this;
    this.buffer = this.frames.takeBuffer();
    this.used = 0;
    this.ending = [];
    await this.frames.write(buffer, used, this.written(ending));
    if (this.manifest.isFull) await this.manifest.flush();
  }

  private written(ending: readonly ManifestEntry[]): (frame: Omit<FrameLine, 'frame' | 'archive'>) => void {
    const number = this.nextFrame;
    this.nextFrame += 1;
    return (frame) => {
      this.manifest.frame({ frame: number, archive: 0, ...frame });
      for (const entry of ending) this.manifest.entry(entry);
    };
  }
}
