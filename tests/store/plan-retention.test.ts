import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RetentionSettings } from '../../lib/config/settings.ts';
import { planRetention, type RetentionCandidate } from '../../lib/store/plan-retention.ts';
import { backup, everyNight, now, reasonsOf, removed, survivors } from '../support/retention.ts';

describe('days and count', () => {
  test('seven days of nightly backups survive, the older ones go, each with its age', () => {
    const plan = planRetention(everyNight(10), { days: 7 }, now);
    expect(survivors(plan)).toEqual([
      '2026-06-19T02:00Z',
      '2026-06-18T02:00Z',
      '2026-06-17T02:00Z',
      '2026-06-16T02:00Z',
      '2026-06-15T02:00Z',
      '2026-06-14T02:00Z',
      '2026-06-13T02:00Z',
    ]);
    expect(plan.remove).toEqual([
      { id: '2026-06-12T02:00Z', reasons: [{ code: 'older-than-days', days: 7, ageDays: 7 }] },
      { id: '2026-06-11T02:00Z', reasons: [{ code: 'older-than-days', days: 7, ageDays: 8 }] },
      { id: '2026-06-10T02:00Z', reasons: [{ code: 'older-than-days', days: 7, ageDays: 9 }] },
    ]);
  });

  test('a backup of exactly the limit of days stays; a millisecond older goes', () => {
    const edge = backup('2026-06-12T12:00:00.000Z');
    const beyond = backup('2026-06-12T11:59:59.999Z');
    const plan = planRetention([backup('2026-06-19T02:00Z'), edge, beyond], { days: 7 }, now);
    expect(removed(plan)).toEqual([beyond.id]);
  });

  test('count keeps the newest by ID, whatever the clock said when they were made', () => {
    const plan = planRetention(
      [
        backup('2026-06-17T02:00Z', { id: 'id-3' }),
        backup('2026-06-19T02:00Z', { id: 'id-1' }),
        backup('2026-06-18T02:00Z', { id: 'id-2' }),
      ],
      { count: 2 },
      now,
    );
    expect(survivors(plan)).toEqual(['id-3', 'id-2']);
    expect(plan.remove).toEqual([{ id: 'id-1', reasons: [{ code: 'over-count', count: 2 }] }]);
  });

  test('a backup that exceeds both limits names both', () => {
    const plan = planRetention(everyNight(5), { days: 2, count: 1 }, now);
    expect(reasonsOf(plan, '2026-06-15T02:00Z')).toEqual(['older-than-days', 'over-count']);
    expect(reasonsOf(plan, '2026-06-18T02:00Z')).toEqual(['over-count']);
  });

  test('without any limit nothing goes', () => {
    const plan = planRetention(everyNight(400), {}, now);
    expect(plan.remove).toEqual([]);
    expect(reasonsOf(plan, '2026-06-01T02:00Z')).toEqual(['no-limit']);
  });
});

describe('tiers', () => {
  test('daily, weekly, monthly and yearly keep what days has aged out', () => {
    const plan = planRetention(everyNight(800), { days: 2, daily: 3, weekly: 3, monthly: 4, yearly: 3 }, now);
    expect(survivors(plan)).toEqual([
      '2026-06-19T02:00Z', // today, this week, this month, this year
      '2026-06-18T02:00Z',
      '2026-06-17T02:00Z', // the third day
      '2026-06-14T02:00Z', // Sunday, the last day of ISO week 24
      '2026-06-07T02:00Z', // and of week 23
      '2026-05-31T02:00Z',
      '2026-04-30T02:00Z',
      '2026-03-31T02:00Z',
      '2025-12-31T02:00Z',
      '2024-12-31T02:00Z',
    ]);
    expect(plan.keep.find((one) => one.id === '2026-05-31T02:00Z')?.reasons).toEqual([
      { code: 'newest-of-period', tier: 'monthly', period: '2026-05' },
    ]);
    expect(plan.keep.find((one) => one.id === '2026-06-14T02:00Z')?.reasons).toEqual([
      { code: 'newest-of-period', tier: 'weekly', period: '2026-W24' },
    ]);
  });

  test('hourly keeps the newest of each hour', () => {
    const plan = planRetention(
      ['11:45', '11:15', '10:30', '10:00', '08:59'].map((time) => backup(`2026-06-19T${time}Z`)),
      { hourly: 2 },
      now,
    );
    expect(survivors(plan)).toEqual(['2026-06-19T11:45Z', '2026-06-19T10:30Z']);
    expect(reasonsOf(plan, '2026-06-19T11:15Z')).toEqual(['in-no-tier']);
  });

  test('periods without a backup do not count: a year switched off costs no history', () => {
    const plan = planRetention(
      ['2026-06-19T02:00Z', '2025-06-02T02:00Z', '2025-06-01T02:00Z', '2025-05-31T02:00Z'].map((time) => backup(time)),
      { days: 7, daily: 3 },
      now,
    );
    expect(removed(plan)).toEqual(['2025-05-31T02:00Z']);
  });

  test('an incomplete backup is never the one that a tier keeps', () => {
    const plan = planRetention(
      [backup('2026-06-19T02:00Z'), backup('2026-05-31T20:00Z', { complete: false }), backup('2026-05-31T02:00Z')],
      { days: 7, monthly: 2 },
      now,
    );
    expect(survivors(plan)).toEqual(['2026-06-19T02:00Z', '2026-05-31T02:00Z']);
  });

  test('days and months are those of the time zone', () => {
    // In Tokyo both were made on the first of June, in UTC one of them on the last of May.
    const backups = [backup('2026-06-19T02:00Z'), backup('2026-06-01T10:00Z'), backup('2026-05-31T16:00Z')];
    const daily: RetentionSettings = { daily: 3 };
    expect(removed(planRetention(backups, daily, now, 'Asia/Tokyo'))).toEqual(['2026-05-31T16:00Z']);
    expect(removed(planRetention(backups, daily, now))).toEqual([]);
  });

  test('the hour that clocks show twice in autumn is two hours', () => {
    const night = [backup('2026-10-25T01:30Z'), backup('2026-10-25T00:30Z')];
    const plan = planRetention(night, { hourly: 5 }, new Date('2026-10-25T12:00Z'), 'Europe/Berlin');
    expect(removed(plan)).toEqual([]);
  });

  test('weeks begin on Monday and belong to the year of their Thursday', () => {
    const plan = planRetention(
      ['2027-01-03T02:00Z', '2026-12-28T02:00Z', '2026-12-27T02:00Z'].map((time) => backup(time)),
      { weekly: 5 },
      new Date('2027-01-10T00:00Z'),
    );
    expect(plan.keep.map((one) => one.reasons.at(-1))).toEqual([
      { code: 'newest-of-period', tier: 'weekly', period: '2026-W53' },
      { code: 'newest-of-period', tier: 'weekly', period: '2026-W52' },
    ]);
    expect(removed(plan)).toEqual(['2026-12-28T02:00Z']);
  });
});

describe('for every set of backups and every policy', () => {
  const limit = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });
  const policies = fc
    .record({ days: limit, count: limit, hourly: limit, daily: limit, weekly: limit, monthly: limit, yearly: limit })
    .map(
      (policy) =>
        Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined)) as RetentionSettings,
    );
  // Times are drawn apart from the order of making: clocks are wrong at times.
  const idOf = (at: number): string => `backup-${String(at).padStart(2, '0')}`;
  const stores = fc
    .array(
      fc.record({
        ageMinutes: fc.integer({ min: -3_000, max: 900_000 }),
        type: fc.constantFrom('manual' as const, 'scheduled' as const, 'pre-restore' as const),
        complete: fc.boolean(),
        suspect: fc.boolean(),
        isVerified: fc.boolean(),
        base: fc.option(fc.nat(40)),
      }),
      { maxLength: 40 },
    )
    .map((list) =>
      list.map((one, at): RetentionCandidate => ({
        id: idOf(at),
        timestamp: new Date(now.getTime() - one.ageMinutes * 60_000),
        type: one.type,
        complete: one.complete,
        suspect: one.suspect && one.ageMinutes % 7 === 0,
        sizeBytes: 1,
        ...(one.isVerified ? { verifiedAt: now } : {}),
        ...(one.base === null ? {} : { buildsOn: [idOf(one.base)] }),
      })),
    );

  test('each backup is in the plan once, with a reason, newest first, and the protected ones are kept', () => {
    fc.assert(
      fc.property(stores, policies, (backups, policy) => {
        const plan = planRetention(backups, policy, now);
        const byId = new Map(backups.map((one) => [one.id, one]));
        const verdicts = [...plan.keep, ...plan.remove];
        expect(verdicts.map((one) => one.id).sort()).toEqual(backups.map((one) => one.id).sort());
        for (const one of verdicts) expect(one.reasons).not.toHaveLength(0);
        for (const list of [plan.keep, plan.remove]) {
          const ids = list.map((one) => one.id);
          expect(ids).toEqual([...ids].sort().reverse());
        }

        const kept = new Set(survivors(plan));
        for (const id of kept)
          for (const base of byId.get(id)!.buildsOn ?? []) expect(kept.has(base) || !byId.has(base)).toBe(true);
        const gone = plan.remove.map((one) => byId.get(one.id)!);
        const good = backups.filter((one) => one.complete && !one.suspect && one.timestamp <= now);
        const stay = good.filter((one) => kept.has(one.id));
        const newest = (list: RetentionCandidate[]): string | undefined =>
          list
            .map((one) => one.id)
            .sort()
            .at(-1);
        expect(newest(stay)).toBe(newest(good));
        const regular = (one: RetentionCandidate): boolean => one.type !== 'pre-restore';
        expect(newest(stay.filter(regular))).toBe(newest(good.filter(regular)));
        if (good.length === 0) expect(gone).toEqual([]);
        for (const one of gone) expect(one.timestamp.getTime()).toBeLessThanOrEqual(now.getTime());
      }),
      { numRuns: 300 },
    );
  });

  test('the order in which backups are listed changes nothing', () => {
    fc.assert(
      fc.property(stores, policies, (backups, policy) => {
        expect(planRetention([...backups].reverse(), policy, now)).toEqual(planRetention(backups, policy, now));
      }),
    );
  });

  test('a plan is stable: planning again for what it left removes nothing more', () => {
    fc.assert(
      fc.property(stores, policies, (backups, policy) => {
        const kept = new Set(survivors(planRetention(backups, policy, now)));
        expect(
          removed(
            planRetention(
              backups.filter((one) => kept.has(one.id)),
              policy,
              now,
            ),
          ),
        ).toEqual([]);
      }),
    );
  });

  test('a larger limit never removes more', () => {
    fc.assert(
      fc.property(stores, policies, fc.constantFrom('days', 'count', 'daily', 'monthly'), (backups, policy, key) => {
        const value = policy[key as 'days'];
        if (value === undefined) return;
        const strict = new Set(removed(planRetention(backups, policy, now)));
        const wide = removed(planRetention(backups, { ...policy, [key]: value + 5 }, now));
        // Tiers alone decide only while they are not all zero.
        if (key === 'daily' && value === 0) return;
        for (const id of wide) expect(strict.has(id)).toBe(true);
      }),
    );
  });
});
