import type { Clock } from '../core/clock.ts';
import { BackupError, isBackupError, reasonOf } from '../core/errors.ts';
import { describeError } from '../messages/describe.ts';
import type { Messages } from '../messages/messages.ts';
import type { ScheduleEvent, ZonedSchedule } from '../schedule/run-schedules.ts';
import type { ScheduledRun } from '../schedule/run-scheduled-backup.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import { showFindings } from './findings-text.ts';
import { formatLocalTime } from './format-local-time.ts';
import { hideSecrets } from './hide-secrets.ts';
import type { CommandContext } from './verb.ts';

/** Tells what the schedules do: one line a run for a person, one JSON line an event for a program. */
export class ScheduleReport {
  private readonly context: CommandContext;
  private readonly words: Messages['schedule'];
  private readonly clock: Clock;
  private runs = 0;
  private failed = 0;

  constructor(context: CommandContext, clock: Clock) {
    this.context = context;
    this.words = context.messages.schedule;
    this.clock = clock;
  }

  tell(event: ScheduleEvent<ScheduledRun>): void {
    const { words } = this;
    const { name, timezone } = event.schedule;
    const local = (time: Date | undefined): string =>
      time === undefined ? words.never : formatLocalTime(time, timezone);
    switch (event.kind) {
      case 'waiting':
        this.status(event.schedule, 'waiting', { nextRun: event.nextRun });
        return this.context.output.line(words.waiting(name, `${local(event.nextRun)} (${timezone})`));
      case 'started':
        this.status(event.schedule, 'started', { dueAt: event.dueAt });
        return this.context.output.verbose ? this.line(event.schedule, words.started(name)) : undefined;
      case 'skipped':
        this.status(event.schedule, 'skipped', { dueAt: event.dueAt });
        return this.line(event.schedule, words.skipped(name, local(event.dueAt)));
      case 'finished':
        this.finished(event.schedule, event.result, event);
        return;
      case 'failed':
        this.runs += 1;
        this.failed += 1;
        this.tellProgram({ ...runDocument(event), outcome: 'failed', error: errorDocument(event.error, this.context) });
        this.fail(event.schedule, words.failed(name, this.inFull(event.error)));
    }
  }

  /** The last words: how many runs there were. */
  end(): void {
    this.tellProgram({ message_type: 'summary', runs: this.runs, failed: this.failed });
    this.context.output.line(this.words.stopped(this.runs, this.failed));
  }

  private finished(schedule: ZonedSchedule, run: ScheduledRun, event: { dueAt: Date; nextRun?: Date }): void {
    this.runs += 1;
    if (run.cleanupError !== undefined) this.failed += 1;
    this.tellProgram({ ...runDocument({ ...event, schedule }), ...scheduledRunDocument(run, this.context) });
    const next =
      event.nextRun === undefined ? [] : [this.words.next(formatLocalTime(event.nextRun, schedule.timezone))];
    this.line(schedule, [...runWords(schedule.name, run, this.words), ...next].join('; '));
    if (!run.backup.complete) showFindings(run.backup.warnings, this.context);
    if (run.cleanupError !== undefined) this.fail(schedule, this.words.cleanupFailed(this.inFull(run.cleanupError)));
  }

  private status(schedule: ZonedSchedule, state: string, more: Record<string, Date | undefined>): void {
    this.tellProgram({ message_type: 'status', schedule: schedule.name, state, ...more });
  }

  private tellProgram(message: object): void {
    if (this.context.output.json) this.context.output.message(message);
  }

  private line(schedule: ZonedSchedule, text: string): void {
    this.context.output.line(this.stamped(schedule, text));
  }

  /** Under --json a program has it from standard output, but whoever reads the log needs it too. */
  private fail(schedule: ZonedSchedule, text: string): void {
    this.context.output.error(this.stamped(schedule, text));
  }

  private stamped(schedule: ZonedSchedule, text: string): string {
    return `${formatLocalTime(this.clock.now(), schedule.timezone)} ${text}`;
  }

  private inFull(error: unknown): string {
    const { message, hint } = errorDocument(error, this.context);
    return hint === undefined ? message : `${message} ${hint}`;
  }
}

/** One run in words, in parts. */
export function runWords(name: string, run: ScheduledRun, words: Messages['schedule']): string[] {
  const { id, complete, warnings, files, size, storedSize, duration } = run.backup;
  return [
    complete ? words.done(name, id) : words.incomplete(name, id, warnings.length),
    words.amounts(files, formatBytes(size), formatBytes(storedSize), formatDuration(duration)),
    ...(run.cleanup === undefined
      ? []
      : [words.cleaned(run.cleanup.remove.length, formatBytes(run.cleanup.freedBytes))]),
  ];
}

/** One run for a program. */
export function scheduledRunDocument(
  { backup, cleanup, cleanupError }: ScheduledRun,
  context: Surroundings,
): Record<string, unknown> {
  return {
    outcome: backup.complete ? 'done' : 'incomplete',
    backup,
    ...(cleanup === undefined ? {} : { cleanup }),
    ...(cleanupError === undefined ? {} : { cleanupError: errorDocument(cleanupError, context) }),
  };
}

const runDocument = (event: { schedule: ZonedSchedule; dueAt: Date; nextRun?: Date }): Record<string, unknown> => ({
  message_type: 'run',
  schedule: event.schedule.name,
  dueAt: event.dueAt,
  ...(event.nextRun === undefined ? {} : { nextRun: event.nextRun }),
});

/** What an error is said in, and what it must not say. */
type Surroundings = Pick<CommandContext, 'language' | 'root' | 'environment'>;

function errorDocument(
  thrown: unknown,
  { language, root, environment }: Surroundings,
): { code: string; message: string; hint?: string } {
  const error = isBackupError(thrown) ? thrown : new BackupError('UNEXPECTED', { problem: reasonOf(thrown) });
  const { message, hint } = describeError(error, language);
  const hide = hideSecrets(root, environment);
  return { code: error.code, message: hide(message), ...(hint === undefined ? {} : { hint: hide(hint) }) };
}
