import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { offsetAt, wallTime } from '../../lib/core/local-time.ts';
import { cronProblem } from '../../lib/core/cron-expression.ts';
import { nextRun, nextRuns } from '../../lib/schedule/next-runs.ts';

const runs = (cron: string, timezone: string, after: string, count: number): string[] =>
  nextRuns({ cron, timezone }, new Date(after), count).map((run) => run.toISOString().slice(0, 16));

describe('when clocks are put forward', () => {
  // Berlin, 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
  test('02:30 does not exist; the nightly backup runs when the clocks skip it, and only once', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 4)).toEqual([
      '2026-03-28T01:30',
      '2026-03-29T01:00',
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ]);
  });

  test('two times in the skipped hour make one run', () => {
    expect(runs('0,30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 3)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:00',
      '2026-03-30T00:30',
    ]);
  });

  test('a schedule for every hour follows elapsed time', () => {
    expect(runs('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30Z', 4)).toEqual([
      '2026-03-29T00:00',
      '2026-03-29T01:00',
      '2026-03-29T02:00',
      '2026-03-29T03:00',
    ]);
  });

  test('half an hour skipped, and midnight skipped', () => {
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', 2)).toEqual([
      '2026-10-03T15:30',
      '2026-10-04T15:15',
    ]);
    expect(runs('0 0 * * *', 'America/Santiago', '2026-09-05T12:00Z', 2)).toEqual([
      '2026-09-06T04:00',
      '2026-09-07T03:00',
    ]);
  });
});

describe('when clocks are put back', () => {
  // Berlin, 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC; 02:30 is at 00:30 and at 01:30 UTC.
  test('02:30 comes twice; the nightly backup runs the first time only', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  test('a runner that starts between the two runs the next night', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45Z', 1)).toEqual(['2026-10-26T01:30']);
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', 1)).toEqual(['2026-10-26T01:30']);
  });

  test('a schedule for every hour, or every quarter of one, does not pause', () => {
    expect(runs('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30Z', 4)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T01:00',
      '2026-10-25T02:00',
      '2026-10-25T03:00',
    ]);
    const quarters = nextRuns({ cron: '*/15 * * * *', timezone: 'Europe/Berlin' }, new Date('2026-10-24T20:00Z'), 40);
    for (const [at, run] of quarters.slice(1).entries())
      expect(run.getTime() - quarters[at]!.getTime()).toBe(15 * 60_000);
  });
});

describe('cron expressions', () => {
  test('five fields, six with seconds, names and nicknames', () => {
    expect(runs('0 3 * * sun', 'Asia/Tokyo', '2026-06-19T00:00Z', 2)).toEqual(['2026-06-20T18:00', '2026-06-27T18:00']);
    expect(nextRun({ cron: '*/5 * * * * *', timezone: 'UTC' }, new Date('2026-06-19T00:00:01.500Z'))).toEqual(
      new Date('2026-06-19T00:00:05Z'),
    );
    expect(runs('@daily', 'UTC', '2026-06-19T00:00Z', 1)).toEqual(['2026-06-20T00:00']);
  });

  test('a day of the month and a weekday mean either, as in crontab', () => {
    expect(runs('0 3 1 * 0', 'UTC', '2026-06-25T00:00Z', 3)).toEqual([
      '2026-06-28T03:00',
      '2026-07-01T03:00',
      '2026-07-05T03:00',
    ]);
  });

  test('what cannot run says why', () => {
    expect(cronProblem('0 2 * * *')).toBeUndefined();
    expect(cronProblem('99 2 * * *')).toBe('Invalid value for minute: 99');
    expect(cronProblem('0 2 31 2 *')).toBe('it never comes due');
    expect(cronProblem('at two')).toMatch(/parts/);
  });
});

describe('in every time zone', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Santiago',
    'Africa/Casablanca',
    'Asia/Tokyo',
    'Asia/Tehran',
    'Pacific/Chatham',
    'America/St_Johns',
    'UTC',
  ];
  const dayMs = 86_400_000;

  test('a daily schedule runs exactly once on each local day, at its time wherever that exists', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.nat(23),
        fc.nat(59),
        fc.integer({ min: 2015, max: 2030 }),
        (timezone, hour, minute, year) => {
          const daily = nextRuns({ cron: `${minute} ${hour} * * *`, timezone }, new Date(Date.UTC(year, 0, 1)), 380);
          const days = daily.map((run) => Math.floor(wallTime(run.getTime(), timezone) / dayMs));
          for (const [at, day] of days.slice(1).entries()) expect(day - days[at]!).toBe(1);
          for (const run of daily) {
            const minutes = (wallTime(run.getTime(), timezone) % dayMs) / 60_000;
            const atChange = offsetAt(run.getTime(), timezone) !== offsetAt(run.getTime() - 1, timezone);
            if (!atChange) expect(minutes).toBe(hour * 60 + minute);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  test('the next run is later, and none lies between', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom('30 2 * * *', '*/20 * * * *', '0 */6 * * 1-5'),
        fc.nat(365 * 24 * 60),
        (timezone, cron, minutes) => {
          const after = new Date(Date.UTC(2026, 0, 1) + minutes * 60_000);
          const next = nextRun({ cron, timezone }, after)!;
          expect(next.getTime()).toBeGreaterThan(after.getTime());
          const between = new Date((after.getTime() + next.getTime()) / 2);
          expect(nextRun({ cron, timezone }, between)).toEqual(next);
          expect(nextRun({ cron, timezone }, new Date(next.getTime() - 1))).toEqual(next);
        },
      ),
      { numRuns: 200 },
    );
  });
});
