import { isBackupError } from '../core/errors.ts';
import { listStore, openStore, type StoredBackup } from '../store/store.ts';
import type { RunContext } from './run-context.ts';

/**
 * The files, by their paths below the project root, that a store's backups hold as databases. All backups count, not the
 * newest alone: the one that first found a database destroyed does not hold it as one any more.
 */
export function knownDatabases(backups: readonly Pick<StoredBackup, 'metadata'>[]): ReadonlySet<string> {
  return new Set(backups.flatMap(({ metadata }) => metadata.databases.map((one) => one.name)));
}

/**
 * The same for the project's store as it stands, and for backups that may lie elsewhere. The store's are none where it does
 * not exist yet, or may not be read: for a plan, which writes nothing.
 */
export async function databasesInStore(
  context: Pick<RunContext, 'settings'>,
  others: readonly Pick<StoredBackup, 'metadata'>[] = [],
): Promise<ReadonlySet<string>> {
  try {
    const { backups } = await listStore(openStore(context.settings.storage));
    return knownDatabases([...backups, ...others]);
  } catch (error) {
    if (!isBackupError(error, 'STORE_NOT_FOUND') && !isBackupError(error, 'STORE_UNREADABLE')) throw error;
    return knownDatabases(others);
  }
}
