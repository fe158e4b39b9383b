import { countOf } from './count-of.ts';

export const schedule = {
  describe: 'Run the schedules in the foreground, show them, or set one',
  list: 'Show the schedules and their next runs',
  once: 'Run the schedule of this name now',
  scheduleType: 'Set a schedule: daily, weekly (on Sunday) or monthly (on the 1st)',
  time: 'Time of day of the schedule that is set, HH:MM (02:00)',
  backupType: 'Mode of the backups of the schedule that is set',
  retentionDays: 'Days that backups are kept, set with the schedule',
  timeExpected: 'a time of day from 00:00 to 23:59',
  daysExpected: 'a whole number of days, 1 or more',
  disabled: 'Backups are switched off (backup.enabled is false): no schedule runs.',
  heading: { name: 'Name', cron: 'Cron', mode: 'Mode', targets: 'Targets', zone: 'Time zone', next: 'Next runs' },
  modeOfSettings: 'as set',
  allTargets: 'all',
  running: (count: number) => `Running ${countOf(count, 'schedule')}. Ctrl-C stops.`,
  waiting: (name: string, next: string) => `${name}: next run ${next}`,
  never: 'never',
  started: (name: string) => `${name}: started`,
  skipped: (name: string, due: string) => `${name}: left out the run of ${due}, the one before has not ended`,
  done: (name: string, id: string) => `${name}: ${id}`,
  incomplete: (name: string, id: string, warnings: number) =>
    `${name}: ${id} INCOMPLETE (${countOf(warnings, 'warning')})`,
  amounts: (files: number, size: string, stored: string, duration: string) =>
    `${countOf(files, 'file')}, ${size} (${stored} stored) in ${duration}`,
  cleaned: (count: number, freed: string) => `removed ${count} old, ${freed} freed`,
  cleanupFailed: (reason: string) => `cleanup failed: ${reason}`,
  failed: (name: string, reason: string) => `${name} FAILED: ${reason}`,
  next: (time: string) => `next ${time}`,
  stopped: (runs: number, failed: number) => `Stopped after ${countOf(runs, 'run')}, ${failed} of them failed.`,
  set: (name: string, cron: string, file: string) => `Schedule ${name} (${cron}) is set in ${file}.`,
  replaced: (cron: string) => `It takes the place of the lone schedule ${cron}.`,
};
