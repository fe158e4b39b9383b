import { describe, expect, test } from '@jest/globals';
import type { RetentionSettings } from '../../lib/config/settings.ts';
import { formatBackupId } from '../../lib/store/backup-id.ts';
import { planRetention } from '../../lib/store/plan-retention.ts';
import { backup, everyNight, now, reasonsOf, removed, survivors } from '../support/retention.ts';

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
