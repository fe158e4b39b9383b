import type { Clock } from '../../core/clock.ts';
import { BackupError } from '../../core/errors.ts';
import { printablePath } from '../../core/path-bytes.ts';
import { SqliteJobError } from './sqlite-job.ts';

export interface Patience {
  /** For how long a locked database is tried again. */
  timeoutMs: number;
  clock: Clock;
  signal: AbortSignal;
}

/** Short, because an attempt waits by itself, and the gaps between a busy application's transactions are short too. */
const pauseMs = 10;

/**
 * Runs an attempt until it is not `busy` any more, and turns its failure into the toolkit's error about `database`.
 *
 * Throws DATABASE_LOCKED, DATABASE_CORRUPT, DATABASE_COPY_FAILED, NO_SPACE (of `spaceAt`), INTERRUPTED; and a system
 * error ENOENT when the file is not there.
 */
export async function whileBusy<T>(
  attempt: () => Promise<T>,
  database: string,
  spaceAt: string,
  patience: Patience,
): Promise<T> {
  const startedMs = patience.clock.monotonicMs();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SqliteJobError)) throw error;
      const waitedMs = patience.clock.monotonicMs() - startedMs;
      if (error.reason !== 'busy' || waitedMs >= patience.timeoutMs)
        throw asBackupError(error, database, spaceAt, waitedMs);
      await patience.clock.sleep(Math.min(pauseMs, patience.timeoutMs - waitedMs), patience.signal);
    }
  }
}

/** A job's failure as the toolkit's error about a database. `spaceAt` is where the space ran out. */
export function asBackupError(error: SqliteJobError, path: string, spaceAt: string, waitedMs: number): Error {
  const database = printablePath(path);
  switch (error.reason) {
    case 'busy':
      return new BackupError(
        'DATABASE_LOCKED',
        { database, waitedSeconds: Math.round(waitedMs / 1000) },
        { cause: error },
      );
    case 'corrupt':
      return new BackupError('DATABASE_CORRUPT', { database, problem: error.message }, { cause: error });
    case 'full':
      return new BackupError(
        'NO_SPACE',
        { path: printablePath(spaceAt), operation: 'copying a database' },
        { cause: error },
      );
    case 'aborted':
      return new BackupError('INTERRUPTED', {}, { cause: error });
    case 'missing':
      return Object.assign(new Error(`${database}: no such file`, { cause: error }), { code: 'ENOENT' });
    case 'failed':
      return new BackupError('DATABASE_COPY_FAILED', { database, problem: error.message }, { cause: error });
  }
}
