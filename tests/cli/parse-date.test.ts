import { describe, expect, test } from '@jest/globals';
import { parseDate } from '../../lib/cli/parse-date.ts';

describe('a date as people write it', () => {
  test.each([
    ['2026-11-20', 'Asia/Tokyo', '2026-11-19T15:00:00.000Z'],
    ['2026-11-20', 'UTC', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20 03:00', 'Asia/Tokyo', '2026-11-19T18:00:00.000Z'],
    ['2026-11-20T03:00:05.25', 'UTC', '2026-11-20T03:00:05.250Z'],
    ['2026-11-20T03:00Z', 'Asia/Tokyo', '2026-11-20T03:00:00.000Z'],
    ['2026-11-20T03:00:00+09:00', 'UTC', '2026-11-19T18:00:00.000Z'],
    ['2026-11-20T03:00:00-0530', 'UTC', '2026-11-20T08:30:00.000Z'],
    // Clocks go forward on the day, and back.
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25T04:00', 'Europe/Berlin', '2026-10-25T03:00:00.000Z'],
    ['2024-02-29', 'UTC', '2024-02-29T00:00:00.000Z'],
  ])('%s in %s is %s', (text, timezone, moment) => {
    expect(parseDate(text, timezone)?.toISOString()).toBe(moment);
  });

  test.each([
    '',
    'yesterday',
    '2026',
    '2026-13-01',
    '2026-02-30',
    '2026-11-20T24:00',
    '2026-11-20T03:60',
    '20.11.2026',
  ])('%j is none', (text) => expect(parseDate(text, 'UTC')).toBeUndefined());
});
