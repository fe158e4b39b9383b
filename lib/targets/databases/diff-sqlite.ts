import { resolve } from 'node:path';
import { SqliteJobError, type SqliteDifferences } from './sqlite-job.ts';
import { runSqliteJob } from './sqlite-process.ts';
import { asBackupError } from './while-busy.ts';

/**
 * In what two copies of a database differ, which nobody else uses: tables, rows, definitions, pages. Both are read to
 * their ends.
 *
 * Throws DATABASE_CORRUPT, DATABASE_COPY_FAILED, NO_SPACE, INTERRUPTED; ENOENT.
 */
export async function diffSqlite(before: string, after: string, signal: AbortSignal): Promise<SqliteDifferences> {
  const files = { before: resolve(before), after: resolve(after) };
  try {
    return await runSqliteJob({ kind: 'differences', ...files }, { signal });
  } catch (error) {
    throw error instanceof SqliteJobError ? asBackupError(error, files.after, files.after, 0) : error;
  }
}
