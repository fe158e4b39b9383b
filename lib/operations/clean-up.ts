import { statSync } from 'node:fs';
import { BackupError } from '../core/errors.ts';
import type { RetentionSettings } from '../config/settings.ts';
import type { BackupKind } from '../store/metadata.ts';
import { planRetention, type RetentionCandidate, type RetentionReason } from '../store/plan-retention.ts';
import { finishRemovals, removeBackup } from '../store/remove-backup.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { listStore, openStore, type Store, type StoredBackup } from '../store/store.ts';
import type { RunContext } from './run-context.ts';

/** What a cleanup is asked for. A limit that is given takes the place of the setting of its name; the others hold. */
export interface CleanupRequest {
  /** Only tell what would go. */
  dryRun?: boolean;
  keepDays?: number;
  keepCount?: number;
  keepHourly?: number;
  keepDaily?: number;
  keepWeekly?: number;
  keepMonthly?: number;
  keepYearly?: number;
}

/** The fields of `backup:cleanup --json`. */
export interface CleanupResult {
  dryRun: boolean;
  /** Newest first. */
  keep: CleanupVerdict[];
  remove: CleanupVerdict[];
  /** Bytes of the backups that were removed, or would be. */
  freedBytes: number;
}

export interface CleanupVerdict {
  id: string;
  /** ISO 8601, UTC. */
  timestamp: string;
  type: BackupKind;
  complete: boolean;
  storedSize: number;
  reasons: RetentionReason[];
}

/**
 * Removes old backups by the retention settings, oldest first. A dry run takes no lock and changes nothing.
 *
 * @throws BackupError STORE_NOT_FOUND, STORE_LOCKED, STORE_READ_ONLY, or INTERRUPTED between two removals.
 */
export async function cleanUp(context: RunContext, request: CleanupRequest = {}): Promise<CleanupResult> {
  const store = openStore(context.settings.storage);
  const policy = policyOf(context.settings.retention, request);
  context.events.emit('phase', 'clean-up');
  // Before the lock, which would create a store that is not there.
  const listing = await listStore(store);
  if (request.dryRun === true) return planFor(context, policy, listing.backups, true);

  const lock = {
    verb: 'cleanup',
    host: context.host,
    retrySeconds: context.retryLockSeconds,
    clock: context.clock,
    signal: context.signal,
  };
  return withStoreLock(store, lock, async () => {
    await finishRemovals(store);
    const { backups } = await listStore(store);
    const result = planFor(context, policy, backups, false);
    removeAll(context, store, backups, result.remove);
    return result;
  });
}

function policyOf(settings: RetentionSettings, request: CleanupRequest): RetentionSettings {
  const given: { [K in keyof RetentionSettings]: number | undefined } = {
    days: request.keepDays,
    count: request.keepCount,
    hourly: request.keepHourly,
    daily: request.keepDaily,
    weekly: request.keepWeekly,
    monthly: request.keepMonthly,
    yearly: request.keepYearly,
  };
  const isGiven = ([, limit]: [string, number | undefined]): boolean => limit !== undefined;
  return { ...settings, ...Object.fromEntries(Object.entries(given).filter(isGiven)) };
}

function planFor(
  context: RunContext,
  policy: RetentionSettings,
  backups: readonly StoredBackup[],
  dryRun: boolean,
): CleanupResult {
  const plan = planRetention(backups.map(candidateOf), policy, context.clock.now(), context.settings.timezone);
  const byId = new Map(backups.map((backup) => [backup.id, backup.metadata]));
  const verdicts = (list: { id: string; reasons: RetentionReason[] }[]): CleanupVerdict[] =>
    list.flatMap(({ id, reasons }) => {
      const metadata = byId.get(id);
      if (metadata === undefined) return [];
      const { timestamp, type, complete, storedSize } = metadata;
      return [{ id, timestamp, type, complete, storedSize, reasons }];
    });
  const remove = verdicts(plan.remove);
  return {
    dryRun,
    keep: verdicts(plan.keep),
    remove,
    freedBytes: remove.reduce((sum, one) => sum + one.storedSize, 0),
  };
}

/** A backup whose archive is gone, or not as long as it was, is no good one, whatever its metadata says. */
function hasItsBytes({ archive, metadata }: StoredBackup): boolean {
  if (archive === undefined) return true;
  const size = statSync(archive, { throwIfNoEntry: false })?.size;
  return size !== undefined && size === (metadata.archive?.size ?? size);
}

function candidateOf(backup: StoredBackup): RetentionCandidate {
  const { id, metadata } = backup;
  const hasBytes = hasItsBytes(backup);
  return {
    id,
    timestamp: new Date(metadata.timestamp),
    type: metadata.type,
    complete: metadata.complete && hasBytes,
    ...(metadata.verifiedAt === undefined || !hasBytes ? {} : { verifiedAt: new Date(metadata.verifiedAt) }),
    targets: Object.keys(metadata.targets).filter((name) => (metadata.targets[name]?.files ?? 0) > 0),
    buildsOn: metadata.chain.filter((base) => base !== id),
    sizeBytes: metadata.storedSize,
  };
}

/** Oldest last in the plan, so from its end: whatever stops this, the newer ones are still there. */
function removeAll(
  context: RunContext,
  store: Store,
  backups: readonly StoredBackup[],
  remove: readonly CleanupVerdict[],
): void {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  for (const { id } of [...remove].reverse()) {
    if (context.signal.aborted) throw new BackupError('INTERRUPTED', {});
    const backup = byId.get(id);
    if (backup !== undefined) removeBackup(store, backup);
  }
}
