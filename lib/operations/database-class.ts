import { isNativeError } from 'node:util/types';
import { isSystemError, systemCode } from '../core/errors.ts';
import {
  hasDatabaseName,
  isSqliteCompanion,
  mayBeSqlite,
  readSqliteHeader,
} from '../targets/databases/sqlite-header.ts';
import type { DatabaseClass } from '../targets/find-project-files.ts';
import { statOf } from '../targets/scan-folder.ts';

/**
 * What a file of the project is as a database: one, only called like one (`name`), or neither. A file that may not be
 * read is a database by its name: its copying says what is wrong, instead of nobody.
 */
export function databaseClass(root: string, origin: string, size: number): DatabaseClass | undefined {
  const name = nameOf(origin);
  const isNamed = hasDatabaseName(name);
  if (mayBeSqlite(name, size) && hasSqliteHeader(`${root}/${origin}`, () => isNamed)) return 'database';
  return isNamed ? 'name' : undefined;
}

/** True for the `-wal`, `-shm` or `-journal` of a database: its hot copy holds what they hold. */
export function isCompanion(root: string, origin: string, known: ReadonlySet<string>): boolean {
  const name = nameOf(origin);
  const database = isSqliteCompanion(name);
  if (database === undefined) return false;
  const path = `${origin.slice(0, -name.length)}${database}`;
  // What it belongs to may be gone, or a folder: then it is a file like any other.
  return (known.has(path) && isFile(`${root}/${path}`)) || hasSqliteHeader(`${root}/${path}`, () => false);
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function hasSqliteHeader(absolute: string, ifUnreadable: () => boolean): boolean {
  try {
    return readSqliteHeader(absolute) !== undefined;
  } catch (error) {
    // A fault of ours, not of the file.
    if (systemCode(error) === undefined) throw error;
    return !isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP') && ifUnreadable();
  }
}

function isFile(absolute: string): boolean {
  const stat = statOf(absolute);
  return stat !== undefined && !isNativeError(stat) && stat.isFile();
}
