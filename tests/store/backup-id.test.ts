import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatBackupId, newestFirst, nextBackupId, timeOfBackupId } from '../../lib/store/backup-id.ts';

const noon = new Date('2026-06-19T12:00:00.000Z');
const random = { hex: (digits: number): string => 'abcdef0123'.slice(0, digits) };

/** Any time that a clock may show, right or wrong. */
const times = fc.date({
  min: new Date('1970-01-01T00:00:00.000Z'),
  max: new Date('2999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});

describe('an ID', () => {
  test('tells its time in UTC, without a character that a filesystem refuses', () => {
    expect(formatBackupId(noon, 'abc123')).toBe('backup-2026-06-19T12-00-00-000Z-abc123');
  });

  test('gives its time back', () => {
    fc.assert(
      fc.property(times, (time) => {
        expect(timeOfBackupId(formatBackupId(time, '00ff99'))).toEqual(time);
      }),
    );
  });

  test('sorts as text like its time', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        fc.pre(a.getTime() !== b.getTime());
        const [first, second] = [formatBackupId(a, 'ffffff'), formatBackupId(b, '000000')];
        expect(first < second).toBe(a < b);
      }),
    );
  });

  test.each([
    '',
    'latest',
    'backup-2026-06-19T12-00-00-000Z',
    'backup-2026-06-19T12-00-00-000Z-ABC123',
    'backup-2026-06-19T12-00-00-000Z-abc1234',
    'backup-2026-06-19T12-00-00-000Z-abc123.tar.gz',
    'backup-2026-06-19T12:00:00.000Z-abc123',
    'backup-2026-13-19T12-00-00-000Z-abc123',
    'backup-2026-06-19T25-00-00-000Z-abc123',
    '../backup-2026-06-19T12-00-00-000Z-abc123',
    'backup-2026-06-19T12-00-00-000Z-abc123\n',
    'backup-２０２６-06-19T12-00-00-000Z-abc123',
  ])('is nothing else: %j', (text) => {
    expect(timeOfBackupId(text)).toBeUndefined();
  });
});

describe('the next ID', () => {
  test('is the time of the clock', () => {
    expect(nextBackupId([], noon, random)).toEqual({ id: 'backup-2026-06-19T12-00-00-000Z-abcdef', time: noon });
  });

  test('in the same millisecond is one later, and that is no fault of the clock', () => {
    const next = nextBackupId([formatBackupId(noon, 'ffffff')], noon, random);
    expect(next).toEqual({ id: 'backup-2026-06-19T12-00-00-001Z-abcdef', time: noon });
  });

  test('after a clock that went back is just after the newest one, and says so; the time is the clock’s own', () => {
    const ahead = 'backup-2026-07-01T00-00-00-000Z-123456';
    const next = nextBackupId([ahead, formatBackupId(noon, '000000')], noon, random);
    expect(next).toEqual({ id: 'backup-2026-07-01T00-00-00-001Z-abcdef', time: noon, behind: ahead });
  });

  test('does not mind what is no ID', () => {
    const strangers = ['notes', 'backup-latest', 'backup-9999', '.state'];
    expect(nextBackupId(strangers, noon, random).time).toEqual(noon);
  });

  test('is later than all before it, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 30 }), (clock) => {
        const made: string[] = [];
        for (const now of clock) {
          const { id, time } = nextBackupId(
            [...made].sort(() => -1),
            now,
            random,
          );
          expect(time).toEqual(now);
          expect(timeOfBackupId(id)?.getTime()).toBeGreaterThanOrEqual(now.getTime());
          expect(made.every((older) => older < id)).toBe(true);
          made.push(id);
        }
        const listed = [...made].sort().map((id) => ({ id }));
        expect(listed.sort(newestFirst).map((one) => one.id)).toEqual(made.reverse());
      }),
    );
  });
});
