import { isBackupError, type BackupError } from '../core/errors.ts';
import { cleanUp, type CleanupResult } from '../operations/clean-up.ts';
import type { CreateRequest, CreateResult } from '../operations/create-result.ts';
import type { RunContext } from '../operations/run-context.ts';
import type { ZonedSchedule } from './run-schedules.ts';

export type CreateBackup = (context: RunContext, request: CreateRequest) => Promise<CreateResult>;

/** One scheduled run: the backup, and the cleanup after it. The backup counts also where the cleanup failed. */
export interface ScheduledRun {
  backup: CreateResult;
  cleanup?: CleanupResult;
  cleanupError?: BackupError;
}

/**
 * Makes a schedule's backup, then removes old ones by the retention settings. Nothing is removed after a backup that
 * failed.
 * @throws whatever the backup throws.
 */
export async function runScheduledBackup(
  context: RunContext,
  schedule: ZonedSchedule,
  createBackup: CreateBackup,
): Promise<ScheduledRun> {
  const backup = await createBackup(context, {
    type: 'scheduled',
    ...(schedule.mode === undefined ? {} : { mode: schedule.mode }),
    ...(schedule.targets === undefined ? {} : { targets: schedule.targets }),
  });
  try {
    return { backup, cleanup: await cleanUp(context) };
  } catch (error) {
    if (!isBackupError(error)) throw error;
    return { backup, cleanupError: error };
  }
}
