import { createHash, hash as hashOnce } from 'node:crypto';
import type { SourceEntry } from '../core/entry.ts';
import { finding } from '../core/findings.ts';
import { FrameTable } from '../store/frame-table.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { ManifestWriter } from '../store/manifest-writer.ts';
import { BlockHasher, isBlock, smallestDeltaBytes, type BlockHashes, type ByteRun } from './block-hashes.ts';
import type { ContentPlace } from './content-index.ts';
import type { FrameWriter, Mark } from './frame-writer.ts';
import { aboutEntry, manifestEntryOf, type AddOutcome } from './payload.ts';
import { MemorySource } from './memory-source.ts';
import { findingOf, openAsScanned, openSource, SourceFile, type ReadProblem } from './source-file.ts';
import { encodeTarHeader, tarHeaderSize, tarPadding } from './tar-headers.ts';

/**
 * Attempts at a file that changes while it is read, before its last reading is kept. The first at a small one compares
 * with the scan, so that a file that has changed since then costs one more.
 */
const smallFileAttempts = 4;
const largeFileAttempts = 2;

export interface TarPackerOptions {
  /** How many frames the manifest has already: those of the archives that this one builds on. */
  firstFrame?: number;
  /** Where a content rests already; what has a place is not stored again. */
  findContent?: (sha256: string) => ContentPlace | undefined;
  /** Told of each content that is stored whole. */
  onContent?: (stored: ManifestEntry) => void;
  /** The blocks that a large file is hashed in; absent where nobody wants to know. */
  blockSizeOf?: (entry: SourceEntry) => number | undefined;
  /** Told of the blocks of a large file that was stored whole. */
  onBlocks?: (stored: ManifestEntry, blocks: BlockHashes) => void;
}

/** Lines of unchanged entries that may wait behind an open frame. */
const mostWaitingLines = 4096;

/** Where the changed blocks of a file stand in the tar: unpacking them must not take them for the file. */
export const blocksFolder = '.backup/blocks';

/**
 * Packs entries into tar, and tar into frames. A file that fits into a frame is read straight into it, with plain
 * reads; a larger one flows through several. A frame holds entries of one target only.
 */
export class TarPacker {
  private readonly frames: FrameWriter;
  private readonly manifest: ManifestWriter;
  private buffer: Buffer;
  private used = 0;
  /** Bytes that the member being poured lacks. */
  private unpoured = 0;
  private target = '';
  private readonly options: TarPackerOptions;
  /** Entries that end in the frame being filled, and the lines of unchanged ones among them. */
  private ending: (ManifestEntry | string)[] = [];
  /** The number that the next frame will have in the manifest. */
  private nextFrame: number;
  /** The frames of a large file, kept back until it is known to be whole. */
  private heldBack: FrameTable | undefined;

  constructor(frames: FrameWriter, manifest: ManifestWriter, options: TarPackerOptions = {}) {
    this.frames = frames;
    this.manifest = manifest;
    this.options = options;
    this.nextFrame = options.firstFrame ?? 0;
    this.buffer = frames.takeBuffer();
  }

  /** Adds one entry. Returns a promise only where it has to wait for room. */
  add(entry: SourceEntry): AddOutcome | Promise<AddOutcome> {
    const needed =
      tarHeaderSize(entry) + (entry.readFrom === undefined ? (entry.content?.length ?? 0) : entry.size) + 512;
    if (needed > this.buffer.length) return this.addLarge(entry);
    if (this.used > 0 && (this.target !== entry.target || this.used + needed > this.buffer.length)) {
      return this.seal().then(() => this.addSmall(entry));
    }
    return this.addSmall(entry);
  }

  /**
   * Puts an entry into the manifest whose content rests elsewhere: the entry, or its line in an older manifest. Returns a
   * promise only where it has to wait.
   */
  passOn(line: ManifestEntry | string): void | Promise<void> {
    if (this.used === 0 && this.ending.length === 0 && this.frames.isIdle) {
      this.tell(line);
      return this.manifest.isFull ? this.manifest.flush() : undefined;
    }
    this.ending.push(line);
    return this.ending.length > mostWaitingLines ? this.letGo() : undefined;
  }

  /**
   * Stores some runs of a file's blocks, proven to be those that were hashed; each run's place is told as it is packed. Gives
   * false where the file has other bytes now: what was packed of it is of no use then, and does no harm.
   */
  async addBlocks(
    entry: SourceEntry,
    source: SourceFile,
    blocks: BlockHashes,
    runs: readonly ByteRun[],
    onRun: (place: ContentPlace) => void,
  ): Promise<boolean> {
    const size = runs.reduce((sum, { from, to }) => sum + to - from, 0);
    const header = { ...entry, path: `${blocksFolder}/${entry.path}`, size };
    if (this.used > 0 && (this.target !== entry.target || this.used + tarHeaderSize(header) > this.buffer.length)) {
      await this.seal();
    }
    this.target = entry.target;
    this.used += encodeTarHeader(header, this.buffer, this.used);
    // Of a file that is cut short meanwhile nothing else that this process had in memory may get into the archive.
    const block = Buffer.alloc(blocks.blockSize);
    let isWhole = true;
    for (const { from, to } of runs) {
      if (this.used === this.buffer.length) await this.seal();
      onRun({ frame: this.nextFrame, offset: this.used });
      for (let at = from; at < to; at += blocks.blockSize) {
        const wanted = Math.min(blocks.blockSize, to - at);
        const read = source.readAt(block, at, wanted);
        isWhole &&= read === wanted && isBlock(block.subarray(0, wanted), blocks, at / blocks.blockSize);
        await this.pack(block, wanted);
      }
    }
    block.fill(0);
    // No page is smaller than a block of tar.
    await this.pack(block, tarPadding(size));
    return isWhole;
  }

  /** Ends the last frame and waits until all are written. */
  async finish(): Promise<void> {
    await this.letGo();
    await this.frames.drain();
    await this.letGo();
  }

  /** Gives everything that waits for the open frame to the manifest, sooner or later. */
  private async letGo(): Promise<void> {
    if (this.used > 0) return this.seal();
    await this.frames.drain();
    const lines = this.ending;
    this.ending = [];
    for (const line of lines) {
      this.tell(line);
      if (this.manifest.isFull) await this.manifest.flush();
    }
  }

  private tell(line: ManifestEntry | string): void {
    if (typeof line === 'string') this.manifest.entryText(line);
    else this.manifest.entry(line);
  }

  /** Puts bytes behind what is in the frame, and into the next ones. */
  private async pack(bytes: Buffer, length: number): Promise<void> {
    for (let at = 0; at < length;) {
      if (this.used === this.buffer.length) await this.seal();
      const taken = Math.min(length - at, this.buffer.length - this.used);
      bytes.copy(this.buffer, this.used, at, at + taken);
      this.used += taken;
      at += taken;
    }
  }

  private addSmall(entry: SourceEntry): AddOutcome | Promise<AddOutcome> {
    this.target = entry.target;
    if (entry.readFrom === undefined) return this.addWithoutFile(entry);
    let current = entry;
    for (let attempt = 1; ; attempt += 1) {
      const source = attempt === 1 ? openAsScanned(current) : openSource(current);
      if (!(source instanceof SourceFile)) return { finding: findingOf(source, entry) };
      try {
        current = source.entry;
        const headerBytes = tarHeaderSize(current);
        const contentAt = this.used + headerBytes;
        if (contentAt + current.size + 512 > this.buffer.length) return this.addElsewhere(current, attempt);
        const read = source.readInto(this.buffer, contentAt, current.size);
        const changed = read.problem === undefined && (read.bytes < current.size || source.hasChanged());
        // What stands in the place of a file that was scanned is told when it is opened again.
        if (read.problem !== undefined && attempt === 1) continue;
        if (read.problem !== undefined) return { finding: findingOf(read.problem, entry) };
        if (changed && attempt < smallFileAttempts) continue;
        // A file that shrinks at each reading is padded: its header has named its size already.
        this.buffer.fill(0, contentAt + read.bytes, contentAt + current.size);
        const outcome = this.keep(current, contentAt);
        return changed ? { ...outcome, finding: finding('file-changed', aboutEntry(entry)) } : outcome;
      } finally {
        source.close();
      }
    }
  }

  /** The file grew past the room that was kept for it: it goes into a frame of its own, or into several. */
  private async addElsewhere(entry: SourceEntry, attempt: number): Promise<AddOutcome> {
    if (this.used > 0) await this.seal();
    const fits = tarHeaderSize(entry) + entry.size + 512 <= this.buffer.length;
    return fits && attempt < smallFileAttempts ? this.addSmall(entry) : this.addLarge(entry);
  }

  private addWithoutFile(entry: SourceEntry): AddOutcome {
    const content = entry.content ?? Buffer.alloc(0);
    const sized = { ...entry, size: content.length };
    const contentAt = this.used + tarHeaderSize(sized);
    content.copy(this.buffer, contentAt);
    return this.keep(sized, contentAt);
  }

  /** Writes the header before content that stands in the buffer already. */
  private keep(entry: SourceEntry, contentAt: number): AddOutcome {
    const contentEnd = contentAt + entry.size;
    const stored = manifestEntryOf(entry);
    if (entry.kind === 'file') {
      const content = this.buffer.subarray(contentAt, contentEnd);
      stored.sha256 = hashOnce('sha256', content, 'hex');
      const known = entry.size === 0 ? undefined : this.options.findContent?.(stored.sha256);
      if (known !== undefined) {
        // It stands behind what the frame holds, and is forgotten there.
        stored.at = known;
        this.ending.push(stored);
        return { stored };
      }
      if (entry.size > 0) stored.at = { frame: this.nextFrame, offset: contentAt };
      this.noteContent(entry, stored, content);
    }
    encodeTarHeader(entry, this.buffer, this.used);
    const paddedEnd = contentEnd + tarPadding(entry.size);
    this.buffer.fill(0, contentEnd, paddedEnd);
    this.used = paddedEnd;
    this.ending.push(stored);
    return { stored };
  }

  private noteContent(entry: SourceEntry, stored: ManifestEntry, content: Buffer): void {
    if (stored.at !== undefined) this.options.onContent?.(stored);
    const hasher = this.blockHasher(entry);
    if (hasher === undefined) return;
    hasher.update(content);
    this.options.onBlocks?.(stored, hasher.finish());
  }

  private blockHasher(entry: SourceEntry): BlockHasher | undefined {
    const blockSize = entry.size < smallestDeltaBytes ? undefined : this.options.blockSizeOf?.(entry);
    return blockSize === undefined ? undefined : new BlockHasher(blockSize, entry.size);
  }

  private async addLarge(entry: SourceEntry): Promise<AddOutcome> {
    if (this.used > 0) await this.seal();
    this.target = entry.target;
    let current = entry;
    for (let attempt = 1; ; attempt += 1) {
      const source = entry.content === undefined ? openSource(current) : new MemorySource(entry, entry.content);
      if ('reason' in source) return { finding: findingOf(source, entry) };
      const mark: Mark = {};
      const firstFrame = this.nextFrame;
      this.heldBack = new FrameTable();
      try {
        current = source.entry;
        const result = await this.pour(source, current, mark);
        const changed = result.problem === undefined && (result.padded || source.hasChanged());
        if (result.problem === undefined && (!changed || attempt >= largeFileAttempts)) {
          this.ending.push(result.stored);
          await this.releaseHeldBack(firstFrame);
          this.options.onContent?.(result.stored);
          if (result.blocks !== undefined) this.options.onBlocks?.(result.stored, result.blocks.finish());
          return changed ? { stored: result.stored, finding: finding('file-changed', aboutEntry(entry)) } : result;
        }
        if (this.nextFrame > firstFrame && !this.frames.canRewind) await this.leaveBehind(firstFrame);
        else {
          this.used = 0;
          if (this.nextFrame > firstFrame) await this.frames.rewind(mark);
          this.nextFrame = firstFrame;
          this.heldBack = undefined;
        }
        if (result.problem !== undefined) return { finding: findingOf(result.problem, entry) };
      } finally {
        source.close();
      }
    }
  }

  /** Reads a large file through as many frames as it takes; the last one stays open for what follows. */
  private async pour(
    source: SourceFile | MemorySource,
    entry: SourceEntry,
    mark: Mark,
  ): Promise<{ stored: ManifestEntry; padded: boolean; problem?: ReadProblem; blocks?: BlockHasher | undefined }> {
    const stored = manifestEntryOf(entry);
    const digest = createHash('sha256');
    const blocks = this.blockHasher(entry);
    this.used = encodeTarHeader(entry, this.buffer, 0);
    if (this.used === this.buffer.length) await this.seal(mark);
    stored.at = { frame: this.nextFrame, offset: this.used };
    let padded = false;
    this.unpoured = entry.size + tarPadding(entry.size);
    for (let left = entry.size; left > 0;) {
      const wanted = Math.min(left, this.buffer.length - this.used);
      const read = source.readInto(this.buffer, this.used, wanted);
      if (read.problem !== undefined) return { stored, padded, problem: read.problem };
      if (read.bytes < wanted) {
        padded = true;
        this.buffer.fill(0, this.used + read.bytes, this.used + wanted);
      }
      const content = this.buffer.subarray(this.used, this.used + wanted);
      digest.update(content);
      blocks?.update(content);
      this.used += wanted;
      left -= wanted;
      this.unpoured -= wanted;
      // The frame in which the file ends stays open, also when it is full: the entry is told with it.
      if (left > 0 && this.used === this.buffer.length) await this.seal(mark);
    }
    for (let left = tarPadding(entry.size); left > 0;) {
      const wanted = Math.min(left, this.buffer.length - this.used);
      this.buffer.fill(0, this.used, this.used + wanted);
      this.used += wanted;
      left -= wanted;
      this.unpoured -= wanted;
    }
    stored.sha256 = digest.digest('hex');
    return { stored, padded, blocks };
  }

  /**
   * What is in an encrypted archive stays there: the member of a reading that does not count gets the length that its header
   * names, and no entry points to it. Where there is a later member of its path, `tar` writes that one over it.
   */
  private async leaveBehind(firstFrame: number): Promise<void> {
    while (this.unpoured > 0) {
      if (this.used === this.buffer.length) await this.seal();
      const wanted = Math.min(this.unpoured, this.buffer.length - this.used);
      this.buffer.fill(0, this.used, this.used + wanted);
      this.used += wanted;
      this.unpoured -= wanted;
    }
    await this.seal();
    await this.releaseHeldBack(firstFrame);
  }

  /** Gives the frame being filled to the writer. `mark` is set to where the first frame sealed with it begins. */
  private async seal(mark?: Mark): Promise<void> {
    if (this.used === 0) return;
    const { buffer, used, ending } = this;
    this.buffer = this.frames.takeBuffer();
    this.used = 0;
    this.ending = [];
    const number = this.nextFrame;
    this.nextFrame += 1;
    const heldBack = this.heldBack;
    await this.frames.write(
      buffer,
      used,
      (frame) => {
        const line = { frame: number, archive: 0, ...frame };
        if (heldBack !== undefined && heldBack === this.heldBack) heldBack.add(line);
        else this.manifest.frame(line);
        for (const line of ending) this.tell(line);
      },
      mark,
    );
    if (this.manifest.isFull) await this.manifest.flush();
  }

  /** The large file is whole: its frames that are written already are told, the others will be as they come. */
  private async releaseHeldBack(firstFrame: number): Promise<void> {
    const held = this.heldBack;
    this.heldBack = undefined;
    for (let at = 0; held !== undefined && at < held.length; at += 1) {
      this.manifest.frame({ ...held.get(at), frame: firstFrame + at });
      if (this.manifest.isFull) await this.manifest.flush();
    }
  }
}
