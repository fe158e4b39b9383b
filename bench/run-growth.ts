import { bytesBelow, restoreOnce, runChild } from './contest.ts';
import { withHistory, type HistoryOptions } from './history.ts';

export interface GrowthOptions extends HistoryOptions {
  /** Days after the full backup, each with a backup of its own. */
  days: number;
}

/**
 * Watches the stores grow, a backup a day, with nothing ever removed from them. Size and time of each day's backup are
 * kept; the last one is restored and compared.
 */
export async function runGrowth(options: GrowthOptions): Promise<void> {
  await withHistory(options, async ({ passDay, eachTool }) => {
    await eachTool(0, async ({ measured }, place) => {
      measured.growth = [{ day: 0, storedBytes: bytesBelow(place.store) }];
    });
    for (let day = 1; day <= options.days; day += 1) {
      await passDay();
      await eachTool(day, async ({ tool, measured }, place) => {
        if (tool.next === undefined) return;
        const cost = await runChild(options, tool.next(place, day));
        measured.growth?.push({ day, storedBytes: bytesBelow(place.store), cost });
        options.onMeasured(tool, `growth day ${day}`, 0, cost);
      });
    }
    await eachTool(0, async (entrant, place) => {
      await restoreOnce(options, entrant, place, options.days, true);
    });
  });
}
