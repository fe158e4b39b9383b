import type { ForeignEntry } from '../archive/foreign-entry.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { ForeignOutline } from './walk-foreign.ts';

export type ForeignEntryMaker = (entry: ForeignEntry, sha256: string, isDatabase: boolean) => ManifestEntry;

/** Makes a manifest's entries of an archive's, in its order. Only what hard links lead to is kept in memory. */
export function foreignEntries({ hardLinked }: ForeignOutline): ForeignEntryMaker {
  const kept = new Map<string, ManifestEntry>();
  return (entry, sha256, isDatabase) => {
    const made = manifestEntryOf(entry, sha256, kept);
    if (isDatabase) made.database = 'sqlite';
    if (hardLinked.has(entry.path)) kept.set(entry.path, made);
    return made;
  };
}

function manifestEntryOf(
  entry: ForeignEntry,
  sha256: string,
  linked: ReadonlyMap<string, ManifestEntry>,
): ManifestEntry {
  const { path, mode, mtimeNs } = entry;
  const common = { path, origin: path, mode, mtimeNs, uid: 0, gid: 0 };
  const original = entry.kind === 'hardlink' ? linked.get(entry.linkTarget ?? '') : undefined;
  if (original !== undefined) return { ...original, ...common };
  if (entry.kind === 'directory') return { ...common, kind: 'directory', size: 0 };
  if (entry.kind === 'symlink') return { ...common, kind: 'symlink', size: 0, linkTarget: entry.linkTarget ?? '' };
  return { ...common, kind: 'file', size: entry.size, sha256 };
}
