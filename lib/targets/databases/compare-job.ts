import { dirname } from 'node:path';
import { checkIntegrity } from './check-integrity.ts';
import { haveSamePages } from './compare-pages.ts';
import { openForReading } from './open-for-reading.ts';

/**
 * Compares what was read back after a restore with what was put in.
 *
 * An application that stayed open may write again right after the restore, and nothing can hold it off in between. So
 * where the pages differ, the tables must still be the staged ones, and the whole must be sound.
 */
export function compareJob(job: { staged: string; readBack: string }): { isEqual: boolean; problem?: string } {
  if (haveSamePages(job.staged, job.readBack)) return { isEqual: true };
  if (tablesOf(job.staged) !== tablesOf(job.readBack)) {
    return { isEqual: false, problem: 'after the restore its tables are not those of the backup' };
  }
  const readBack = openForReading(job.readBack, dirname(job.readBack));
  try {
    const check = checkIntegrity(readBack.database);
    if (check.isWhole) return { isEqual: false };
    return { isEqual: false, problem: `after the restore it is damaged: ${check.problems.slice(0, 5).join('; ')}` };
  } finally {
    readBack.close();
  }
}

function tablesOf(path: string): string {
  const { database, close } = openForReading(path, dirname(path));
  try {
    // Root pages are left out: the application's VACUUM moves them.
    return JSON.stringify(
      database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').raw().all(),
    );
  } finally {
    close();
  }
}
