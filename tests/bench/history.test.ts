import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildHost } from '../../bench/build-host.ts';
import { enter, type Entrant } from '../../bench/contest.ts';
import type { HistoryOptions } from '../../bench/history.ts';
import { runChain } from '../../bench/run-chain.ts';
import { runDays } from '../../bench/run-days.ts';
import { runGrowth } from '../../bench/run-growth.ts';
import { pipeline, type BenchTool } from '../../bench/tools/tool.ts';

const scale = 0.001;

/** An incremental backup of a few lines: a tar of everything, then a tar a day of what tar finds changed. */
const dailyTar: BenchTool = {
  name: 'daily-tar',
  label: 'tar --listed-incremental',
  backup: (place, index) => dailyTarOf(place, index),
  next: (place, index) => dailyTarOf(place, index),
  restore: (place, index) =>
    pipeline(
      `for part in $(seq 0 ${index}); do tar -C "$DESTINATION" -xf "$STORE/$part.tar" --listed-incremental=/dev/null; done`,
      place,
    ),
};

function dailyTarOf(place: Parameters<BenchTool['backup']>[0], index: number): ReturnType<BenchTool['backup']> {
  return pipeline(`tar -C "$HOST" -cf "$STORE/${index}.tar" --listed-incremental="$STORE/../snapshot" .`, place);
}

/** Says that it made the day's backup, and kept the first day's. */
const forgetful: BenchTool = {
  ...dailyTar,
  name: 'forgetful',
  restore: (place) => pipeline(`tar -C "$DESTINATION" -xf "$STORE/0.tar"`, place),
};

const onlyFull: BenchTool = { name: 'only-full', label: 'only full', backup: dailyTar.backup };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-history-'));
  buildHost(join(folder, 'host'), { scale });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let told: string[];
let options: Omit<HistoryOptions, 'entrants'>;
beforeEach(() => {
  told = [];
  mkdirSync(join(folder, 'workspace'));
  options = {
    host: join(folder, 'host'),
    scale,
    workspace: join(folder, 'workspace'),
    signal: new AbortController().signal,
    onMeasured: (tool, action, round) => told.push(`${round} ${tool.name} ${action}`),
  };
});
afterEach(() => rmSync(join(folder, 'workspace'), { recursive: true }));

describe('a history of days', () => {
  test("measures the day and then no change, anew in each round, in the tools' changing order", async () => {
    const entrants = enter([dailyTar, { ...dailyTar, name: 'other' }, onlyFull]);
    await runDays({ ...options, entrants, actions: ['day', 'nochange'], rounds: 2 });
    expect(told).toEqual([
      ...['0 daily-tar day', '0 other day', '0 daily-tar nochange', '0 other nochange'],
      ...['1 other day', '1 daily-tar day', '1 other nochange', '1 daily-tar nochange'],
    ]);
    const { addedBytes, failure } = measuredOf(entrants, 'daily-tar');
    expect(failure).toBeUndefined();
    expect(addedBytes?.day?.[0]).toBeGreaterThan(addedBytes?.nochange?.[0] ?? Infinity);
    // The same day of the same project: each round measures the same.
    expect(addedBytes?.day?.[1]).toBe(addedBytes?.day?.[0]);
    expect(measuredOf(entrants, 'only-full')).toMatchObject({ runs: {} });
    expect(readdirSync(options.workspace)).toEqual([]);
  });

  test('keeps no figures of a tool that does not give the changed project back', async () => {
    const entrants = enter([forgetful, dailyTar]);
    await runDays({ ...options, entrants, actions: ['day'], rounds: 1 });
    const wrong = measuredOf(entrants, 'forgetful');
    expect(wrong.failure).toMatch(/^Restored wrongly/);
    expect(wrong.runs).toEqual({});
    expect(wrong.addedBytes).toBeUndefined();
    expect(measuredOf(entrants, 'daily-tar').runs.day).toHaveLength(1);
  });

  test('restores the last of a chain of days, some times over', async () => {
    const entrants = enter([dailyTar, forgetful]);
    await runChain({ ...options, entrants, rounds: 2, days: 2 });
    expect(told).toEqual(['0 daily-tar chain', '1 daily-tar chain']);
    expect(measuredOf(entrants, 'daily-tar')).toMatchObject({ runs: { chain: [{}, {}] } });
    expect(measuredOf(entrants, 'forgetful').failure).toMatch(/^Restored wrongly/);
  });

  test('watches a store grow from the full backup on, and no other project than the copy changes', async () => {
    const entrants = enter([dailyTar]);
    await runGrowth({ ...options, entrants, days: 2 });
    const growth = measuredOf(entrants, 'daily-tar').growth ?? [];
    expect(growth.map(({ day, cost }) => [day, cost === undefined])).toEqual([
      [0, true],
      [1, false],
      [2, false],
    ]);
    const sizes = growth.map(({ storedBytes }) => storedBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    const again = enter([dailyTar]);
    await runGrowth({ ...options, entrants: again, days: 1 });
    expect(measuredOf(again, 'daily-tar').growth?.[1]?.storedBytes).toBe(sizes[1]);
  });
});

function measuredOf(entrants: readonly Entrant[], name: string): Entrant['measured'] {
  const found = entrants.find(({ tool }) => tool.name === name);
  if (found === undefined) throw new Error(`No tool ${name}`);
  return found.measured;
}
