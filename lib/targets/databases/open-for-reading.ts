import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { openSqlite } from '../../core/open-sqlite.ts';
import { isSystemError, systemCode } from '../../core/errors.ts';
import { decodePath, toSystemPath } from '../../core/path-bytes.ts';
import { copyRaw } from './raw-copy.ts';
import { attemptTries, retryWhileLocked } from './retry-while-locked.ts';
import { readSqliteHeader, sqliteCompanions } from './sqlite-header.ts';
import { SqliteJobError } from './sqlite-job.ts';
import { sqlitePath } from './sqlite-path.ts';

/** A connection with an open read transaction: what it shows stands still until `close`. */
export interface ReadConnection {
  database: Database.Database;
  close(): void;
}

type Way = 'read-only' | 'read-write' | 'raw-copy';

/**
 * Opens a database and begins a read transaction, with as little trace in its folder as SQLite allows.
 *
 * Where the database cannot be opened in place (its folder cannot be written to, and SQLite needs a `-shm` or must roll
 * back), a raw copy in `scratchFolder` is opened instead. Throws SQLite's errors, and `SqliteJobError` where the file
 * is missing. The caller closes it.
 */
export function openForReading(path: string, scratchFolder: string): ReadConnection {
  const real = resolvePath(path);
  let failure: unknown;
  for (const way of waysToOpen(real)) {
    try {
      return way === 'raw-copy' ? openRawCopy(real, scratchFolder) : open(real, way);
    } catch (error) {
      if (!/^SQLITE_(?:CANTOPEN|READONLY)/.test(systemCode(error) ?? '')) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Its path without links: companions are beside the real file. Throws `SqliteJobError` where there is none. */
export function resolvePath(path: string): string {
  try {
    return decodePath(realpathSync.native(toSystemPath(path), { encoding: 'buffer' }));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR'))
      throw new SqliteJobError('missing', 'there is no such file', { cause: error });
    throw error;
  }
}

function waysToOpen(real: string): Way[] {
  const companions = sqliteCompanions(real);
  const isWal = readSqliteHeader(real)?.isWal === true;
  const inPlace: Way[] = isWritable(real) && isWritable(dirname(real)) ? ['read-write'] : [];
  // A read-only connection would leave the -wal and -shm that it has to make; one that may write removes them.
  if (isWal && !existsSync(toSystemPath(companions.wal))) return [...inPlace, 'raw-copy'];
  if (isWal) return ['read-only', 'raw-copy'];
  // A journal that a killed writer left has to be rolled back before anything can be read.
  if (existsSync(toSystemPath(companions.journal))) return ['read-only', ...inPlace, 'raw-copy'];
  return ['read-only', 'raw-copy'];
}

function open(real: string, way: 'read-only' | 'read-write'): ReadConnection {
  const name = sqlitePath(real);
  let database: Database.Database | undefined;
  try {
    database = openSqlite(name.path, { readonly: way === 'read-only', fileMustExist: true, timeout: 0 });
    const opening = database.exec('BEGIN');
    // BEGIN alone takes no lock; the first read does.
    retryWhileLocked(() => opening.prepare('SELECT count(*) FROM sqlite_schema').get(), attemptTries);
  } catch (error) {
    database?.close();
    name.dispose();
    throw error;
  }
  const opened = database;
  return {
    database: opened,
    close: () => {
      try {
        opened.close();
      } finally {
        name.dispose();
      }
    },
  };
}

function openRawCopy(real: string, scratchFolder: string): ReadConnection {
  const copy = copyRaw(real, scratchFolder);
  try {
    const connection = open(copy.path, 'read-write');
    return {
      database: connection.database,
      close: () => {
        try {
          connection.close();
        } finally {
          copy.dispose();
        }
      },
    };
  } catch (error) {
    copy.dispose();
    throw error;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(toSystemPath(path), constants.W_OK);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}
