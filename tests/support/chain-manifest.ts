import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A run of an entry's content within one frame; all in bytes. */
export interface Piece {
  frame: number;
  offset: number;
  length: number;
}

export interface ChainEntry {
  path: string;
  origin?: string;
  kind: string;
  size: number;
  /** In the order of the content. */
  pieces: Piece[];
  /** Triples that its lines of extents hold; 0 where its content begins at one place and goes on from there. */
  extents: number;
}

export interface ChainFrame {
  frame: number;
  /** Index in `archives`. */
  archive: number;
  /** Of the stored bytes, in the archive's file. */
  offset: number;
  storedSize: number;
  size: number;
}

/** The manifest of a backup that builds on others, read as docs/format.md tells it and without the toolkit. */
export class ChainManifest {
  readonly archives: { backup: string; file: string }[] = [];
  readonly frames: ChainFrame[] = [];
  readonly entries = new Map<string, ChainEntry>();

  /** @param folder the backup's own, in a store. */
  constructor(folder: string) {
    const text = gunzipSync(readFileSync(join(folder, 'manifest.jsonl.gz'))).toString();
    let triples: number[] = [];
    for (const line of text.trimEnd().split('\n')) {
      const parsed = JSON.parse(line) as Record<string, unknown>;
      if ('manifest' in parsed) this.archives = parsed['archives'] as { backup: string; file: string }[];
      else if ('frame' in parsed) this.frames.push(parsed as unknown as ChainFrame);
      else if (Array.isArray(parsed['extents'])) triples = triples.concat(parsed['extents'] as number[]);
      else if ('path' in parsed) {
        const entry = parsed as unknown as ChainEntry & { at?: [number, number] };
        const extents = triples.length / 3;
        if ((parsed['extents'] ?? 0) !== extents) throw new Error(`${entry.path}: ${extents} extents stand before it`);
        const pieces = this.piecesOf(entry.at === undefined ? triples : [...entry.at, entry.size]);
        this.entries.set(entry.path, { ...entry, size: entry.size ?? 0, pieces, extents });
        triples = [];
      }
    }
  }

  /** The entry of a path in the project. */
  of(origin: string): ChainEntry {
    const found = [...this.entries.values()].find((one) => one.origin === origin);
    if (found === undefined) throw new Error(`there is no entry of ${origin}`);
    return found;
  }

  /** Bytes of an entry's content that are in that archive; 0 is the backup's own. */
  bytesIn(archive: number, entry: ChainEntry): number {
    const of = entry.pieces.filter(({ frame }) => this.frames[frame]?.archive === archive);
    return of.reduce((sum, { length }) => sum + length, 0);
  }

  /** Origins of the files whose content needs one of these frames. */
  needing(frames: ReadonlySet<number>): string[] {
    return [...this.entries.values()]
      .filter((entry) => entry.pieces.some(({ frame }) => frames.has(frame)))
      .map((entry) => entry.origin ?? entry.path);
  }

  private piecesOf(triples: readonly number[]): Piece[] {
    const pieces: Piece[] = [];
    for (let at = 0; at < triples.length; at += 3) {
      let [frame = 0, offset = 0, left = 0] = triples.slice(at, at + 3);
      while (left > 0) {
        const there = (this.frames[frame]?.size ?? 0) - offset;
        if (there < 0 || this.frames[frame] === undefined) throw new Error(`frame ${frame} has no byte ${offset}`);
        const length = Math.min(left, there);
        if (length > 0) pieces.push({ frame, offset, length });
        left -= length;
        frame += 1;
        offset = 0;
      }
    }
    return pieces;
  }
}
