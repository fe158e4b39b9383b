import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RetentionSettings } from '../../lib/config/settings.ts';
import { formatBackupId } from '../../lib/store/backup-id.ts';
import { planRetention, type RetentionCandidate, type RetentionPlan } from '../../lib/store/plan-retention.ts';

const now = new Date('2026-06-19T12:00:00Z');
const dayMs = 86_400_000;

/** A good scheduled backup, named after its time. */
function backup(time: string, more: Partial<RetentionCandidate> = {}): RetentionCandidate {
  return { id: time, timestamp: new Date(time), type: 'scheduled', complete: true, sizeBytes: 1, ...more };
}

/** One good backup at 02:00 UTC on each of the last `count` days, newest first. */
const everyNight = (count: number): RetentionCandidate[] =>
  Array.from({ length: count }, (_, days) =>
    backup(new Date(Date.UTC(2026, 5, 19, 2) - days * dayMs).toISOString().slice(0, 16) + 'Z'),
  );

const survivors = (plan: RetentionPlan): string[] => plan.keep.map((one) => one.id);
const removed = (plan: RetentionPlan): string[] => plan.remove.map((one) => one.id);
const reasonsOf = (plan: RetentionPlan, id: string): string[] =>
  [...plan.keep, ...plan.remove].find((one) => one.id === id)?.reasons.map((reason) => reason.code) ?? [];

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

describe('what is never removed', () => {
  const strict: RetentionSettings = { days: 1, count: 1 };

  test('the newest complete backup, however old', () => {
    const plan = planRetention([backup('2020-01-01T00:00Z'), backup('2019-01-01T00:00Z')], strict, now);
    expect(survivors(plan)).toEqual(['2020-01-01T00:00Z']);
    expect(reasonsOf(plan, '2020-01-01T00:00Z')).toEqual(['newest-complete', 'newest-regular']);
  });

  test('incomplete ones push no complete one out', () => {
    const plan = planRetention(
      [
        backup('2026-06-19T02:00Z', { complete: false }),
        backup('2026-06-18T02:00Z', { complete: false }),
        backup('2026-06-17T02:00Z', { complete: false }),
        backup('2026-06-16T02:00Z'),
        backup('2026-06-15T02:00Z'),
        backup('2026-06-14T02:00Z'),
      ],
      { count: 2 },
      now,
    );
    expect(survivors(plan)).toEqual([
      '2026-06-19T02:00Z',
      '2026-06-18T02:00Z',
      '2026-06-16T02:00Z',
      '2026-06-15T02:00Z',
    ]);
  });

  test('nothing at all while no backup is complete', () => {
    const backups = everyNight(5).map((one) => ({ ...one, complete: false }));
    const plan = planRetention(backups, strict, now);
    expect(plan.remove).toEqual([]);
    expect(reasonsOf(plan, '2026-06-15T02:00Z')).toEqual(['no-complete-backup']);
  });

  test('the newest that is no safety backup, when safety backups are newer', () => {
    const plan = planRetention(
      [
        backup('2026-06-19T03:00Z', { type: 'pre-restore' }),
        backup('2026-06-19T02:00Z', { type: 'pre-restore' }),
        backup('2026-06-01T02:00Z'),
      ],
      strict,
      now,
    );
    expect(survivors(plan)).toEqual(['2026-06-19T03:00Z', '2026-06-01T02:00Z']);
    expect(reasonsOf(plan, '2026-06-01T02:00Z')).toEqual(['newest-regular']);
  });

  test('the newest verified one', () => {
    const backups = everyNight(4);
    const plan = planRetention(
      backups.map((one) => (one.id < '2026-06-18' ? { ...one, verifiedAt: now } : one)),
      strict,
      now,
    );
    expect(survivors(plan)).toEqual(['2026-06-19T02:00Z', '2026-06-17T02:00Z']);
    expect(reasonsOf(plan, '2026-06-17T02:00Z')).toEqual(['newest-verified']);
  });

  test('all that a kept backup builds on, along the whole chain', () => {
    const [third, second, first, full, older] = everyNight(5);
    const plan = planRetention(
      [
        { ...third!, buildsOn: [second!.id] },
        { ...second!, buildsOn: [first!.id] },
        { ...first!, buildsOn: [full!.id] },
        full!,
        older!,
      ],
      strict,
      now,
    );
    expect(removed(plan)).toEqual([older!.id]);
    expect(plan.keep.at(-1)).toEqual({ id: full!.id, reasons: [{ code: 'needed-by', id: first!.id }] });
  });

  test('a backup dated in the future stays, and stands for none of the good ones', () => {
    const plan = planRetention(
      [
        backup('2031-01-01T00:00Z'),
        backup('2030-01-01T00:00Z'),
        backup('2026-06-18T02:00Z'),
        backup('2026-06-17T02:00Z'),
        backup('2026-06-16T02:00Z'),
      ],
      { count: 2, daily: 1 },
      now,
    );
    expect(survivors(plan)).toEqual([
      '2031-01-01T00:00Z',
      '2030-01-01T00:00Z',
      '2026-06-18T02:00Z',
      '2026-06-17T02:00Z',
    ]);
    expect(reasonsOf(plan, '2030-01-01T00:00Z')).toEqual(['dated-in-future']);
  });

  test('one dated in the future stays while those made after it, dated right, go by their own age', () => {
    const ahead = backup('2031-01-01T00:00Z', { id: formatBackupId(new Date('2031-01-01T00:00Z'), 'aaaaaa') });
    const after = ['2026-05-01T02:00Z', '2026-06-17T02:00Z', '2026-06-18T02:00Z'].map((time, at) =>
      backup(time, { id: formatBackupId(new Date(Date.UTC(2031, 0, 1, 0, 0, 0, at + 1)), 'bbbbbb') }),
    );
    const plan = planRetention([...after, ahead], { days: 7 }, now);
    expect(survivors(plan)).toEqual([after[2]?.id, after[1]?.id, ahead.id]);
    expect(reasonsOf(plan, after[2]?.id ?? '')).toContain('newest-complete');
    expect(plan.remove).toEqual([{ id: after[0]?.id, reasons: [{ code: 'older-than-days', days: 7, ageDays: 49 }] }]);
  });

  test('the day that the wrong date comes, tiers still keep each day’s own backup', () => {
    const ids = (day: number): string => formatBackupId(new Date(Date.UTC(2026, 5, 19, 0, 0, 0, day)), 'aaaaaa');
    const wrong = backup('2026-06-19T00:00:00.000Z', { id: ids(0) });
    const after = [12, 13, 14].map((day) => backup(`2026-06-${day}T02:00Z`, { id: ids(day) }));
    const plan = planRetention([wrong, ...after], { daily: 3 }, now);
    expect(survivors(plan)).toEqual(after.map((one) => one.id).reverse());
  });

  test('what was made while the clock was years behind is as young as its ID says', () => {
    const behind = backup('1970-01-01T00:00Z', { id: formatBackupId(new Date('2026-06-18T02:00:00.001Z'), 'aaaaaa') });
    const others = ['2026-06-18T02:00Z', '2026-06-18T10:00Z'].map((time) =>
      backup(time, { id: formatBackupId(new Date(time), 'bbbbbb') }),
    );
    expect(removed(planRetention([behind, ...others], { days: 7 }, now))).toEqual([]);
    const later = new Date('2026-06-26T12:00Z');
    expect(removed(planRetention([behind, ...others], { days: 7 }, later))).toEqual([behind.id, others[0]?.id]);
  });

  test('nothing while the newest backup is suspect; afterwards it counts as none of the good ones', () => {
    const suspect = backup('2026-06-19T02:00Z', { suspect: true });
    const older = everyNight(4).slice(1);
    expect(removed(planRetention([suspect, ...older], strict, now))).toEqual([]);

    const after = planRetention([backup('2026-06-19T08:00Z'), suspect, ...older], { count: 2 }, now);
    expect(survivors(after)).toEqual(['2026-06-19T08:00Z', '2026-06-19T02:00Z', '2026-06-18T02:00Z']);
  });

  test('an incomplete backup that is newer than all good ones stays under tiers alone', () => {
    const plan = planRetention(
      [backup('2026-06-19T02:00Z', { complete: false }), backup('2026-06-18T02:00Z')],
      { daily: 7 },
      now,
    );
    expect(plan.remove).toEqual([]);
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
