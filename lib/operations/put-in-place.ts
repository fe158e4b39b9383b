import { isBackupError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { openStore, prepareStore } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { noteAct } from './audited.ts';
import type { CreateResult } from './create-result.ts';
import { explainFailure, removeNeedless, RestoreCourse } from './failed-restore.ts';
import { refuseOpenStore } from './guarded-store.ts';
import { placeStaged } from './place-staged.ts';
import type { Placement } from './placement.ts';
import type { RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import { takeSafetyBackup } from './safety-backup.ts';

/**
 * Safety backup, staging, checks, swap: the way of every restore, whatever it restores from. A failure before the first
 * change takes the safety backup back, and says that nothing was changed.
 */
export async function putInPlace(context: RunContext, placement: Placement): Promise<RestoreResult> {
  const course = new RestoreCourse();
  try {
    return await putUnderLock(context, placement, course);
  } catch (error) {
    throw explainFailure(error, course);
  }
}

async function putUnderLock(context: RunContext, placement: Placement, course: RestoreCourse): Promise<RestoreResult> {
  const startedMs = context.clock.monotonicMs();
  if (!placement.plan.isProject) return place(context, placement, startedMs, course);
  const { plan } = placement;
  const store = openStore(context.settings.storage);
  const { host, clock, signal, retryLockSeconds } = context;
  const lock = { verb: 'restore', host, retrySeconds: retryLockSeconds, clock, signal };
  if (!plan.takesSafetyBackup) {
    let isHeld = false;
    try {
      return await withStoreLock(store, lock, () => {
        isHeld = true;
        return place(context, placement, startedMs, course);
      });
    } catch (error) {
      // From a store that nobody can write to, backups are to come back all the same.
      if (isHeld || !isBackupError(error, 'STORE_READ_ONLY')) throw error;
      return place(context, placement, startedMs, course);
    }
  }
  course.isSafetyPending = true;
  refuseOpenStore(context.settings);
  prepareStore(store);
  return withStoreLock(store, lock, async () => {
    try {
      context.events.emit('phase', 'safety-backup');
      const safetyBackup = await takeSafetyBackup(context, placement, store, (id) => {
        course.safetyBackup = id;
      });
      course.isSafetyPending = false;
      return await place(context, placement, startedMs, course, safetyBackup);
    } catch (error) {
      const { safetyBackup, isSwapping } = course;
      if (safetyBackup !== undefined && !isSwapping && (await removeNeedless(store, safetyBackup))) {
        course.safetyBackup = undefined;
        // Else it would be missed.
        await noteAct(context, {
          act: 'restore',
          outcome: 'failed',
          backup: plan.id,
          facts: { removed: [safetyBackup] },
        });
      }
      throw error;
    }
  });
}

async function place(
  context: RunContext,
  placement: Placement,
  startedMs: number,
  course: RestoreCourse,
  safetyBackup?: CreateResult,
): Promise<RestoreResult> {
  const { plan, destination } = placement;
  const placed = await placeStaged(context, placement, safetyBackup?.id, () => {
    course.isSwapping = true;
  });
  const { counts } = plan;
  return {
    id: plan.id,
    dryRun: false,
    destination: destination.folder,
    ...(safetyBackup === undefined ? {} : { safetyBackup: safetyBackup.id }),
    created: counts.create,
    overwritten: counts.overwrite,
    unchanged: counts.unchanged,
    kept: counts.keep,
    deleted: counts.delete,
    bytes: placed.bytes,
    duration: Math.round(context.clock.monotonicMs() - startedMs),
    warnings: [...plan.warnings, ...placed.warnings, ...(safetyBackup === undefined ? [] : lacksOf(safetyBackup))],
  };
}

/** Of a safety backup, only what it lacks is worth a word. */
const safetyMatters = new Set([
  'file-unreadable',
  'folder-unreadable',
  'database-locked',
  'database-corrupt',
  'database-unreadable',
]);

/** About what was there before, and not about what is there now. */
const lacksOf = ({ id, warnings }: CreateResult): Finding[] =>
  warnings
    .filter((one) => safetyMatters.has(one.code))
    .map((one) =>
      finding('in-safety-backup', { ...(one.path === undefined ? {} : { path: one.path }), found: id, causes: [one] }),
    );
