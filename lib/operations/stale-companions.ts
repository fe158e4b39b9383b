import { lstatSync, rmSync } from 'node:fs';
import { isSystemError } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { mayBeSqlite, readSqliteHeader, sqliteCompanions } from '../targets/databases/sqlite-header.ts';

/** True where a SQLite database stands, as its first bytes say. False where nobody may look. */
export function isSqliteAt(path: string): boolean {
  try {
    const stat = lstatSync(toSystemPath(path), { throwIfNoEntry: false });
    if (stat?.isFile() !== true || !mayBeSqlite(path, stat.size)) return false;
    return readSqliteHeader(path) !== undefined;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return false;
    throw error;
  }
}

/**
 * Removes the log, its index and the journal of a database that is going to be replaced: they would be applied to
 * whatever stands there next.
 * @param held paths that stay, because the backup holds them too: the raw copy of a destroyed database has its log
 * beside it.
 */
export function removeCompanions(database: string, held: ReadonlySet<string> = new Set()): void {
  const { wal, sharedMemory, journal } = sqliteCompanions(database);
  for (const stale of [wal, sharedMemory, journal]) if (!held.has(stale)) rmSync(toSystemPath(stale), { force: true });
}
