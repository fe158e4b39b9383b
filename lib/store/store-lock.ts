import { closeSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { makeFolder, replaceFile } from '../core/durable-files.ts';
import { BackupError, isSystemError, reasonOf, systemCode, writeError } from '../core/errors.ts';
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
}

const pollMs = 100;

/**
 * Runs `body` while it holds the store's lock.
 * @throws BackupError STORE_LOCKED after `retrySeconds`; STORE_READ_ONLY or NO_SPACE where the lock cannot be written.
 */
export async function withStoreLock<T>(store: Store, request: LockRequest, body: () => Promise<T>): Promise<T> {
  const folder = stateFolder(store);
  const lockFile = join(folder, 'lock');
  const holderFile = join(folder, 'lock-holder.json');
  try {
    makeFolder(folder, store.modes.folder);
    makeLockFile(lockFile, store.modes.file);
  } catch (error) {
    throw writeError(error, store.path, 'taking its lock');
  }
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(lockFile, { timeout: 0 });
  try {
    await acquire(database, store, request, { lockFile, holderFile });
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

async function acquire(
  database: { exec(sql: string): unknown },
  store: Store,
  request: LockRequest,
  { lockFile, holderFile }: { lockFile: string; holderFile: string },
): Promise<void> {
  const deadline = request.clock.monotonicMs() + request.retrySeconds * 1000;
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
        throw new BackupError('STORE_READ_ONLY', { store: store.path, reason: reasonOf(error) }, { cause: error });
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
