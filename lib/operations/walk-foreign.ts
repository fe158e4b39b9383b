import { PathSet } from '../core/path-set.ts';
import { emptyListing, noteProblem } from '../archive/foreign-check.ts';
import type { ForeignEntry } from '../archive/foreign-entry.ts';
import { ForeignNames } from '../archive/foreign-names.ts';
import { walkForeignTar } from '../archive/foreign-tar.ts';
import { walkZip } from '../archive/zip-reader.ts';
import type { ForeignBackup } from './opened-backup.ts';

/**
 * What a first reading of a foreign archive tells about its names. Grows with what is odd in it, not with its entries.
 */
export interface ForeignOutline {
  /** Names that stand in it more than once, each with how many of its entries a later one replaces. */
  replaced: ReadonlyMap<string, number>;
  /** Names that hard links lead to. */
  hardLinked: ReadonlySet<string>;
}

export type ForeignVisit = (entry: ForeignEntry, content: AsyncIterable<Buffer>) => void | Promise<void>;

/**
 * Reads the names of an archive to its end, all of which are safe then. A zip's are checked while it is walked, and it
 * has neither hard links nor a name twice.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN
 */
export async function outlineForeign(backup: ForeignBackup, signal: AbortSignal): Promise<ForeignOutline> {
  const { archive: file } = backup;
  const replaced = new Map<string, number>();
  const hardLinked = new Set<string>();
  if (backup.archiveKind === 'zip') return { replaced, hardLinked };
  const names = new ForeignNames();
  const listing = emptyListing();
  const seen = new PathSet();
  await walkForeignTar({ file, signal }, (entry) => {
    noteProblem(file, names.add(entry), listing);
    if (entry.kind === 'special') return;
    if (!seen.add(entry.path)) replaced.set(entry.path, (replaced.get(entry.path) ?? 0) + 1);
    if (entry.kind === 'hardlink') hardLinked.add(entry.linkTarget ?? '');
  });
  noteProblem(file, names.finish(), listing);
  return { replaced, hardLinked };
}

/** Gives every entry of an archive whose names are known to be safe, in its order. */
export async function walkForeign(backup: ForeignBackup, signal: AbortSignal, visit: ForeignVisit): Promise<void> {
  const options = { file: backup.archive, signal };
  if (backup.archiveKind === 'zip') await walkZip(options, visit);
  else await walkForeignTar(options, visit);
}

/** Tells, asked of every entry in the archive's order, which ones a later entry of the same name replaces. */
export function replacedEntries({ replaced }: ForeignOutline): (path: string) => boolean {
  const left = new Map(replaced);
  return (path) => {
    const times = left.get(path) ?? 0;
    if (times > 0) left.set(path, times - 1);
    return times > 0;
  };
}
