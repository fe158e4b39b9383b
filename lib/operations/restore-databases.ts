import { chmodSync, chownSync, lstatSync, mkdirSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { BackupError, isBackupError } from '../core/errors.ts';
import { systemTime } from '../core/file-times.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { restoreSqlite } from '../targets/databases/sqlite-driver.ts';
import type { RunContext } from './run-context.ts';
import type { DatabaseStaging, StagedDatabase } from './staged-databases.ts';
import { removeCompanions } from './stale-companions.ts';
import { moveOne } from './swap-in.ts';

/**
 * Proves every staged database by SQLite's own check, before anything is changed.
 * @throws BackupError CONTENT_MISMATCH
 */
export async function checkStaged(databases: DatabaseStaging, backup: string, signal: AbortSignal): Promise<void> {
  for (const one of databases.staged) {
    const problem = await databases.problemOf(one, signal);
    if (problem === undefined) continue;
    throw new BackupError('CONTENT_MISMATCH', {
      backup,
      path: one.entry.path,
      problem: `its integrity check says: ${problem}`,
    });
  }
}

/**
 * Puts a staged database in its place: into the existing one through the online backup API, so that an application which
 * has it open sees the old content or the new; as a file where there is none, or where the existing one is corrupt.
 */
export async function restoreDatabase(staged: StagedDatabase, place: string, context: RunContext): Promise<void> {
  // A link is replaced like any other file: to write through it would be to write wherever it leads.
  if (lstatSync(toSystemPath(place), { throwIfNoEntry: false })?.isFile() === true) {
    try {
      const { clock, signal, events, databaseTimeoutSeconds } = context;
      await restoreSqlite({
        staged: staged.file,
        live: place,
        timeoutMs: databaseTimeoutSeconds * 1000,
        clock,
        signal,
        onProgress: (bytes, totalBytes) => events.emit('progress', { phase: 'swap', files: 0, bytes, totalBytes }),
      });
      chmodSync(toSystemPath(place), staged.entry.mode & 0o777);
      return;
    } catch (error) {
      if (!isBackupError(error, 'DATABASE_CORRUPT')) throw error;
    }
  }
  mkdirSync(toSystemPath(dirname(place)), { recursive: true });
  if (process.getuid?.() === 0) chownSync(staged.file, staged.entry.uid, staged.entry.gid);
  chmodSync(staged.file, staged.entry.mode & 0o777);
  const time = systemTime(staged.entry.mtimeNs);
  utimesSync(staged.file, time, time);
  // A log of the database that stood here would be applied to the new one.
  removeCompanions(place);
  moveOne(staged.file, place);
}
