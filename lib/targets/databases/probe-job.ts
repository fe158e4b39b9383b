import { openSqlite } from '../../core/open-sqlite.ts';
import { resolvePath } from './open-for-reading.ts';
import { lookAt, openStaged, refuseOtherPageSize } from './restore-job.ts';
import { attemptTries, retryWhileLocked } from './retry-while-locked.ts';
import { sqlitePath } from './sqlite-path.ts';
import { readShape } from './sqlite-shape.ts';

/**
 * Finds out whether a restore into a live database would begin: it can be locked, and its pages have the right size.
 */
export function probeJob(job: { staged: string; live: string }): null {
  const live = resolvePath(job.live);
  const source = openStaged(job.staged);
  const name = sqlitePath(live);
  try {
    refuseOtherPageSize(readShape(source.database), lookAt(name.path, attemptTries));
    const database = openSqlite(name.path, { fileMustExist: true, timeout: 0 });
    try {
      retryWhileLocked(() => database.exec('BEGIN EXCLUSIVE'), attemptTries);
      database.exec('ROLLBACK');
    } finally {
      database.close();
    }
    return null;
  } finally {
    name.dispose();
    source.close();
  }
}
