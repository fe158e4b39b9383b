import { PathSet } from '../core/path-set.ts';
import { entriesOnly, type ManifestEntry } from '../store/manifest.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { EntrySelection } from './select-entries.ts';

/**
 * Two targets can hold the same file of the project. It is restored once: from a hot copy of a database where there is
 * one, else from the first entry in the reading's order.
 *
 * @returns what begins one reading of the manifest: a selection that is asked of every entry once, and gives every
 * place once.
 */
export async function onePerPlace(backup: OpenBackup, select: EntrySelection): Promise<() => EntrySelection> {
  const databases = await databasePlaces(backup, select);
  return () => {
    const taken = new PathSet();
    return (entry) => {
      const place = select(entry);
      if (place === undefined) return undefined;
      if (entry.kind === 'directory') return taken.add(`${place}/`) ? place : undefined;
      if (entry.database === undefined && databases.has(place)) return undefined;
      return taken.add(place) ? place : undefined;
    };
  };
}

async function databasePlaces(backup: OpenBackup, select: EntrySelection): Promise<Set<string>> {
  const places = new Set<string>();
  if (backup.metadata.databases.length === 0) return places;
  const isDatabase = (entry: ManifestEntry): boolean => entry.database !== undefined;
  for await (const batch of entriesOnly(backup.readManifest(), isDatabase)) {
    for (const entry of batch) {
      const place = select(entry);
      if (place !== undefined) places.add(place);
    }
  }
  return places;
}
