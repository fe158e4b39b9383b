import { statSync } from 'node:fs';
import { BackupError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import type { RetentionSettings } from '../config/settings.ts';
import type { BackupKind } from '../store/metadata.ts';
import { planRetention, type RetentionCandidate, type RetentionReason } from '../store/plan-retention.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { finishRemovals, removeBackup } from '../store/remove-backup.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { listStore, openStore, type Store, type StoredBackup, type StoreListing } from '../store/store.ts';
import { auditedCleanup } from './audit-cleanup.ts';
import { refuseOpenStore } from './guarded-store.ts';
import { openLoneArchives } from './open-path.ts';
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
  /** Present where there is something to tell. */
  warnings?: Finding[];
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
  if (request.dryRun === true) return planFor(context, policy, listing, true);
  return auditedCleanup(context, (removing) => removeOld(context, store, policy, removing));
}

async function removeOld(
  context: RunContext,
  store: Store,
  policy: RetentionSettings,
  removing: (ids: readonly string[]) => Promise<void>,
): Promise<CleanupResult> {
  refuseOpenStore(context.settings);

  const lock = {
    verb: 'cleanup',
    host: context.host,
    retrySeconds: context.retryLockSeconds,
    clock: context.clock,
    signal: context.signal,
  };
  return withStoreLock(store, lock, async () => {
    await finishRemovals(store);
    const current = await listStore(store);
    const result = await planFor(context, policy, current, false);
    await removing(result.remove.map(({ id }) => id));
    removeAll(context, store, current.backups, result.remove);
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

async function planFor(
  context: RunContext,
  policy: RetentionSettings,
  { backups, loneArchives }: StoreListing,
  dryRun: boolean,
): Promise<CleanupResult> {
  const withBytes = new Set(backups.filter(hasItsBytes).map((one) => one.id));
  const known = new Set(backups.map((one) => one.id));
  // What is not in the store at all may be elsewhere; what is in it without its bytes is nowhere.
  const isWhole = ({ metadata }: StoredBackup): boolean =>
    metadata.chain.every((id) => withBytes.has(id) || !known.has(id));
  const candidates = backups.map((one) => candidateOf(one, isWhole(one)));
  const { timezone } = context.settings;
  const plan = planRetention(
    candidates,
    policy,
    context.clock.now(),
    timezone,
    await neededByLone(loneArchives, context.keys),
  );
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

/** Archives that lost their folders stay, and so does what they build on. */
async function neededByLone(
  files: readonly string[],
  keys: KeyRing,
): Promise<Pick<RetentionCandidate, 'id' | 'buildsOn'>[]> {
  const lone = await openLoneArchives(files, keys);
  return lone.flatMap((one) => (one.kind === 'backup' ? [{ id: one.id, buildsOn: one.metadata.chain }] : []));
}

/** @param hasBytes whether it and all that it builds on are there. */
function candidateOf(backup: StoredBackup, hasBytes: boolean): RetentionCandidate {
  const { id, metadata } = backup;
  return {
    id,
    timestamp: new Date(metadata.timestamp),
    type: metadata.type,
    // What was limited to a date holds a part of the project, and replaces nothing.
    complete: metadata.complete && hasBytes && metadata.since === undefined,
    ...(metadata.verifiedAt === undefined || !hasBytes ? {} : { verifiedAt: new Date(metadata.verifiedAt) }),
    targets: Object.keys(metadata.targets).filter((name) => (metadata.targets[name]?.files ?? 0) > 0),
    buildsOn: metadata.chain.filter((base) => base !== id),
    sizeBytes: metadata.storedSize,
  };
}

/**
 * Oldest last in the plan, so from its end: whatever stops this, the newer ones are still there. But what builds on a backup
 * goes before it.
 */
function removeAll(
  context: RunContext,
  store: Store,
  backups: readonly StoredBackup[],
  remove: readonly CleanupVerdict[],
): void {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const oldestFirst = [...remove].reverse().flatMap(({ id }) => byId.get(id) ?? []);
  const removed = new Set<string>();
  const removeWithDependents = (backup: StoredBackup): void => {
    if (removed.has(backup.id)) return;
    removed.add(backup.id);
    for (const other of oldestFirst) if (other.metadata.chain.includes(backup.id)) removeWithDependents(other);
    if (context.signal.aborted) throw new BackupError('INTERRUPTED', {});
    removeBackup(store, backup);
  };
  oldestFirst.forEach(removeWithDependents);
}
