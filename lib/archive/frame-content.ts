import { BackupError, isBackupError } from '../core/errors.ts';
import { releaseBuffer } from '../core/release-buffer.ts';
import { ContentPieces } from '../store/content-pieces.ts';
import type { FrameTable } from '../store/frame-table.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { ContentReader, ContentSink } from './content.ts';
import type { FrameReader } from './frame-reader.ts';

export interface FrameContentOptions {
  frames: FrameTable;
  /** The reader of the archive with that index; it is closed by `close`. */
  openArchive: (index: number) => FrameReader;
  /** Frames that are read and decompressed ahead. */
  parallel: number;
  /** Archives that contents are spread over: a file of many extents goes back and forth between them. */
  archives?: number;
  signal: AbortSignal;
}

/** A part of an entry's content within one frame; `frame` is absent for an entry without content. */
interface Piece {
  entry: ManifestEntry;
  frame?: number;
  from: number;
  to: number;
  isFirst: boolean;
  isLast: boolean;
}

/** Pieces that may wait for their frame: bounds the memory for entries without content. */
const mostPieces = 4096;
/** Frames of ours hold 1 to 4 MiB; a manifest may name such of 64, of which a few dozens would fill the memory. */
const mostAheadBytes = 96 << 20;
const mostRecentBytes = 128 << 20;

/** Reads contents from frames: only those frames that hold something asked for, several of them at once. */
export class FrameContent implements ContentReader {
  private readonly options: FrameContentOptions;
  private readonly readers = new Map<number, FrameReader>();
  private readonly ahead = new Map<number, { bytes: Promise<Buffer>; pieces: number; held: number }>();
  /** Bytes that the frames in `ahead` take, stored and unpacked. */
  private aheadBytes = 0;
  private readonly recent: RecentFrames;

  constructor(options: FrameContentOptions) {
    this.options = options;
    this.recent = new RecentFrames(options.archives ?? 1);
  }

  async read(entries: AsyncIterable<readonly ManifestEntry[]>, sink: ContentSink): Promise<void> {
    const waiting: Piece[] = [];
    let first = 0;
    let failed: ManifestEntry | undefined;
    const deliverFirst = async (): Promise<void> => {
      const piece = waiting[first];
      if (piece === undefined) return;
      first += 1;
      if (first > mostPieces) {
        waiting.splice(0, first);
        first = 0;
      }
      const { error, bytes, isLastUse } = await this.take(piece);
      if (failed === piece.entry) return;
      if (error !== undefined) {
        failed = piece.entry;
        sink.failed(piece.entry, error);
        return;
      }
      if (piece.isFirst) sink.begin(piece.entry);
      if (bytes !== undefined) {
        const waiting = sink.bytes(piece.entry, bytes.subarray(piece.from, piece.to));
        if (waiting !== undefined) await waiting;
      }
      if (piece.isLast) await sink.end(piece.entry);
      if (bytes !== undefined && isLastUse && piece.frame !== undefined) this.recent.keep(piece.frame, bytes);
    };
    for await (const batch of entries) {
      for (const entry of batch) {
        for (const piece of this.piecesOf(entry)) {
          this.startReading(piece);
          waiting.push(piece);
          while (this.isAheadFar || waiting.length - first > mostPieces) await deliverFirst();
        }
      }
      if (this.options.signal.aborted) throw new BackupError('INTERRUPTED', {});
    }
    while (first < waiting.length) await deliverFirst();
  }

  close(): void {
    for (const reader of this.readers.values()) reader.close();
    this.readers.clear();
    this.recent.clear();
  }

  private *piecesOf(entry: ManifestEntry): Generator<Piece> {
    if (entry.kind !== 'file' || entry.size === 0) {
      yield { entry, from: 0, to: 0, isFirst: true, isLast: true };
      return;
    }
    if (entry.extents !== undefined) {
      yield* this.piecesOfExtents(entry);
      return;
    }
    if (entry.at === undefined) {
      // A file with content and no place: the manifest lies. Reading it fails like a missing frame.
      yield { entry, frame: -1, from: 0, to: entry.size, isFirst: true, isLast: true };
      return;
    }
    let left = entry.size;
    let { frame, offset } = entry.at;
    let isFirst = true;
    while (left > 0) {
      const size = frame < this.options.frames.length ? this.options.frames.get(frame).size : 0;
      const taken = Math.min(left, Math.max(0, size - offset));
      // A frame that gives nothing would make this go on for ever.
      if (taken === 0) {
        yield { entry, frame: -1, from: 0, to: 0, isFirst, isLast: true };
        return;
      }
      left -= taken;
      yield { entry, frame, from: offset, to: offset + taken, isFirst, isLast: left === 0 };
      isFirst = false;
      frame += 1;
      offset = 0;
    }
  }

  private *piecesOfExtents(entry: ManifestEntry): Generator<Piece> {
    const pieces = new ContentPieces(entry, this.options.frames);
    if (pieces.size !== entry.size) {
      yield { entry, frame: -1, from: 0, to: 0, isFirst: true, isLast: true };
      return;
    }
    for (let at = 0; at < pieces.length; at += 1) {
      const { frame, offset, length } = pieces.piece(at);
      yield { entry, frame, from: offset, to: offset + length, isFirst: at === 0, isLast: at === pieces.length - 1 };
    }
  }

  private get isAheadFar(): boolean {
    return this.ahead.size > this.options.parallel || (this.aheadBytes > mostAheadBytes && this.ahead.size > 1);
  }

  private startReading(piece: Piece): void {
    const { frame } = piece;
    if (frame === undefined || frame === -1) return;
    const known = this.ahead.get(frame);
    if (known !== undefined) {
      known.pieces += 1;
      return;
    }
    const kept = this.recent.take(frame);
    const bytes = kept === undefined ? this.readFrame(frame) : Promise.resolve(kept);
    // Awaited when its turn comes; a failure must not count as unhandled until then.
    bytes.catch(() => undefined);
    const { size, storedSize } = this.options.frames.get(frame);
    const held = size + storedSize;
    this.aheadBytes += held;
    this.ahead.set(frame, { bytes, pieces: 1, held });
  }

  private async readFrame(frame: number): Promise<Buffer> {
    const line = this.options.frames.get(frame);
    let reader = this.readers.get(line.archive);
    if (reader === undefined) {
      reader = this.options.openArchive(line.archive);
      this.readers.set(line.archive, reader);
    }
    return reader.read(line);
  }

  private async take(piece: Piece): Promise<{ bytes?: Buffer; error?: Error; isLastUse: boolean }> {
    if (piece.frame === undefined) return { isLastUse: false };
    const frame = this.ahead.get(piece.frame);
    if (frame === undefined) return { error: new Error('the manifest names no place for it'), isLastUse: false };
    frame.pieces -= 1;
    const isLastUse = frame.pieces === 0;
    if (isLastUse) {
      this.ahead.delete(piece.frame);
      this.aheadBytes -= frame.held;
    }
    try {
      return { bytes: await frame.bytes, isLastUse };
    } catch (error) {
      // Any failure of reading is the entry's: a damaged frame, a missing archive.
      if (isBackupError(error, 'INTERRUPTED') || !(error instanceof Error)) throw error;
      return { error, isLastUse };
    }
  }
}

/**
 * Frames that were used a moment ago. A file whose content is spread over a chain's archives comes back to the same frame of
 * each of them, again and again, and each time unpacks it anew if nobody keeps it: one an archive is enough, and some more.
 */
class RecentFrames {
  private readonly most: number;
  private readonly frames = new Map<number, Buffer>();
  private bytes = 0;

  constructor(archives: number) {
    this.most = Math.min(archives + fewFrames, mostRecentFrames);
  }

  take(frame: number): Buffer | undefined {
    const bytes = this.frames.get(frame);
    if (bytes !== undefined) {
      this.frames.delete(frame);
      this.bytes -= bytes.length;
    }
    return bytes;
  }

  keep(frame: number, bytes: Buffer): void {
    this.frames.set(frame, bytes);
    this.bytes += bytes.length;
    for (const [oldest, unused] of this.frames) {
      if (this.frames.size <= this.most && this.bytes <= mostRecentBytes) return;
      this.frames.delete(oldest);
      this.bytes -= unused.length;
      releaseBuffer(unused);
    }
  }

  clear(): void {
    for (const bytes of this.frames.values()) releaseBuffer(bytes);
    this.frames.clear();
  }
}

/** What was packed later stands between older frames: a file here and there. */
const fewFrames = 3;
const mostRecentFrames = 32;
