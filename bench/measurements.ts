import type { ChildCost } from './measure/measure-child.ts';
import { median } from './measure/median.ts';

/** What is measured of one full backup, each time into an empty store. */
export const roundActions = ['full', 'restore', 'verify', 'list'] as const;
export type RoundAction = (typeof roundActions)[number];

/**
 * What is measured of a store that grows: the backup of a day's changes, that of no change at all, and the restore of the
 * last backup after a week of days.
 */
export const historyActions = ['day', 'nochange', 'chain'] as const;
export type HistoryAction = (typeof historyActions)[number];

export const actions = [...roundActions, ...historyActions] as const;
export type Action = (typeof actions)[number];

/** What was measured of one tool. */
export interface ToolMeasurements {
  name: string;
  label: string;
  /** One cost a round. */
  runs: Partial<Record<Action, ChildCost[]>>;
  /** Size of the store after one full backup, in bytes. */
  storedBytes?: number;
  /** Bytes by which a backup made the store grow; one number a round. */
  addedBytes?: Partial<Record<'day' | 'nochange', number[]>>;
  /** The store as it grew, day by day; day 0 is the full backup. */
  growth?: GrowthDay[];
  /** Why there are no figures, or no more of them. */
  failure?: string;
}

export interface GrowthDay {
  day: number;
  /** Size of the whole store after this day's backup. */
  storedBytes: number;
  /** Absent for day 0. */
  cost?: ChildCost;
}

/** What one tool cost on projects of so many small files. */
export interface FileCountMeasurements {
  files: number;
  measured: ToolMeasurements;
}

/** The median of one figure of one tool's action, or undefined where it was not measured. */
export function medianOf(
  tool: ToolMeasurements | undefined,
  action: Action,
  figure: keyof ChildCost,
): number | undefined {
  const runs = tool?.runs[action];
  return runs === undefined || runs.length === 0 ? undefined : median(runs.map((run) => run[figure]));
}

/** The median of the bytes that a backup added, or undefined where it was not measured. */
export function medianAdded(tool: ToolMeasurements | undefined, action: 'day' | 'nochange'): number | undefined {
  const added = tool?.addedBytes?.[action];
  return added === undefined || added.length === 0 ? undefined : median(added);
}

/** The largest peak of memory over a tool's actions, each action's being the median of its rounds. */
export function peakOf(tool: ToolMeasurements | undefined): number | undefined {
  const peaks = actions.flatMap((action) => medianOf(tool, action, 'peakBytes') ?? []);
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}
