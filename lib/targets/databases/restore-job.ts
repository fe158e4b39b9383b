import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { openSqlite } from '../../core/open-sqlite.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCode } from '../../core/errors.ts';
import { backUpPages } from './back-up-pages.ts';
import { openForReading, resolvePath, type ReadConnection } from './open-for-reading.ts';
import type { JobContext } from './job-context.ts';
import { attemptTries, retryWhileLocked } from './retry-while-locked.ts';
import { failureOf, isBusyCode } from './sqlite-failure.ts';
import { SqliteJobError } from './sqlite-job.ts';
import { sqlitePath } from './sqlite-path.ts';
import { numberOf, readShape, type SqliteShape } from './sqlite-shape.ts';

/**
 * How long the proof of a commit is looked for: giving up would mean to restore once more. In tries a millisecond
 * apart.
 */
const proofTries = 10_000;
const emptyLogMs = 200;

/** Puts the pages of a staged database into a live one in one transaction, and makes sure that it was committed. */
export async function restoreJob(
  job: { staged: string; live: string },
  context: JobContext,
): Promise<{ pages: number }> {
  const live = resolvePath(job.live);
  const source = openStaged(job.staged);
  const name = sqlitePath(live);
  try {
    const shape = readShape(source.database);
    if (shape.pages === 0) throw new SqliteJobError('failed', 'the staged file is empty');
    const before = lookAt(name.path, attemptTries);
    refuseOtherPageSize(shape, before);
    await putPages(source.database, name.path, shape, context);
    // The backup API ends its transaction by adding one to the schema's cookie: the mark of a commit that took place.
    if (lookAt(name.path, proofTries).schemaCookie === before.schemaCookie) {
      throw new SqliteJobError('busy', 'the pages were handed over but not committed');
    }
    emptyLog(name.path);
    return { pages: shape.pages };
  } finally {
    name.dispose();
    source.close();
  }
}

/** Opens a staged database. */
export function openStaged(staged: string): ReadConnection {
  try {
    return openForReading(staged, dirname(staged));
  } catch (error) {
    const { reason, problem } = failureOf(error);
    // Only the live database may be called corrupt here: that is the sign to replace its file.
    if (reason === 'corrupt' || reason === 'missing') {
      throw new SqliteJobError('failed', `the staged copy cannot be used (${problem})`, { cause: error });
    }
    throw error;
  }
}

async function putPages(
  source: Database.Database,
  live: string,
  shape: SqliteShape,
  context: JobContext,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const isDone = await backUpPages(source, live, shape, {
      isAborted: context.isAborted,
      report: (bytes, totalBytes) => context.report({ bytes, totalBytes }),
    });
    if (isDone) return;
    if (context.isAborted()) throw new SqliteJobError('aborted', 'interrupted');
    if (tries >= attemptTries) throw new SqliteJobError('busy', 'the live database is locked');
    await pause(1);
  }
}

/** What matters of the database that gets the content. */
interface LiveState {
  schemaCookie: number;
  pageSize: number;
  isWal: boolean;
  isEmpty: boolean;
}

export function lookAt(live: string, tries: number): LiveState {
  const database = openSqlite(live, { fileMustExist: true, timeout: 0 });
  const look = database.transaction((): LiveState => ({
    schemaCookie: numberOf(database, 'schema_version'),
    isEmpty: numberOf(database, 'page_count') === 0,
    pageSize: numberOf(database, 'page_size'),
    isWal: database.pragma('journal_mode', { simple: true }) === 'wal',
  }));
  try {
    return retryWhileLocked(look, tries);
  } finally {
    database.close();
  }
}

/** SQLite cannot change the page size of a database in WAL mode, not even by writing all of it anew. */
export function refuseOtherPageSize(staged: SqliteShape, live: LiveState): void {
  if (!live.isWal || live.isEmpty || live.pageSize === staged.pageSize) return;
  throw new SqliteJobError(
    'failed',
    `it is in WAL mode with pages of ${live.pageSize} bytes, and the backup's have ${staged.pageSize}`,
  );
}

/** Moves what a WAL holds into the database file. Best effort: a reader of the old content may still need the log. */
function emptyLog(live: string): void {
  const database = openSqlite(live, { fileMustExist: true, timeout: emptyLogMs });
  try {
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch (error) {
    if (!isBusyCode(systemCode(error))) throw error;
  } finally {
    database.close();
  }
}
