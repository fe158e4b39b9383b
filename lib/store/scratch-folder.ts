import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { isSystemError, systemCode } from '../core/errors.ts';
import { removeTree } from '../core/remove-tree.ts';

/** A private folder for what only one run needs. Its maker removes it. */
export interface ScratchFolder {
  path: string;
  remove(): void;
}

/**
 * A file in it that its maker holds locked, as the store's lock is: the lock goes with the process, however that ends.
 */
const lockName = 'in-use';

const mostAttempts = 10;

/**
 * Makes a folder (0700) whose name begins with `prefix`. It goes by `remove`, at the latest when the process exits;
 * after a kill it is left, and known to be in nobody's use.
 */
export async function makeScratchFolder(parent: string, prefix: string): Promise<ScratchFolder> {
  const { openSqlite } = await import('../core/open-sqlite.ts');
  for (let attempt = 1; ; attempt += 1) {
    const path = mkdtempSync(join(parent, prefix));
    const removeFolder = (): void => removeTree(path);
    process.on('exit', removeFolder);
    let isHeld = false;
    let held: Database | undefined;
    try {
      held = openSqlite(join(path, lockName));
      held.exec('BEGIN EXCLUSIVE');
      // Whoever tidied up right now saw a folder without a lock.
      isHeld = existsSync(join(path, lockName));
    } catch (error) {
      if (attempt === mostAttempts || existsSync(path)) {
        held?.close();
        removeFolder();
        process.off('exit', removeFolder);
        throw error;
      }
    }
    const lock = held;
    const remove = (): void => {
      lock?.close();
      removeFolder();
      process.off('exit', removeFolder);
    };
    if (isHeld) return { path, remove };
    remove();
  }
}

/** True while the process that made it lives. */
export async function isScratchInUse(path: string): Promise<boolean> {
  const file = join(path, lockName);
  if (!existsSync(file)) return false;
  const { openSqlite } = await import('../core/open-sqlite.ts');
  let database: Database | undefined;
  try {
    database = openSqlite(file, { fileMustExist: true, timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return false;
  } catch (error) {
    return systemCode(error)?.startsWith('SQLITE_BUSY') === true;
  } finally {
    database?.close();
  }
}

/** Removes the scratch folders of this user in `parent` that killed runs have left. */
export async function removeUnusedScratch(parent: string, prefix: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    try {
      if (!(await isScratchInUse(path))) removeTree(path);
    } catch (error) {
      if (!isSystemError(error, 'EACCES', 'EPERM', 'ENOENT', 'ENOTEMPTY')) throw error;
    }
  }
}
