import { isBackupError, BackupError } from '../core/errors.ts';
import type { Aftermath } from '../core/aftermath.ts';
import { removeBackup } from '../store/remove-backup.ts';
import { listStore, type Store } from '../store/store.ts';

/** What a restore that fails has done so far. */
export class RestoreCourse {
  /** True from just before the first change on. */
  isSwapping = false;
  /** True until what is there now is backed up. */
  isSafetyPending = false;
  /** The ID of the safety backup. */
  safetyBackup: string | undefined;
}

const storeFailures = new Set(['STORE_READ_ONLY', 'STORE_OPEN', 'NO_SPACE', 'WRITE_FAILED']);

/**
 * Adds to a failure what is left of the restore. @returns the failure itself where it says so already, or is none that
 * a person is told.
 */
export function explainFailure(failure: unknown, course: RestoreCourse): unknown {
  if (!isBackupError(failure) || failure.code === 'RESTORE_PARTIAL' || failure.aftermath !== undefined) return failure;
  const { isSwapping, isSafetyPending, safetyBackup } = course;
  const aftermath: Aftermath = {
    isUnchanged: !isSwapping,
    ...(safetyBackup === undefined ? {} : { safetyBackup }),
    ...(isSafetyPending && storeFailures.has(failure.code) ? { offersSkip: true } : {}),
  };
  return new BackupError(failure.code, failure.params, { cause: failure.cause ?? failure, aftermath });
}

/**
 * Removes the safety backup of a restore that changed nothing: what it holds is still in its place. Call it while
 * holding the lock only.
 * @returns true when it is gone.
 */
export async function removeNeedless(store: Store, id: string): Promise<boolean> {
  try {
    const backup = (await listStore(store)).backups.find((one) => one.id === id);
    if (backup !== undefined) removeBackup(store, backup);
    return true;
  } catch (error) {
    // The failure of the restore is what matters; the backup that stays is named in it.
    if (isBackupError(error)) return false;
    throw error;
  }
}
