import { afterAll, describe, expect, test } from '@jest/globals';
import { FuzzProcess } from './fuzz-process.ts';
import { fuzzTargets } from './fuzz-targets.ts';
import { Random } from './random.ts';

/** The suite itself: it notices what it looks for, and gives the same cases for the same seed. */

const runner = new FuzzProcess();
afterAll(() => runner.close());

describe('what the suite looks for is noticed', () => {
  test.each([
    ['self-check-throws', /x is not a function/],
    ['self-check-writes-outside', /outside was touched: .*planted/],
    ['self-check-eats-memory', /MB of memory/],
    ['self-check-hangs', /went on for \d+ s of a processor/],
    ['self-check-dies', /the process ended with 7/],
  ])('%s', async (target, says) => {
    const impatient = new FuzzProcess({ cpuSeconds: 3 });
    try {
      const { found } = await impatient.run({ target, seed: 1, number: 1 });
      expect(found).toMatch(says);
    } finally {
      impatient.close();
    }
  });
});

test('some cases of every target, from a fixed seed, do no harm', async () => {
  for (const { name } of fuzzTargets) {
    for (let number = 0; number < 3; number += 1) {
      const { found } = await runner.run({ target: name, seed: 2026, number });
      expect([name, number, found]).toEqual([name, number, undefined]);
    }
  }
});

test('the same seed gives the same cases', async () => {
  const request = { target: 'foreign-tar', seed: 7, number: 3 };
  const first = await runner.caseOf(request);
  expect(first?.files).toEqual((await runner.caseOf(request))?.files);
  const sequence = (seed: number): number[] => {
    const random = new Random(seed);
    return Array.from({ length: 8 }, () => random.next());
  };
  expect(sequence(5)).toEqual(sequence(5));
  expect(sequence(5)).not.toEqual(sequence(6));
});
