import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enter } from '../../bench/contest.ts';
import type { ToolMeasurements } from '../../bench/measurements.ts';
import { runRounds, type RoundsOptions } from '../../bench/run-rounds.ts';
import { stockTools } from '../../bench/tools/stock-tools.ts';
import { pipeline, type BenchTool } from '../../bench/tools/tool.ts';

const copier: BenchTool = {
  name: 'copier',
  label: 'cp -a',
  backup: (place) => pipeline('cp -a "$HOST" "$STORE/copy"', place),
  restore: (place) => pipeline('cp -a "$STORE/copy/." "$DESTINATION"', place),
  list: (place) => pipeline('test "$(ls "$STORE" | wc -l)" = 4 && ls "$STORE"', place),
};

const numbered: BenchTool = {
  ...copier,
  backup: (place, index) => pipeline(`cp -a "$HOST" "$STORE/copy${index === 0 ? '' : `-${index}`}"`, place),
};

/** Runs the rounds and returns what was measured of each tool. */
async function measure({
  tools,
  ...rest
}: Omit<RoundsOptions, 'entrants'> & { tools: BenchTool[] }): Promise<ToolMeasurements[]> {
  const entrants = enter(tools);
  await runRounds({ ...rest, entrants });
  return entrants.map(({ measured }) => measured);
}

let folder: string;
let order: string[];
let options: Omit<RoundsOptions, 'entrants'>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-rounds-'));
  order = [];
  for (const name of ['host/notes', 'small', 'workspace']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'host/notes/one.md'), 'one');
  writeFileSync(join(folder, 'host/.env'), 'A=1');
  writeFileSync(join(folder, 'small/two.md'), 'two');
  options = {
    actions: ['full', 'restore'],
    rounds: 2,
    host: join(folder, 'host'),
    smallHost: join(folder, 'small'),
    listedBackups: 4,
    workspace: join(folder, 'workspace'),
    signal: new AbortController().signal,
    onMeasured: (tool, action, round) => order.push(`${round} ${tool.name} ${action}`),
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('interleaved rounds', () => {
  test('begin with another tool each time, and leave nothing behind', async () => {
    const results = await measure({ ...options, tools: [copier, { ...copier, name: 'other' }] });
    expect(order).toEqual([
      ...['0 copier full', '0 copier restore', '0 other full', '0 other restore'],
      ...['1 other full', '1 other restore', '1 copier full', '1 copier restore'],
    ]);
    expect(results.map(({ runs }) => [runs.full?.length, runs.restore?.length])).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(results[0]?.storedBytes).toBe('one'.length + 'A=1'.length);
    expect(readdirSync(options.workspace)).toEqual([]);
  });

  test('do not believe a restore that changes, adds or loses a file', async () => {
    const restore =
      (script: string): NonNullable<BenchTool['restore']> =>
      (place) =>
        pipeline(`cp -a "$STORE/copy/." "$DESTINATION"; cd "$DESTINATION"; ${script}`, place);
    const results = await measure({
      ...options,
      tools: [
        { ...copier, name: 'changer', restore: restore('echo two > notes/one.md') },
        { ...copier, name: 'adder', restore: restore('echo two > notes/two.md') },
        { ...copier, name: 'loser', restore: restore('rm notes/one.md .env') },
        { ...copier, name: 'leaver', restore: restore('rm .env'), leavesOut: ['.env'] },
      ],
    });
    expect(results.map(({ name, failure }) => [name, failure])).toEqual([
      ['changer', 'Restored wrongly (1): notes/one.md is different'],
      ['adder', 'Restored wrongly (1): notes/two.md was added'],
      ['loser', expect.stringContaining('notes/one.md is missing')],
      ['leaver', undefined],
    ]);
    expect(results.map(({ runs }) => Object.keys(runs))).toEqual([[], [], [], ['full', 'restore']]);
  });

  test('go on without a tool that fails or is not there', async () => {
    const results = await measure({
      ...options,
      tools: [
        { ...copier, name: 'broken', backup: (place) => pipeline('echo disk on fire; false | cat', place) },
        { ...copier, name: 'absent', missing: 'absent is not installed' },
        copier,
      ],
    });
    expect(results[0]?.failure).toMatch(/exit code 1[^]*disk on fire/);
    expect(results[1]?.failure).toBe('absent is not installed');
    expect(results[2]?.failure).toBeUndefined();
    expect(results[2]?.runs.full).toHaveLength(2);
  });

  test('list as many backups as were asked for', async () => {
    const results = await measure({ ...options, actions: ['list'], tools: [numbered] });
    expect(results[0]).toMatchObject({ runs: { list: [{}, {}] } });
    expect(results[0]?.failure).toBeUndefined();
    expect(order).toEqual(['0 copier list', '1 copier list']);
  });

  test('run the stock tools that are installed', async () => {
    const results = await measure({
      ...options,
      actions: ['full', 'verify', 'restore'],
      rounds: 1,
      tools: stockTools(),
    });
    for (const { failure } of results) if (failure !== undefined) expect(failure).toMatch(/is not installed/);
    expect(results.find(({ name }) => name === 'tar-gzip')).toMatchObject({ runs: { full: [{}], verify: [{}] } });
  });

  test('end at once when they are interrupted', async () => {
    const interruption = new AbortController();
    const running = measure({
      ...options,
      signal: interruption.signal,
      tools: [{ ...copier, restore: (place) => pipeline('sleep 1000', place) }],
      onMeasured: () => interruption.abort(new Error('enough')),
    });
    await expect(running).rejects.toThrow('enough');
    expect(readdirSync(options.workspace)).toEqual([]);
  });
});
