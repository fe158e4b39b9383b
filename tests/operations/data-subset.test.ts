import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemRandom } from '../../lib/core/clock.ts';
import { chooseSubset, parseDataSubset, totalOf, type DataSubset } from '../../lib/operations/data-subset.ts';

describe('a subset is asked for', () => {
  test.each<[string, DataSubset]>([
    ['10%', { kind: 'percent', percent: 10 }],
    ['2.5%', { kind: 'percent', percent: 2.5 }],
    ['100%', { kind: 'percent', percent: 100 }],
    ['1/7', { kind: 'group', group: 1, of: 7 }],
    ['7/7', { kind: 'group', group: 7, of: 7 }],
    ['500M', { kind: 'bytes', bytes: 500 * 2 ** 20 }],
    ['1k', { kind: 'bytes', bytes: 1024 }],
    ['2G', { kind: 'bytes', bytes: 2 ** 31 }],
    ['3T', { kind: 'bytes', bytes: 3 * 2 ** 40 }],
    ['4096', { kind: 'bytes', bytes: 4096 }],
  ])('as %s', (text, subset) => {
    expect(parseDataSubset(text)).toEqual(subset);
  });

  test.each([
    '',
    '0%',
    '101%',
    '-1%',
    '%',
    '0/7',
    '8/7',
    '1/0',
    '1/',
    '0',
    '0M',
    '1.5G',
    'all',
    '10 %',
    '999999999999T',
  ])('and not as %j', (text) => {
    expect(parseDataSubset(text)).toBeUndefined();
  });
});

const sizes = fc.array(fc.nat(5_000_000), { minLength: 1, maxLength: 200 });
const sizeOf = (all: number[], chosen: Set<number>): number => totalOf([...chosen].map((at) => all[at] ?? NaN));

describe('what is chosen', () => {
  test('is as large as asked, and not by more than one piece larger', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0.001, max: 100, noNaN: true }), (all, percent) => {
        const chosen = chooseSubset(all, { kind: 'percent', percent }, systemRandom);
        const wanted = (totalOf(all) * percent) / 100;
        const bytes = sizeOf(all, chosen);
        expect(chosen.size).toBeGreaterThan(0);
        expect(bytes).toBeGreaterThanOrEqual(Math.floor(wanted));
        const last = all[[...chosen].at(-1) ?? 0] ?? 0;
        expect(bytes - last).toBeLessThanOrEqual(wanted);
      }),
    );
  });

  test('is everything for a size beyond all there is', () => {
    fc.assert(
      fc.property(sizes, (all) => {
        const chosen = chooseSubset(all, { kind: 'bytes', bytes: 2 ** 50 }, systemRandom);
        expect([...chosen].sort((a, b) => a - b)).toEqual(all.map((_, at) => at));
      }),
    );
  });

  test('are groups that are the same each time, and all pieces together', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), (all, of) => {
        const groups = Array.from({ length: of }, (_, at) => [
          ...chooseSubset(all, { kind: 'group', group: at + 1, of }, systemRandom),
        ]);
        expect(groups.flat().sort((a, b) => a - b)).toEqual(all.map((_, at) => at));
      }),
    );
  });

  test('are groups of about the same size, though pieces are large and small in turns', () => {
    const all = Array.from({ length: 400 }, (_, at) => (at % 2 === 0 ? 100 : 1_000_000));
    for (const group of [1, 2, 3, 4]) {
      const bytes = sizeOf(all, chooseSubset(all, { kind: 'group', group, of: 4 }, systemRandom));
      expect(Math.abs(bytes - totalOf(all) / 4)).toBeLessThanOrEqual(1_000_100);
    }
  });

  test('is another part each time, and each piece sooner or later', () => {
    const all = Array.from({ length: 50 }, () => 1000);
    const seen = new Set<number>();
    const runs = Array.from({ length: 100 }, () => {
      const chosen = [...chooseSubset(all, { kind: 'percent', percent: 10 }, systemRandom)].sort((a, b) => a - b);
      expect(chosen).toHaveLength(5);
      for (const at of chosen) seen.add(at);
      return chosen.join();
    });
    expect(new Set(runs).size).toBeGreaterThan(50);
    expect(seen.size).toBe(50);
  });

  test('is nothing of nothing', () => {
    expect(chooseSubset([], { kind: 'percent', percent: 10 }, systemRandom).size).toBe(0);
  });
});
