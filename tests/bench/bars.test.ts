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
      manyFiles: tool('ours-gzip', { full: [cost(100, 400)] }),
    });
    expect(named(bars, 'list')).toMatchObject({ value: 0.6, limit: 0.5 });
    expect(named(bars, 'peak memory of any action')).toMatchObject({ value: 300, limit: 256 });
    expect(named(bars, 'peak memory on very many')).toMatchObject({ value: 400, limit: 512 });
  });
});

test('the median of an even number of runs lies between the two in the middle', () => {
  expect(median([4, 1, 3, 100])).toBe(3.5);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow(RangeError);
});
