import type { StoredBackup } from '../store/store.ts';

/**
 * The files, by their paths below the project root, that a store's backups hold as databases. All backups count, not the
 * newest alone: the one that first found a database destroyed does not hold it as one any more.
 */
export function knownDatabases(backups: readonly StoredBackup[]): ReadonlySet<string> {
  return new Set(backups.flatMap(({ metadata }) => metadata.databases.map((one) => one.name)));
}
