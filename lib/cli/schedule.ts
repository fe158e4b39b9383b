import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { RunEvents } from '../core/events.ts';
import type { BackupMode } from '../config/settings.ts';
import { nextRuns } from '../schedule/next-runs.ts';
import { runScheduledBackup } from '../schedule/run-scheduled-backup.ts';
import { runSchedules } from '../schedule/run-schedules.ts';
import { scheduleNamed, zonedSchedules } from '../schedule/zoned-schedules.ts';
import { showFindings } from './findings-text.ts';
import { formatLocalTime } from './format-local-time.ts';
import { runWords, scheduledRunDocument, ScheduleReport } from './schedule-report.ts';
import { scheduleTypes, setSchedule, type ScheduleType } from './set-schedule.ts';
import { plainTable } from './table.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface ScheduleOptions {
  list: boolean | undefined;
  once: string | undefined;
  'schedule-type': ScheduleType | undefined;
  time: string | undefined;
  'backup-type': BackupMode | undefined;
  'retention-days': string | undefined;
}

/** How many runs `--list` shows of each schedule. */
const runsShown = 3;

/** When a schedule that is set without a time runs. */
const defaultTime = '02:00';

/** `schedule`: runs the schedules in the foreground, shows them, or runs one of them now. */
export const scheduleVerb = defineVerb<ScheduleOptions>({
  name: 'schedule',
  describe: (messages) => messages.schedule.describe,
  options: (yargs, messages) =>
    yargs
      .option('list', { type: 'boolean', describe: messages.schedule.list })
      .option('once', { type: 'string', requiresArg: true, describe: messages.schedule.once })
      .option('schedule-type', { choices: scheduleTypes, describe: messages.schedule.scheduleType })
      .option('time', { type: 'string', requiresArg: true, describe: messages.schedule.time })
      .option('backup-type', {
        choices: ['full', 'incremental', 'differential'] as const,
        describe: messages.schedule.backupType,
      })
      .option('retention-days', { type: 'string', requiresArg: true, describe: messages.schedule.retentionDays })
      .conflicts('list', ['once', 'schedule-type'])
      .conflicts('once', 'schedule-type')
      .implies({ time: 'schedule-type', 'backup-type': 'schedule-type', 'retention-days': 'schedule-type' }),
  run: (context, options) => {
    const type = options['schedule-type'];
    if (type !== undefined) {
      const { time = defaultTime, 'backup-type': mode, 'retention-days': retentionDays } = options;
      return setSchedule(context, { type, time, mode, retentionDays });
    }
    if (options.list === true) return listSchedules(context);
    return options.once === undefined ? runAll(context) : runOnce(context, options.once);
  },
});

async function listSchedules(context: CommandContext): Promise<ExitCode> {
  const { settings, clock } = await context.open();
  const words = context.messages.schedule;
  const { heading } = words;
  const schedules = zonedSchedules(settings).map((schedule) => ({
    ...schedule,
    nextRuns: nextRuns(schedule, clock.now(), runsShown),
  }));
  context.output.document({ enabled: settings.enabled, schedules });

  const rows = schedules.map((schedule) => [
    schedule.name,
    schedule.cron,
    schedule.mode ?? words.modeOfSettings,
    schedule.targets?.join(', ') ?? words.allTargets,
    schedule.timezone,
    schedule.nextRuns.map((run) => formatLocalTime(run, schedule.timezone)).join('\n') || words.never,
  ]);
  const head = [heading.name, heading.cron, heading.mode, heading.targets, heading.zone, heading.next];
  context.output.line(plainTable(context.output, head, rows));
  if (!settings.enabled) context.output.notice(words.disabled);
  return exitCode.done;
}

async function runOnce(context: CommandContext, name: string): Promise<ExitCode> {
  const run = await context.open();
  const schedule = scheduleNamed(run.settings, name);
  const { createBackup } = await import('../operations/create-backup.ts');
  const result = await runScheduledBackup(run, schedule, createBackup);
  context.output.document({ schedule: name, ...scheduledRunDocument(result, context) });
  context.output.line(runWords(name, result, context.messages.schedule).join('; '));
  showFindings(result.backup.warnings, context);
  if (!result.backup.complete) return exitCode.incomplete;
  if (result.cleanupError !== undefined) throw result.cleanupError;
  return exitCode.done;
}

async function runAll(context: CommandContext): Promise<ExitCode> {
  const run = await context.open();
  const words = context.messages.schedule;
  if (!run.settings.enabled) {
    context.output.document({ message_type: 'summary', enabled: false, runs: 0, failed: 0 });
    context.output.notice(words.disabled);
    return exitCode.done;
  }
  const schedules = zonedSchedules(run.settings);
  const { createBackup } = await import('../operations/create-backup.ts');
  const report = new ScheduleReport(context, run.clock);
  // A line a run is a log; a bar that redraws itself between its lines is not.
  const jobContext = context.output.json ? run : { ...run, events: new RunEvents() };
  context.output.line(words.running(schedules.length));
  const state = await runSchedules({
    schedules,
    clock: run.clock,
    signal: context.signal,
    runJob: (schedule) => runScheduledBackup(jobContext, schedule, createBackup),
    report: (event) => report.tell(event),
  });
  report.end();
  // A service manager stops an idle runner by SIGTERM, and that is no failure; Ctrl-C and a cut-off backup are told apart.
  return context.signal.reason === 'SIGTERM' && state === 'idle' ? exitCode.done : exitCode.interrupted;
}
