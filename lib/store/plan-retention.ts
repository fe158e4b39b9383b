import type { RetentionSettings } from '../config/settings.ts';
import { newestFirst, timeOfBackupId } from './backup-id.ts';
import { periodNamer, retentionTiers, type RetentionTier } from './retention-period.ts';
import type { BackupKind } from './metadata.ts';

/** What retention has to know of one backup. */
export interface RetentionCandidate {
  id: string;
  /** What the clock said when it was made. */
  timestamp: Date;
  type: BackupKind;
  complete: boolean;
  /** True when a source shrank to nothing: it may be a backup of a disk that was not mounted. */
  suspect?: boolean;
  verifiedAt?: Date;
  /** Names of the targets that it holds files of. A partial backup is no replacement for a whole one. */
  targets?: readonly string[];
  /** The IDs of the backups whose archives it needs. */
  buildsOn?: readonly string[];
  /** Bytes that removing it frees. */
  sizeBytes: number;
}

/** Why a backup is kept or removed. `period` is a name such as `2026-06-19`, `2026-W25` or `2026-06`. */
export type RetentionReason =
  | { code: 'no-complete-backup' }
  | { code: 'newest-is-suspect'; id: string }
  | { code: 'dated-in-future' }
  | { code: 'newest-complete' }
  | { code: 'newest-regular' }
  | { code: 'newest-verified' }
  | { code: 'newest-of-target'; target: string }
  | { code: 'needed-by'; id: string }
  | { code: 'newest-of-period'; tier: RetentionTier; period: string }
  | { code: 'within-limits' }
  | { code: 'no-limit' }
  | { code: 'older-than-days'; days: number; ageDays: number }
  | { code: 'over-count'; count: number }
  | { code: 'in-no-tier' };

export interface RetentionVerdict {
  id: string;
  reasons: RetentionReason[];
}

/** Which backups stay and which go, newest first, each with every reason that holds for it. */
export interface RetentionPlan {
  keep: RetentionVerdict[];
  remove: RetentionVerdict[];
}

const dayMs = 86_400_000;

/**
 * Decides what a cleanup removes. Pure: the same backups, policy and time give the same plan.
 *
 * A backup goes when it is older than `days` or beyond the newest `count`, and no tier keeps it. Without `days` and
 * `count` the tiers alone decide. Whatever the policy says, these stay: the newest complete backup, the newest complete
 * one that is no safety backup, the newest complete one that holds each target, the newest verified one, what is dated
 * in the future, and all that a kept backup builds on. Nothing goes while no backup is complete, or while the newest
 * one is suspect.
 *
 * @param timezone whose hours, days and months the tiers mean: an IANA name.
 * @param alsoKept what is not asked about, and stays together with all that it builds on.
 */
export function planRetention(
  backups: readonly RetentionCandidate[],
  policy: RetentionSettings,
  now: Date,
  timezone = 'UTC',
  alsoKept: readonly Pick<RetentionCandidate, 'id' | 'buildsOn'>[] = [],
): RetentionPlan {
  const ordered = [...backups].sort(newestFirst);
  const past = ordered.filter((backup) => timeOf(backup) <= now.getTime());
  const good = past.filter(isGood);

  const kept = new Map<string, RetentionReason[]>();
  const keep = (backup: RetentionCandidate | undefined, reason: RetentionReason): void => {
    if (backup !== undefined) kept.set(backup.id, [...(kept.get(backup.id) ?? []), reason]);
  };

  for (const backup of ordered) if (timeOf(backup) > now.getTime()) keep(backup, { code: 'dated-in-future' });
  keep(good[0], { code: 'newest-complete' });
  keep(
    good.find((backup) => backup.type !== 'pre-restore'),
    { code: 'newest-regular' },
  );
  for (const [target, backup] of newestOfEachTarget(good)) {
    if (backup !== good[0]) keep(backup, { code: 'newest-of-target', target });
  }
  const newestVerified = past.find((backup) => backup.verifiedAt !== undefined);
  const newestVerifiedGood = good.find((backup) => backup.verifiedAt !== undefined);
  for (const backup of new Set([newestVerified, newestVerifiedGood])) keep(backup, { code: 'newest-verified' });
  for (const [backup, reason] of keptByTiers(good, policy, timezone)) keep(backup, reason);

  if (good.length === 0) {
    for (const backup of past) keep(backup, { code: 'no-complete-backup' });
  } else if (past[0]?.suspect === true) {
    for (const backup of past) keep(backup, { code: 'newest-is-suspect', id: past[0].id });
  }

  const limitsHit = limitsHitByEach(past, good, policy, now);
  for (const backup of past) if (limitsHit.get(backup.id)?.length === 0) keep(backup, withinLimits(policy));
  keepWhatIsNeeded(ordered, alsoKept, kept, keep);

  const plan: RetentionPlan = { keep: [], remove: [] };
  for (const { id } of ordered) {
    const reasons = kept.get(id);
    if (reasons !== undefined) plan.keep.push({ id, reasons });
    else plan.remove.push({ id, reasons: limitsHit.get(id) ?? [] });
  }
  return plan;
}

/** The newest good backup that holds each target; safety backups of a part of the project do not count. */
function newestOfEachTarget(good: readonly RetentionCandidate[]): Map<string, RetentionCandidate> {
  const newest = new Map<string, RetentionCandidate>();
  for (const backup of good) {
    if (backup.type === 'pre-restore') continue;
    for (const target of backup.targets ?? []) if (!newest.has(target)) newest.set(target, backup);
  }
  return newest;
}

const timeOf = (backup: RetentionCandidate): number => backup.timestamp.getTime();

/**
 * From when its age counts. An ID is later than all before it, so that a backup made while the clock was behind is
 * known to be younger than its timestamp says; an ID that was pushed into the future says nothing.
 */
function agesFrom(backup: RetentionCandidate, now: Date): number {
  const timeInId = timeOfBackupId(backup.id)?.getTime() ?? Infinity;
  return timeInId > now.getTime() ? timeOf(backup) : Math.max(timeInId, timeOf(backup));
}

const isGood = (backup: RetentionCandidate): boolean => backup.complete && backup.suspect !== true;

const hasTiers = (policy: RetentionSettings): boolean => retentionTiers.some((tier) => (policy[tier] ?? 0) > 0);

const hasLimits = (policy: RetentionSettings): boolean => policy.days !== undefined || policy.count !== undefined;

const withinLimits = (policy: RetentionSettings): RetentionReason => ({
  code: hasLimits(policy) ? 'within-limits' : 'no-limit',
});

/**
 * A tier of N keeps the newest good backup of each of the N newest periods that have one. Periods without a backup do
 * not count, so that a machine that was off for a year does not lose its history on the day it comes back.
 */
function keptByTiers(
  good: readonly RetentionCandidate[],
  policy: RetentionSettings,
  timezone: string,
): [RetentionCandidate, RetentionReason][] {
  const namePeriod = periodNamer(timezone);
  const result: [RetentionCandidate, RetentionReason][] = [];
  for (const tier of retentionTiers) {
    const seen = new Set<string>();
    for (const backup of good) {
      if (seen.size >= (policy[tier] ?? 0)) break;
      const period = namePeriod(backup.timestamp, tier);
      if (seen.has(period)) continue;
      seen.add(period);
      result.push([backup, { code: 'newest-of-period', tier, period }]);
    }
  }
  return result;
}

/** Which limits each backup exceeds, by ID. */
function limitsHitByEach(
  past: readonly RetentionCandidate[],
  good: readonly RetentionCandidate[],
  policy: RetentionSettings,
  now: Date,
): Map<string, RetentionReason[]> {
  const rankAmongAll = new Map(past.map((backup, rank) => [backup, rank]));
  const rankOfNewestGood = past.findIndex(isGood);
  // Good ones are counted among themselves: no run of incomplete ones may push them out.
  const rankAmongGood = new Map(good.map((backup, rank) => [backup, rank]));
  const limitsHit = (backup: RetentionCandidate): RetentionReason[] => {
    if (!hasLimits(policy)) {
      // What is newer than the newest good one, though incomplete, is the only copy of the newest data.
      const isNewer = rankOfNewestGood === -1 || (rankAmongAll.get(backup) ?? 0) < rankOfNewestGood;
      return hasTiers(policy) && !isNewer ? [{ code: 'in-no-tier' }] : [];
    }
    const reasons: RetentionReason[] = [];
    const ageDays = (now.getTime() - agesFrom(backup, now)) / dayMs;
    if (policy.days !== undefined && ageDays > policy.days) {
      reasons.push({ code: 'older-than-days', days: policy.days, ageDays: Math.floor(ageDays) });
    }
    const rank = rankAmongGood.get(backup) ?? rankAmongAll.get(backup) ?? 0;
    if (policy.count !== undefined && rank >= policy.count) reasons.push({ code: 'over-count', count: policy.count });
    return reasons;
  };
  return new Map(past.map((backup) => [backup.id, limitsHit(backup)]));
}

/** Follows `buildsOn` from every kept backup; what would have gone stays, named after the one that needs it. */
function keepWhatIsNeeded(
  ordered: readonly RetentionCandidate[],
  alsoKept: readonly Pick<RetentionCandidate, 'id' | 'buildsOn'>[],
  kept: ReadonlyMap<string, RetentionReason[]>,
  keep: (backup: RetentionCandidate, reason: RetentionReason) => void,
): void {
  const byId = new Map(ordered.map((backup) => [backup.id, backup]));
  const open = [...alsoKept, ...ordered.filter((backup) => kept.has(backup.id))];
  for (let backup = open.shift(); backup !== undefined; backup = open.shift()) {
    for (const id of backup.buildsOn ?? []) {
      const base = byId.get(id);
      if (base === undefined || kept.has(id)) continue;
      keep(base, { code: 'needed-by', id: backup.id });
      open.push(base);
    }
  }
}
