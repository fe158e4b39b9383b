import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BackupError } from '../../core/errors.ts';
import { printablePath, toSystemPath } from '../../core/path-bytes.ts';
import { removeCopy } from './remove-copy.ts';
import type { SqliteCopy } from './sqlite-job.ts';
import { runSqliteJob } from './sqlite-process.ts';
import { whileBusy, type Patience } from './while-busy.ts';

export interface SqliteCopyRequest extends Patience {
  source: string;
  /** A file that does not exist yet, in a folder of ours; gets mode 0600. */
  destination: string;
  /** False leaves the integrity check of the copy to the caller. */
  isChecked?: boolean;
  /** Told as pages are copied; when all of them are, the copy is still to be checked. */
  onProgress?: (bytes: number, totalBytes: number) => void;
}

/**
 * Makes a copy of a database that may be in use: the content of one moment, in one plain file, flushed to the
 * disk. Two copies of an unchanged database are equal byte by byte.
 *
 * Throws DATABASE_LOCKED, DATABASE_CORRUPT (the source is untouched), DATABASE_COPY_FAILED, NO_SPACE, INTERRUPTED; and
 * a system error ENOENT when the source is not there. Nothing is left at the destination then.
 */
export async function copySqlite(request: SqliteCopyRequest): Promise<SqliteCopy> {
  const source = resolve(request.source);
  const destination = resolve(request.destination);
  const { signal, onProgress, isChecked = true } = request;
  if (existsSync(toSystemPath(destination))) {
    const problem = `there is a file at ${printablePath(destination)} already`;
    throw new BackupError('DATABASE_COPY_FAILED', { database: printablePath(source), problem });
  }
  const attempt = (): Promise<SqliteCopy> =>
    runSqliteJob(
      { kind: 'copy', source, destination, isChecked },
      { signal, ...(onProgress === undefined ? {} : { onProgress }) },
    );
  try {
    return await whileBusy(attempt, source, destination, request);
  } catch (error) {
    // The process removes its own failures, but not those that ended it.
    removeCopy(destination);
    throw error;
  }
}
