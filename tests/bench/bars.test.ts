import { describe, expect, test } from '@jest/globals';
import { isReached, judge, type Bar } from '../../bench/bars.ts';
import type { ChildCost } from '../../bench/measure/measure-child.ts';
import { median } from '../../bench/measure/median.ts';
import type { ToolMeasurements } from '../../bench/measurements.ts';

const cost = (wallSeconds: number, megabytes = 100): ChildCost => ({
  wallSeconds,
  userSeconds: wallSeconds,
  systemSeconds: 0,
  peakBytes: megabytes * 1_000_000,
  otherCpuSeconds: 0,
});

const tool = (name: string, runs: ToolMeasurements['runs']): ToolMeasurements => ({ name, label: name, runs });

const named = (bars: Bar[], start: string): Bar => {
  const found = bars.find(({ name }) => name.startsWith(start));
  if (found === undefined) throw new Error(`No bar ${start}`);
  return found;
};

describe('bars', () => {
  test('are ratios of medians, so that one slow round decides nothing', () => {
    const bars = judge({
      tools: [
        tool('ours-gzip', { full: [cost(9), cost(90), cost(10)] }),
        tool('tar-pigz', { full: [cost(11), cost(10), cost(12)] }),
      ],
    });
    expect(named(bars, 'full gzip').value).toBeCloseTo(10 / 11);
    expect(isReached(named(bars, 'full gzip'))).toBe(true);
  });

  test('that are missed by a little are missed', () => {
    const bars = judge({
      tools: [tool('ours-zstd', { restore: [cost(8.01)] }), tool('restic', { restore: [cost(10)] })],
    });
    expect(isReached(named(bars, 'restore zstd'))).toBe(false);
  });

  test('that were not measured are neither reached nor missed', () => {
    const bars = judge({ tools: [tool('ours-zstd', { full: [cost(1)] })] });
    expect(isReached(named(bars, 'full zstd'))).toBeUndefined();
    expect(isReached(named(bars, 'verify gzip'))).toBeUndefined();
    expect(isReached(named(bars, 'list'))).toBeUndefined();
  });

  test('take the worst of ours for list and memory', () => {
    const bars = judge({
      tools: [
        tool('ours-gzip', { full: [cost(1, 200)], list: [cost(0.3, 60)] }),
        tool('ours-none', { full: [cost(1, 100)], restore: [cost(1, 300)], list: [cost(0.6, 60)] }),
        tool('restic', { full: [cost(1, 900)], list: [cost(3)] }),
      ],
      fileCounts: [
        { files: 1_000, measured: tool('ours-gzip', { full: [cost(1, 450)] }) },
        { files: 10_000, measured: tool('ours-gzip', { full: [cost(10, 400)] }) },
      ],
    });
    expect(named(bars, 'list')).toMatchObject({ value: 0.6, limit: 0.5 });
    expect(named(bars, 'peak memory of any action')).toMatchObject({ value: 300, limit: 256 });
    expect(named(bars, 'peak memory, up to 10000 files')).toMatchObject({ value: 450, limit: 512 });
  });

  test('hold a day, no change and a chain against restic', () => {
    const bars = judge({
      tools: [
        {
          ...tool('ours-gzip', { day: [cost(3)], nochange: [cost(1)], chain: [cost(8)] }),
          addedBytes: { day: [7_000_000, 9_000_000, 8_000_000] },
        },
        {
          ...tool('restic', { day: [cost(6)], nochange: [cost(2)], chain: [cost(10)] }),
          addedBytes: { day: [80_000_000] },
        },
      ],
    });
    expect(named(bars, 'bytes added by a day, gzip')).toMatchObject({ value: 0.1, limit: 0.125 });
    expect(named(bars, "time of a day's backup, gzip")).toMatchObject({ value: 0.5, limit: 0.6 });
    expect(named(bars, 'backup without changes, gzip')).toMatchObject({ value: 0.5, limit: 0.4 });
    expect(named(bars, 'restore of a chain, gzip')).toMatchObject({ value: 0.8, limit: 0.9 });
    expect(isReached(named(bars, 'bytes added by a day, zstd'))).toBeUndefined();
  });

  test('compare stores after the last day, and not where a tool did not come so far', () => {
    const growth = (...stored: number[]): ToolMeasurements['growth'] =>
      stored.map((storedBytes, day) => ({ day, storedBytes }));
    const grown = (name: string, ...stored: number[]): ToolMeasurements => ({
      ...tool(name, {}),
      growth: growth(...stored)!,
    });
    const bars = judge({
      tools: [grown('ours-gzip', 100, 105, 110), grown('ours-zstd', 90, 95), grown('restic', 100, 200, 300)],
    });
    expect(named(bars, 'store after 2 days, gzip').value).toBeCloseTo(110 / 300);
    expect(isReached(named(bars, 'store after 2 days, zstd'))).toBeUndefined();
  });

  test('tell flat memory and linear time from the two largest projects', () => {
    const unchanged = (files: number, seconds: number, megabytes: number) => ({
      files,
      measured: tool('ours-gzip', { nochange: [cost(seconds, megabytes)] }),
    });
    const bars = judge({
      tools: [],
      fileCounts: [unchanged(1_000, 0.3, 50), unchanged(100_000, 2, 100), unchanged(1_000_000, 30, 130)],
    });
    expect(named(bars, 'peak memory on 1000000 files').value).toBeCloseTo(1.3);
    expect(isReached(named(bars, 'peak memory on 1000000 files'))).toBe(false);
    expect(named(bars, 'backup without changes of 1000000')).toMatchObject({ value: 30, limit: 20 });
    expect(named(bars, 'its time a file').value).toBeCloseTo(1.5);
  });
});

test('the median of an even number of runs lies between the two in the middle', () => {
  expect(median([4, 1, 3, 100])).toBe(3.5);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow(RangeError);
});
