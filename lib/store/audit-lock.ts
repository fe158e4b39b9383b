import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { BackupError, isSystemError, systemCode } from '../core/errors.ts';
import { ownLikeStore } from './audit-owner.ts';
import { stateFolder, type Store } from './store.ts';

const mostWaitMs = 5000;
const pollMs = 20;

/**
 * Runs `body` while no other process writes to the audit log. A lock of its own, as failed attempts are noted without the store's,
 * which another run may hold for hours; of the same kind (`store-lock.ts`), and held for one line.
 *
 * `body` does not wait for anything, so within this process nobody comes in between. No store is made where there is none.
 * @throws BackupError STORE_LOCKED after five seconds, SQLITE_NOT_BUILT; the system's or SQLite's error where the lock cannot be
 * written.
 */
export async function withAuditLock<T>(store: Store, clock: Clock, body: () => T): Promise<T> {
  const { openSqlite } = await import('../core/open-sqlite.ts');
  const file = join(stateFolder(store), 'audit-lock');
  const deadline = clock.monotonicMs() + mostWaitMs;
  for (;;) {
    makeLockFile(store, file);
    const inode = inodeOf(file);
    const database = openSqlite(file, { timeout: 0 });
    try {
      // One that was removed meanwhile, with its folder, keeps nobody out.
      if (isTaken(database, file) && inode !== undefined && inodeOf(file) === inode) return body();
    } finally {
      database.close();
    }
    if (clock.monotonicMs() >= deadline) {
      throw new BackupError('STORE_LOCKED', { store: store.path, waitedSeconds: mostWaitMs / 1000 });
    }
    await clock.sleep(pollMs);
  }
}

/** A file that is there is not opened: closing it would give up a lock that this process has on it. */
function makeLockFile(store: Store, file: string): void {
  const folder = stateFolder(store);
  try {
    mkdirSync(folder, { mode: store.modes.folder });
    chmodSync(folder, store.modes.folder);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
  try {
    const fd = openSync(file, 'wx', store.modes.file);
    fchmodSync(fd, store.modes.file);
    ownLikeStore(fd, store);
    closeSync(fd);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

const inodeOf = (file: string): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

function isTaken(database: { exec(sql: string): unknown }, file: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (systemCode(error)?.startsWith('SQLITE_BUSY') === true) return false;
    if (!isSystemError(error, 'SQLITE_NOTADB', 'SQLITE_CORRUPT')) throw error;
    // Nobody can hold such a file, and what is in it is of no use: the lock is on an empty one.
    truncateSync(file);
    return false;
  }
}
