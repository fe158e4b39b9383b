import { closeSync, constants, openSync, readSync } from 'node:fs';
import { toSystemPath } from '../../core/path-bytes.ts';

/** What the first 100 bytes of a SQLite file say (https://www.sqlite.org/fileformat2.html, section 1.3). */
export interface SqliteHeader {
  /** Bytes. */
  pageSize: number;
  /** The size in pages that the header names; 0 where an old library wrote it. */
  pages: number;
  /** Counts the commits that were made outside WAL mode. */
  changeCounter: number;
  /** Counts the changes of the schema. */
  schemaCookie: number;
  userVersion: number;
  applicationId: number;
  /** True when the database is in WAL mode. */
  isWal: boolean;
}

const magic = Buffer.from('SQLite format 3\0', 'latin1');
/** How many bytes at a file's beginning tell what it is. */
export const sqliteStartBytes = 100;
const usualName = /\.(?:db|db3|sqlite|sqlite3|s3db|sl3)$/i;
const companionSuffixes = ['-wal', '-shm', '-journal'] as const;

/**
 * Whether it is worth opening a file to look for a SQLite header: every database is a whole number of pages, and a page
 * a multiple of 512 bytes; one that was cut short still has its usual name. An empty file is no database.
 */
export function mayBeSqlite(name: string, size: number): boolean {
  return size > 0 && (size % 512 === 0 || hasDatabaseName(name));
}

/** True for a name as databases usually have one. */
export const hasDatabaseName = (name: string): boolean => usualName.test(name);

/** True for the first bytes, `sqliteStartBytes` or more, of a SQLite file. */
export const isSqliteStart = (bytes: Buffer): boolean =>
  bytes.length >= sqliteStartBytes && bytes.subarray(0, magic.length).equals(magic);

/**
 * The header of a SQLite file, or undefined when the file is something else (an encrypted database looks like noise).
 *
 * Throws what node:fs throws when the file cannot be read. `path` must be a regular file, in the toolkit's string form.
 * Must not be called by a process that has the file open through SQLite: closing a file drops all POSIX locks that the
 * process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export function readSqliteHeader(path: string): SqliteHeader | undefined {
  const bytes = Buffer.alloc(sqliteStartBytes);
  // A FIFO that took the file's place must not block.
  const fd = openSync(toSystemPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (readSync(fd, bytes, 0, sqliteStartBytes, 0) < sqliteStartBytes) return undefined;
  } finally {
    closeSync(fd);
  }
  if (!isSqliteStart(bytes)) return undefined;
  const pageSize = bytes.readUInt16BE(16);
  return {
    // 65536 does not fit in two bytes and is written as 1.
    pageSize: pageSize === 1 ? 65_536 : pageSize,
    isWal: bytes[18] === 2 || bytes[19] === 2,
    changeCounter: bytes.readUInt32BE(24),
    pages: bytes.readUInt32BE(28),
    schemaCookie: bytes.readUInt32BE(40),
    userVersion: bytes.readInt32BE(60),
    applicationId: bytes.readInt32BE(68),
  };
}

/** Where SQLite keeps what belongs to a database and is not in its file. */
export interface SqliteCompanions {
  wal: string;
  sharedMemory: string;
  journal: string;
}

/** The names of a database's companion files. They need not exist, and mean nothing away from their database. */
export function sqliteCompanions(path: string): SqliteCompanions {
  return { wal: `${path}-wal`, sharedMemory: `${path}-shm`, journal: `${path}-journal` };
}

/** The name of the database that a file would belong to as a companion, or undefined when its name is not of that kind. */
export function isSqliteCompanion(name: string): string | undefined {
  const suffix = companionSuffixes.find((one) => name.endsWith(one) && name.length > one.length);
  return suffix === undefined ? undefined : name.slice(0, -suffix.length);
}
