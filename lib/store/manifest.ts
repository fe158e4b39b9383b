import type { Entry } from '../core/entry.ts';
import type { Compression, StorageFormat } from '../config/settings.ts';

/**
 * The manifest: JSON lines. First a header; then, in the archive's order, a line for each frame and a line for each
 * entry, an entry after all frames that hold it; last a line with the totals. Lines of extents stand before the entry that
 * they belong to. See docs/format.md.
 */

export interface ManifestHeader {
  manifest: number;
  backup: string;
  layout: StorageFormat;
  compression: Compression;
  /**
   * The archives that frames are in, by index: the backup's own first, then those that it builds on, oldest first. Empty
   * without an archive.
   */
  archives: ManifestArchive[];
  /** The owner of every entry that names none. */
  owner: { uid: number; gid: number };
  targets: ManifestTarget[];
}

/** One archive of a chain. */
export interface ManifestArchive {
  backup: string;
  /** The file's name; it lies beside the backup's own archive, or in the store. */
  file: string;
  /** Where it is not the header's. */
  compression?: Compression;
  /** Where it lay, absolute, when that was not the store: a place to look, and nothing more. */
  folder?: string;
  /** Where it is encrypted. `salt`: hex, 8 bytes; the archive begins with it. */
  encryption?: { salt: string };
}

/** What a target's sources were, so that a restore knows which files at the destination are extra. */
export interface ManifestTarget {
  name: string;
  /** In the words of the settings: files, folders, globs; and `@databases`, `@environment` and the like. */
  sources: string[];
  exclude: string[];
}

/** More extents than this for one entry, 50 MB in memory, are neither written nor read. */
export const mostExtents = 1 << 21;

/** More frames, 120 MB in memory and 2 TB of content, are neither written nor read. */
export const mostFrames = 1 << 21;

/** A chain of more archives is neither written nor read. */
export const mostArchives = 1 << 14;

/** One frame: where its stored bytes are, and their SHA-256. All sizes in bytes. */
export interface FrameLine {
  frame: number;
  archive: number;
  offset: number;
  storedSize: number;
  size: number;
  sha256: string;
}

/** One entry as it is stored. */
export interface ManifestEntry extends Entry {
  /** Hex; of the content. Files only. */
  sha256?: string;
  /**
   * Where the content begins: frame, and offset in its uncompressed bytes. It goes on through the frames that follow.
   */
  at?: { frame: number; offset: number };
  /** In place of `at`: frame, offset and length of each part of the content, in the content's order. */
  extents?: Float64Array;
  /** Its name in a zip archive, where that cannot be its path. */
  storedAs?: string;
}

export interface ManifestEnd {
  end: { entries: number; frames: number };
  /** HMAC-SHA-256, hex, of the lines before it, where the manifest is encrypted. */
  mac?: string;
}

export type ManifestLine =
  | { type: 'header'; header: ManifestHeader }
  | { type: 'frame'; frame: FrameLine }
  | { type: 'extents'; extents: readonly number[] }
  /** `extentCount`: how many triples the lines before it hold; absent once they are in the entry. */
  | { type: 'entry'; entry: ManifestEntry; extentCount?: number }
  | { type: 'end'; end: ManifestEnd['end']; mac?: string };

/** The target of an entry: the first component of its path. */
export function targetOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash);
}

/** The entries among a manifest's lines. */
export async function* entriesOnly(
  lines: AsyncIterable<ManifestLine[]>,
  isWanted: (entry: ManifestEntry) => boolean = () => true,
): AsyncGenerator<ManifestEntry[]> {
  for await (const batch of lines) {
    yield batch.flatMap((line) => (line.type === 'entry' && isWanted(line.entry) ? [line.entry] : []));
  }
}
