import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { toSystemPath } from '../../core/path-bytes.ts';
import { sqliteCompanions } from './sqlite-header.ts';
import { SqliteJobError, type SqliteCheck, type SqliteDescription } from './sqlite-job.ts';
import { runSqliteJob } from './sqlite-process.ts';
import { asBackupError } from './while-busy.ts';

export interface SqliteCheckOptions {
  /** Told each thing that is wrong, as SQLite says it. */
  onProblem?: (problem: string) => void;
  signal?: AbortSignal;
}

/**
 * Runs SQLite's full integrity check on a database at rest, such as a restored copy. The file's bytes stay as they are,
 * and nothing stays beside it.
 *
 * A damaged database is an outcome, not an error. Throws DATABASE_LOCKED, DATABASE_COPY_FAILED, INTERRUPTED; ENOENT.
 */
export async function checkSqlite(path: string, options: SqliteCheckOptions = {}): Promise<SqliteCheck> {
  const absolute = resolve(path);
  const hadLog = existsSync(toSystemPath(sqliteCompanions(absolute).wal));
  const signal = options.signal ?? new AbortController().signal;
  try {
    const check = await runSqliteJob({ kind: 'check', path: absolute }, { signal });
    for (const problem of check.problems) options.onProblem?.(problem);
    return check;
  } catch (error) {
    if (!(error instanceof SqliteJobError)) throw error;
    // A check that was killed leaves the empty log that SQLite had made; only SQLite may say whether it can go.
    if (!hadLog && existsSync(toSystemPath(sqliteCompanions(absolute).wal))) {
      await runSqliteJob({ kind: 'tidy', path: absolute }, { signal: new AbortController().signal });
    }
    throw asBackupError(error, absolute, absolute, 0);
  }
}

/**
 * What a database is like; with `isCounted`, how many rows each table has. Throws as `checkSqlite`, and
 * DATABASE_CORRUPT.
 */
export async function describeSqlite(
  path: string,
  options: { isCounted?: boolean; signal?: AbortSignal } = {},
): Promise<SqliteDescription> {
  const absolute = resolve(path);
  try {
    return await runSqliteJob(
      { kind: 'describe', path: absolute, isCounted: options.isCounted === true },
      { signal: options.signal ?? new AbortController().signal },
    );
  } catch (error) {
    throw error instanceof SqliteJobError ? asBackupError(error, absolute, absolute, 0) : error;
  }
}
