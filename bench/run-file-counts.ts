import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { enter, openStore, restoreOnce, runChild, takeTurns, type Contest, type Entrant } from './contest.ts';
import { makeHost } from './history.ts';
import type { ChildCost } from './measure/measure-child.ts';
import type { Action, FileCountMeasurements } from './measurements.ts';
import type { BenchTool } from './tools/tool.ts';

export interface FileCountOptions extends Omit<Contest, 'entrants'> {
  tool: BenchTool;
  /** How many small files each project has, from few to many. */
  fileCounts: readonly number[];
  /** How often the backup without changes is measured; few enough that no full one comes in between. */
  unchangedRuns: number;
  /** Told before each project is built. */
  onCount: (files: number) => void;
}

/**
 * Measures one tool on projects of more and more small files: whether its memory stays flat and its time grows no faster than
 * their number. Each has a full backup, some without changes, a verification and a restore.
 */
export async function runFileCounts(options: FileCountOptions): Promise<FileCountMeasurements[]> {
  const results: FileCountMeasurements[] = [];
  for (const files of options.fileCounts) {
    options.onCount(files);
    const contest: Contest = { ...options, entrants: enter([options.tool]) };
    await takeTurns(contest, 0, (entrant) => measureOn(files, entrant, contest, options.unchangedRuns));
    results.push(...contest.entrants.map(({ measured }) => ({ files, measured })));
  }
  return results;
}

async function measureOn(files: number, entrant: Entrant, contest: Contest, unchangedRuns: number): Promise<void> {
  const { tool, measured } = entrant;
  const folder = join(contest.workspace, `${tool.name}-files`);
  const host = join(contest.workspace, 'many-files');
  const record = (action: Action, round: number, cost: ChildCost): void => {
    (measured.runs[action] ??= []).push(cost);
    contest.onMeasured(tool, `${action} of ${files} files`, round, cost);
  };
  try {
    await runChild(contest, makeHost('many', host, '--count', String(files)));
    const place = await openStore(contest, entrant, folder, host);
    record('full', 0, await runChild(contest, tool.backup(place, 0)));
    if (tool.verify !== undefined) record('verify', 0, await runChild(contest, tool.verify(place)));
    if (tool.next !== undefined) {
      for (let run = 0; run < unchangedRuns; run += 1)
        record('nochange', run, await runChild(contest, tool.next(place, run + 1)));
    }
    const cost = await restoreOnce(contest, entrant, place, tool.next === undefined ? 0 : unchangedRuns, false);
    if (cost !== undefined) record('restore', 0, cost);
  } finally {
    for (const made of [folder, host]) rmSync(made, { recursive: true, force: true });
  }
}
