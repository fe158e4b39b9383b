import { BackupError } from '../core/errors.ts';
import type { Settings } from '../config/settings.ts';
import { isTimeZone, machineZone } from '../core/local-time.ts';
import { cronProblem } from '../core/cron-expression.ts';
import type { ZonedSchedule } from './run-schedules.ts';

/**
 * The schedules of a project, each in its own time zone, else in the project's, else in the machine's.
 * @throws BackupError SCHEDULE_NONE without any; CONFIG_INVALID where an expression or a zone cannot be used.
 */
export function zonedSchedules(settings: Settings): ZonedSchedule[] {
  if (settings.schedules.length === 0) throw new BackupError('SCHEDULE_NONE', {});
  const problems: string[] = [];
  const zoned = settings.schedules.map((schedule): ZonedSchedule => {
    const timezone = schedule.timezone ?? settings.timezone ?? machineZone();
    const problem = cronProblem(schedule.cron);
    if (problem !== undefined) {
      problems.push(
        `schedule ${schedule.name}: ${JSON.stringify(schedule.cron)} is no cron expression that can run (${problem})`,
      );
    }
    if (!isTimeZone(timezone)) {
      problems.push(`schedule ${schedule.name}: ${JSON.stringify(timezone)} is no time zone such as "Asia/Tokyo"`);
    }
    return { ...schedule, timezone };
  });
  if (problems.length > 0) throw new BackupError('CONFIG_INVALID', { file: settings.file ?? 'the settings', problems });
  return zoned;
}

/**
 * One schedule by name.
 * @throws BackupError SCHEDULE_UNKNOWN, or SCHEDULE_NONE without any.
 */
export function scheduleNamed(settings: Settings, name: string): ZonedSchedule {
  const schedules = zonedSchedules(settings);
  const found = schedules.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  throw new BackupError('SCHEDULE_UNKNOWN', { name, known: schedules.map((schedule) => schedule.name) });
}
