import { closeSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../core/clock.ts';
import { makeFolder, replaceFile } from '../core/durable-files.ts';
import { BackupError, isBackupError, isSystemError, reasonOf, systemCode, writeError } from '../core/errors.ts';
import { stateFolder, type Store } from './store.ts';

/**
 * The store's lock: an exclusive transaction on an empty SQLite database. SQLite takes it as a lock of the operating
 * system, which goes when its process dies, however it dies: it is never stale, and needs no addon of its own.
 */

export interface LockRequest {
  /** What the holder does, for the error that another run shows. */
  verb: string;
  host: string;
  retrySeconds: number;
  clock: Clock;
  signal: AbortSignal;
  /** Makes the store's folders where they are missing: before each attempt, for who holds the lock may take them away. */
  prepare?: () => void;
}

const pollMs = 100;
/** So often may the store's folder go away before the lock is taken. */
const mostAttempts = 10;

/**
 * Runs `body` while it holds the store's lock.
 * @throws BackupError STORE_LOCKED after `retrySeconds`; STORE_READ_ONLY or NO_SPACE where the lock cannot be written.
 */
export async function withStoreLock<T>(store: Store, request: LockRequest, body: () => Promise<T>): Promise<T> {
  const files = {
    lockFile: join(stateFolder(store), 'lock'),
    holderFile: join(stateFolder(store), 'lock-holder.json'),
  };
  const { holderFile } = files;
  const database = await takeLock(store, request, files);
  try {
    const holder = {
      pid: process.pid,
      host: request.host,
      verb: request.verb,
      since: request.clock.now().toISOString(),
    };
    replaceFile(holderFile, `${JSON.stringify(holder)}\n`, store.modes.file);
    try {
      return await body();
    } finally {
      rmSync(holderFile, { force: true });
    }
  } catch (error) {
    if (isSystemError(error, 'ENOSPC', 'EDQUOT', 'EROFS')) throw writeError(error, store.path, 'working in it');
    throw error;
  } finally {
    database.close();
  }
}

interface LockFiles {
  lockFile: string;
  holderFile: string;
}

/** Takes the lock on the file that stands there: one that was removed meanwhile, with its store, keeps nobody out. */
async function takeLock(store: Store, request: LockRequest, files: LockFiles): Promise<Database> {
  const { openSqlite } = await import('../core/open-sqlite.ts');
  const deadline = request.clock.monotonicMs() + request.retrySeconds * 1000;
  const { prepare = () => void makeFolder(stateFolder(store), store.modes.folder) } = request;
  for (let attempt = 1; ; attempt += 1) {
    let database: Database;
    let inode: bigint | undefined;
    try {
      prepare();
      makeLockFile(files.lockFile, store.modes.file);
      inode = inodeOf(files.lockFile);
      database = openSqlite(files.lockFile, { timeout: 0 });
    } catch (error) {
      if (isGone(error) && attempt < mostAttempts) continue;
      if (isSystemError(error, 'SQLITE_CANTOPEN')) throw notWritable(store, error);
      throw writeError(error, store.path, 'taking its lock');
    }
    const isInPlace = (): boolean => inode !== undefined && inodeOf(files.lockFile) === inode;
    try {
      await acquire(database, store, request, files, deadline);
      if (isInPlace()) return database;
    } catch (error) {
      // SQLite cannot work with a file that was removed.
      if (isInPlace() || !isBackupError(error, 'STORE_READ_ONLY') || attempt >= mostAttempts) {
        database.close();
        throw error;
      }
    }
    database.close();
  }
}

/** Its folder was there just now. better-sqlite3 says so with a TypeError of its own. */
function isGone(error: unknown): boolean {
  const cause = isNativeError(error) && isSystemError(error.cause, 'ENOENT');
  return cause || isSystemError(error, 'ENOENT', 'SQLITE_CANTOPEN') || error instanceof TypeError;
}

const inodeOf = (file: string): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

/**
 * Makes the lock's file where it is missing. A process that closes any handle of a file loses all its locks on it (POSIX), so
 * a file that is there, and that another part of this process may hold, is not even opened.
 */
function makeLockFile(file: string, mode: number): void {
  try {
    closeSync(openSync(file, 'wx', mode));
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

const notWritable = (store: Store, error: unknown): BackupError =>
  new BackupError('STORE_READ_ONLY', { store: store.path, reason: reasonOf(error) }, { cause: error });

async function acquire(
  database: { exec(sql: string): unknown },
  store: Store,
  request: LockRequest,
  { lockFile, holderFile }: LockFiles,
  deadline: number,
): Promise<void> {
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return;
    } catch (error) {
      if (isSystemError(error, 'SQLITE_NOTADB', 'SQLITE_CORRUPT')) {
        // Nobody can hold such a file, and what is in it is of no use: the lock is on an empty one.
        truncateSync(lockFile);
        continue;
      }
      if (systemCode(error)?.startsWith('SQLITE_BUSY') !== true) {
        throw notWritable(store, error);
      }
    }
    if (request.signal.aborted) throw new BackupError('INTERRUPTED', {});
    if (request.clock.monotonicMs() >= deadline) {
      const holder = readHolder(holderFile);
      throw new BackupError('STORE_LOCKED', {
        store: store.path,
        waitedSeconds: request.retrySeconds,
        ...(holder === undefined ? {} : { holder }),
      });
    }
    await request.clock.sleep(pollMs, request.signal);
  }
}

function readHolder(file: string): string | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return `${String(holder.verb)}, process ${String(holder.pid)} on ${String(holder.host)}, since ${String(holder.since)}`;
  } catch (error) {
    // The note is a courtesy: the holder may be writing or removing it right now.
    if (error instanceof SyntaxError || isSystemError(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
}
