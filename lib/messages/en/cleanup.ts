import { countOf } from './count-of.ts';

export const cleanup = {
  describe: 'Remove old backups by the retention settings',
  dryRun: 'Show what would be removed, and remove nothing',
  keepDays: 'Remove backups older than this many days',
  keepCount: 'Keep at most this many backups',
  keepHourly: 'Keep the newest backup of each of this many hours',
  keepDaily: 'Keep the newest backup of each of this many days',
  keepWeekly: 'Keep the newest backup of each of this many weeks',
  keepMonthly: 'Keep the newest backup of each of this many months',
  keepYearly: 'Keep the newest backup of each of this many years',
  wholeNumber: (least: number) => `a whole number, ${least} or more`,
  heading: { id: 'ID', date: 'Date', size: 'Size', action: '', reason: 'Why' },
  keep: 'keep',
  remove: 'remove',
  empty: 'The store holds no backups: nothing to remove.',
  removed: (count: number, kept: number, freed: string) =>
    `Removed ${count} of ${countOf(count + kept, 'backup')}; ${freed} freed.`,
  wouldRemove: (count: number, kept: number, freed: string) =>
    `Would remove ${count} of ${countOf(count + kept, 'backup')} and free ${freed}. Nothing was changed.`,
  reasons: {
    'no-complete-backup': () => 'no backup is complete, so none is removed',
    'newest-is-suspect': (id: string) => `nothing is removed while ${id}, the newest one, is suspect`,
    'dated-in-future': () => 'dated in the future',
    'newest-complete': () => 'newest complete backup',
    'newest-regular': () => 'newest that is no safety backup',
    'newest-verified': () => 'newest verified backup',
    'newest-of-target': (targets: string) => `newest complete backup that holds ${targets}`,
    'needed-by': (id: string) => `${id} builds on it`,
    'newest-of-period': {
      hourly: (period: string) => `newest of the hour ${period}`,
      daily: (period: string) => `newest of the day ${period}`,
      weekly: (period: string) => `newest of the week ${period}`,
      monthly: (period: string) => `newest of the month ${period}`,
      yearly: (period: string) => `newest of the year ${period}`,
    },
    'within-limits': () => 'within the limits',
    'no-limit': () => 'no limit is set for it',
    'older-than-days': (days: number, ageDays: number) => `${ageDays} days old, more than ${days}`,
    'over-count': (count: number) => `not among the newest ${count}`,
    'in-no-tier': () => 'no hour, day, week, month or year keeps it',
  },
};
