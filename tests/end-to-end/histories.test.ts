/**
 * Random projects with random histories, backed up in random ways, and restored at every point. A failure prints the steps,
 * and fast-check takes away those that it does not need.
 *
 * `HISTORIES=500` makes more of them, `HISTORIES_STEPS=80` longer ones; `HISTORIES_SEED` and `HISTORIES_PATH` repeat one that failed.
 */
import { beforeAll, test } from '@jest/globals';
import fc from 'fast-check';
import { HistoryRoom, usableCompressions } from '../support/history-room.ts';
import { historyOf, type Step } from '../support/history-steps.ts';

const numberFrom = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const histories = numberFrom('HISTORIES', 12);
const mostSteps = numberFrom('HISTORIES_STEPS', 30);
const isRepeated = process.env['HISTORIES_SEED'] !== undefined;
const minutes = Math.max(3, histories / 5);

let compressions: string[];
beforeAll(async () => {
  compressions = await usableCompressions();
});

const lastBackup: Step = {
  do: 'backup',
  mode: 'incremental',
  format: 'tar',
  compression: 0,
  rehash: false,
  cache: 'none',
  settled: false,
  outside: false,
};

async function live(steps: readonly Step[]): Promise<void> {
  const room = new HistoryRoom(compressions);
  try {
    for (const step of [...steps, lastBackup]) await room.apply(step);
    await room.check();
  } catch (error) {
    const log = room.log.map((line, number) => `${String(number + 1).padStart(3)}. ${line}`).join('\n');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nafter these steps:\n${log}\n`, {
      cause: error,
    });
  } finally {
    room.remove();
  }
}

test(
  'every backup of a random history gives what was there when it was made',
  async () => {
    await fc.assert(fc.asyncProperty(historyOf(mostSteps), live), {
      numRuns: histories,
      // Shrinking goes on until then, and a run that is not done by then has found nothing.
      interruptAfterTimeLimit: minutes * 60_000,
      ...(isRepeated ? { seed: numberFrom('HISTORIES_SEED', 0) } : {}),
      ...(process.env['HISTORIES_PATH'] === undefined ? {} : { path: process.env['HISTORIES_PATH'] }),
    });
  },
  (minutes + 1) * 60_000,
);
