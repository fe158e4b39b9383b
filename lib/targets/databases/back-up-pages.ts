import type Database from 'better-sqlite3';
import { SqliteJobError } from './sqlite-job.ts';

/** What a job may ask and tell while it runs. */
export interface PageProgress {
  isAborted: () => boolean;
  report: (bytes: number, totalBytes: number) => void;
}

/** Bytes between two looks at the outside: large, because the source's lock is held all the time. */
const stepBytes = 16 * 1024 * 1024;

/**
 * Copies all pages of a connection's database over another file by the online backup API.
 *
 * Returns false when the destination was locked: better-sqlite3 then does nothing and resolves with no pages at all.
 * Even true says only that the pages were handed over: when the final commit meets a lock the library reports no
 * difference. The caller has to look at the destination.
 */
export async function backUpPages(
  source: Database.Database,
  destination: string,
  shape: { pageSize: number; pages: number },
  progress: PageProgress,
): Promise<boolean> {
  const stepPages = Math.max(1, Math.floor(stepBytes / shape.pageSize));
  const totalBytes = shape.pages * shape.pageSize;
  const done = await source.backup(destination, {
    progress: ({ remainingPages }) => {
      if (progress.isAborted()) throw new SqliteJobError('aborted', 'interrupted');
      progress.report(totalBytes - remainingPages * shape.pageSize, totalBytes);
      return stepPages;
    },
  });
  return done.totalPages === shape.pages && done.remainingPages === 0;
}
