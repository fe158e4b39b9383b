import { relative } from 'node:path';
import type { SettingsRequest } from '../config/read-settings.ts';
import type { BackupMode } from '../config/settings.ts';
import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { changeSettings, type ChangedSettings, type SettingChange } from '../operations/change-settings.ts';
import { changeAudited } from './change-audited.ts';
import type { CommandContext } from './verb.ts';

export const scheduleTypes = ['daily', 'weekly', 'monthly'] as const;
export type ScheduleType = (typeof scheduleTypes)[number];

export interface NewSchedule {
  type: ScheduleType;
  /** `HH:MM`. */
  time: string;
  mode: BackupMode | undefined;
  retentionDays: string | undefined;
}

/** Writes a schedule into the settings file, under the name of its type. Other named schedules stay. */
export async function setSchedule(context: CommandContext, wanted: NewSchedule): Promise<ExitCode> {
  const words = context.messages.schedule;
  const cron = cronOf(wanted, words.timeExpected);
  const entry = { cron, ...(wanted.mode === undefined ? {} : { mode: wanted.mode }) };
  const { schedules } = await context.loadSettings();
  // A lone expression has no name to stand under beside others: the named one takes its place.
  const lone = schedules.length === 1 && schedules[0]?.name === 'default' ? schedules[0] : undefined;
  const schedule: SettingChange =
    lone === undefined
      ? { key: `schedule.${wanted.type}`, valueText: JSON.stringify(entry) }
      : { key: 'schedule', valueText: JSON.stringify({ [wanted.type]: entry }) };

  const changed = await change(context, schedule, daysOf(wanted.retentionDays, words.daysExpected));
  const { file, settings } = changed;
  context.output.document({ file, schedule: { name: wanted.type, ...entry }, retention: settings.retention });
  context.output.line(words.set(wanted.type, cron, relative(context.root, file)));
  if (lone !== undefined) context.output.line(words.replaced(lone.cron));
  return exitCode.done;
}

function cronOf({ type, time }: NewSchedule, expected: string): string {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time);
  if (match === null) throw new BackupError('OPTION_INVALID', { option: 'time', value: time, expected });
  const at = `${Number(match[2])} ${Number(match[1])}`;
  return { daily: `${at} * * *`, weekly: `${at} * * 0`, monthly: `${at} 1 * *` }[type];
}

function daysOf(value: string | undefined, expected: string): string | undefined {
  if (value === undefined || /^[1-9]\d{0,5}$/.test(value)) return value;
  throw new BackupError('OPTION_INVALID', { option: 'retention-days', value, expected });
}

async function change(
  context: CommandContext,
  schedule: SettingChange,
  days: string | undefined,
): Promise<ChangedSettings> {
  const request = {
    root: context.root,
    environment: context.environment,
    ...(context.configFile === undefined ? {} : { file: context.configFile }),
  };
  const keys = [schedule.key, ...(days === undefined ? [] : ['retention'])];
  return changeAudited(context, request, keys, () => changeWith(request, schedule, days));
}

async function changeWith(
  request: SettingsRequest,
  schedule: SettingChange,
  days: string | undefined,
): Promise<ChangedSettings> {
  if (days === undefined) return changeSettings(request, [schedule]);
  try {
    return await changeSettings(request, [schedule, { key: 'retention.days', valueText: days }]);
  } catch (error) {
    // `retention` is a plain number of days there, and has no room for a key: it is set whole.
    if (!isBackupError(error, 'OPTION_INVALID')) throw error;
    return changeSettings(request, [schedule, { key: 'retention', valueText: days }]);
  }
}
