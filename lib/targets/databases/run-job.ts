import { dirname } from 'node:path';
import { countRows } from './count-rows.ts';
import { openSqlite } from '../../core/open-sqlite.ts';
import { checkIntegrity } from './check-integrity.ts';
import { compareJob } from './compare-job.ts';
import { copyJob } from './copy-job.ts';
import { differencesJob } from './differences-job.ts';
import { foldJob } from './fold-job.ts';
import type { JobContext } from './job-context.ts';
import { openForReading } from './open-for-reading.ts';
import { probeJob } from './probe-job.ts';
import { restoreJob } from './restore-job.ts';
import { failureOf } from './sqlite-failure.ts';
import {
  SqliteJobError,
  type SqliteAnswers,
  type SqliteCheck,
  type SqliteDescription,
  type SqliteJob,
} from './sqlite-job.ts';
import { libraryVersion, numberOf, tableNames } from './sqlite-shape.ts';

/** Does one job, in the SQLite process. Throws SQLite's and the system's errors, and `SqliteJobError`. */
export async function runJob(job: SqliteJob, context: JobContext): Promise<SqliteAnswers[SqliteJob['kind']]> {
  switch (job.kind) {
    case 'copy':
      return copyJob(job, context);
    case 'restore':
      return restoreJob(job, context);
    case 'probe':
      return probeJob(job);
    case 'check':
      return check(job.path, context);
    case 'describe':
      return describe(job.path, job.isCounted);
    case 'tidy':
      return tidy(job.path);
    case 'fold':
      return foldJob(job.path);
    case 'compare':
      return compareJob(job);
    case 'differences':
      return differencesJob(job, context);
  }
}

function tidy(path: string): null {
  const database = openSqlite(path, { fileMustExist: true });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return null;
  } finally {
    database.close();
  }
}

function check(path: string, context: JobContext): SqliteCheck {
  try {
    const connection = openForReading(path, dirname(path));
    try {
      context.report('expendable');
      if (context.isAborted()) throw new SqliteJobError('aborted', 'interrupted');
      return checkIntegrity(connection.database);
    } finally {
      connection.close();
    }
  } catch (error) {
    const { reason, problem } = failureOf(error);
    if (reason === 'corrupt') return { isWhole: false, problems: [problem], unchecked: [] };
    throw error;
  }
}

function describe(path: string, isCounted: boolean): SqliteDescription {
  const { database, close } = openForReading(path, dirname(path));
  try {
    return {
      pageSize: numberOf(database, 'page_size'),
      pages: numberOf(database, 'page_count'),
      userVersion: numberOf(database, 'user_version'),
      version: libraryVersion(database),
      tables: tableNames(database).map((name) => {
        const rows = isCounted ? countRows(database, name) : undefined;
        return { name, ...(rows === undefined ? {} : { rows }) };
      }),
    };
  } finally {
    close();
  }
}
