import { restoreOnce, runChild } from './contest.ts';
import { withHistory, type HistoryOptions } from './history.ts';

export interface ChainOptions extends HistoryOptions {
  rounds: number;
  /** Days after the full backup, each with a backup of its own. */
  days: number;
}

/**
 * Measures how long it takes to restore the last of a full backup and some days' backups. The stores are made once, since
 * their bytes would be the same each time; the restores are interleaved.
 */
export async function runChain(options: ChainOptions): Promise<void> {
  await withHistory(options, async ({ passDay, eachTool }) => {
    for (let day = 1; day <= options.days; day += 1) {
      await passDay();
      await eachTool(day, async ({ tool }, place) => {
        if (tool.next !== undefined) await runChild(options, tool.next(place, day));
      });
    }
    for (let round = 0; round < options.rounds; round += 1) {
      await eachTool(round, async (entrant, place) => {
        const cost = await restoreOnce(options, entrant, place, options.days, round === 0);
        if (cost === undefined) return;
        (entrant.measured.runs.chain ??= []).push(cost);
        options.onMeasured(entrant.tool, 'chain', round, cost);
      });
    }
  });
}
