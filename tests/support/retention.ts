import type { RetentionCandidate, RetentionPlan } from '../../lib/store/plan-retention.ts';

/** The moment at which plans are made. */
export const now = new Date('2026-06-19T12:00:00Z');
export const dayMs = 86_400_000;

/** A good scheduled backup, named after its time. */
export function backup(time: string, more: Partial<RetentionCandidate> = {}): RetentionCandidate {
  return { id: time, timestamp: new Date(time), type: 'scheduled', complete: true, sizeBytes: 1, ...more };
}

/** One good backup at 02:00 UTC on each of the last `count` days, newest first. */
export const everyNight = (count: number): RetentionCandidate[] =>
  Array.from({ length: count }, (_, days) =>
    backup(new Date(Date.UTC(2026, 5, 19, 2) - days * dayMs).toISOString().slice(0, 16) + 'Z'),
  );

export const survivors = (plan: RetentionPlan): string[] => plan.keep.map((one) => one.id);
export const removed = (plan: RetentionPlan): string[] => plan.remove.map((one) => one.id);
export const reasonsOf = (plan: RetentionPlan, id: string): string[] =>
  [...plan.keep, ...plan.remove].find((one) => one.id === id)?.reasons.map((reason) => reason.code) ?? [];
