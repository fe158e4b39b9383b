export const retentionTiers = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type RetentionTier = (typeof retentionTiers)[number];

/**
 * Names of the hour, day, ISO week, month or year that a backup belongs to, by the clocks of one time zone:
 * `2026-06-19`, `2026-W25`, `2026-06`. Backups with the same name are of the same period.
 */
export function periodNamer(timezone: string): (time: Date, tier: RetentionTier) => string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    timeZoneName: 'longOffset',
  });
  return (time, tier) => {
    const parts = new Map(format.formatToParts(time).map((part) => [part.type, part.value]));
    const number = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
    const year = String(number('year')).padStart(4, '0');
    const month = `${year}-${twoDigits(number('month'))}`;
    const day = `${month}-${twoDigits(number('day'))}`;
    switch (tier) {
      case 'hourly':
        // With the offset: the hour that clocks show twice in autumn is two hours.
        return `${day} ${twoDigits(number('hour'))}:00${offsetOf(parts.get('timeZoneName') ?? '')}`;
      case 'daily':
        return day;
      case 'weekly':
        return isoWeek(Date.UTC(number('year'), number('month') - 1, number('day')));
      case 'monthly':
        return month;
      case 'yearly':
        return year;
    }
  };
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `GMT+09:00` as `+09:00`, plain `GMT` as `Z`. */
const offsetOf = (zoneName: string): string => zoneName.replace(/^GMT/, '') || 'Z';

const dayMs = 86_400_000;

/** ISO 8601: weeks begin on Monday and belong to the year that their Thursday is in. */
function isoWeek(dayMsUtc: number): string {
  const weekday = (new Date(dayMsUtc).getUTCDay() + 6) % 7;
  const thursday = new Date(dayMsUtc + (3 - weekday) * dayMs);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / dayMs / 7) + 1;
  return `${year}-W${twoDigits(week)}`;
}
