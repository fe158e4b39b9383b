import type { ChildCost } from './measure/measure-child.ts';
import { median } from './measure/median.ts';

export const actions = ['full', 'restore', 'verify', 'list'] as const;
export type Action = (typeof actions)[number];

/** What was measured of one tool. */
export interface ToolMeasurements {
  name: string;
  label: string;
  /** One cost a round. */
  runs: Partial<Record<Action, ChildCost[]>>;
  /** Size of the store after one full backup, in bytes. */
  storedBytes?: number;
  /** Why there are no figures, or no more of them. */
  failure?: string;
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

/** The largest peak of memory over a tool's actions, each action's being the median of its rounds. */
export function peakOf(tool: ToolMeasurements | undefined): number | undefined {
  const peaks = actions.flatMap((action) => medianOf(tool, action, 'peakBytes') ?? []);
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}
