import { bytesBelow, restoreOnce, runChild, type Entrant } from './contest.ts';
import { withHistory, type HistoryOptions } from './history.ts';
import type { Place } from './tools/tool.ts';

export interface DaysOptions extends HistoryOptions {
  actions: readonly ('day' | 'nochange')[];
  rounds: number;
}

/**
 * Measures the backup of one ordinary day's changes, and of none: a full backup first, then the day, then the second backup,
 * then a third of the same project. Each round begins anew, with a fresh copy of the project and empty stores.
 */
export async function runDays(options: DaysOptions): Promise<void> {
  for (let round = 0; round < options.rounds; round += 1) {
    await withHistory(options, async ({ passDay, eachTool }) => {
      await passDay();
      await eachTool(round, (entrant, place) => nextBackup(options, entrant, place, round, 'day', 1));
      if (options.actions.includes('nochange'))
        await eachTool(round, (entrant, place) => nextBackup(options, entrant, place, round, 'nochange', 2));
      if (round > 0) return;
      const last = options.actions.includes('nochange') ? 2 : 1;
      await eachTool(0, async (entrant, place) => {
        await restoreOnce(options, entrant, place, last, true);
      });
    });
  }
}

async function nextBackup(
  options: DaysOptions,
  { tool, measured }: Entrant,
  place: Place,
  round: number,
  action: 'day' | 'nochange',
  index: number,
): Promise<void> {
  if (tool.next === undefined) return;
  const before = bytesBelow(place.store);
  const cost = await runChild(options, tool.next(place, index));
  if (!options.actions.includes(action)) return;
  (measured.runs[action] ??= []).push(cost);
  ((measured.addedBytes ??= {})[action] ??= []).push(bytesBelow(place.store) - before);
  options.onMeasured(tool, action, round, cost);
}
