import { resolve } from 'node:path';
import { SqliteJobError } from './sqlite-job.ts';
import { runSqliteJob } from './sqlite-process.ts';
import { asBackupError } from './while-busy.ts';

/**
 * Brings what stands in a `-wal` or a `-journal` beside a copy of ours into its file; neither is there afterwards.
 * @returns what is wrong with the database where SQLite cannot make it whole.
 *
 * Throws DATABASE_LOCKED, DATABASE_COPY_FAILED, NO_SPACE, INTERRUPTED; ENOENT.
 */
export async function foldSqlite(path: string, signal: AbortSignal): Promise<string | undefined> {
  const absolute = resolve(path);
  try {
    await runSqliteJob({ kind: 'fold', path: absolute }, { signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof SqliteJobError)) throw error;
    if (error.reason === 'corrupt') return error.message;
    throw asBackupError(error, absolute, absolute, 0);
  }
}
