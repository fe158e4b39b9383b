import type { Clock } from '../core/clock.ts';
import type { ScheduleSettings } from '../config/settings.ts';
import { cronHeartbeat, type Heartbeat } from './heartbeat.ts';
import { namesSeconds, nextRun } from './next-runs.ts';
import { RunQueue } from './run-queue.ts';

/** A schedule whose time zone is settled. */
export interface ZonedSchedule extends ScheduleSettings {
  timezone: string;
}

/** What the runner tells while it runs. Times are those of its clock. */
export type ScheduleEvent<R> =
  | { kind: 'waiting'; schedule: ZonedSchedule; nextRun?: Date }
  | { kind: 'started'; schedule: ZonedSchedule; dueAt: Date }
  /** It came due while its last run still ran or waited. */
  | { kind: 'skipped'; schedule: ZonedSchedule; dueAt: Date }
  | { kind: 'finished'; schedule: ZonedSchedule; dueAt: Date; result: R; nextRun?: Date }
  | { kind: 'failed'; schedule: ZonedSchedule; dueAt: Date; error: unknown; nextRun?: Date };

export interface ScheduleRunner<R> {
  schedules: readonly ZonedSchedule[];
  clock: Clock;
  /** Ends the runner. The job that runs is expected to listen to it too. */
  signal: AbortSignal;
  /** Runs one job; what it throws is reported, and the runner goes on. */
  runJob: (schedule: ZonedSchedule) => Promise<R>;
  report: (event: ScheduleEvent<R>) => void;
  heartbeat?: Heartbeat;
}

interface Job {
  schedule: ZonedSchedule;
  next: Date | undefined;
}

/** A clock that goes back by more than this was wrong before: next runs are computed anew. Less is a correction. */
const clockCorrectionMs = 3_600_000;

/**
 * Runs schedules in the foreground until the signal aborts: one job at a time, each when it comes due; one that comes
 * due while another runs waits for it. However many runs of a job fell into a time when nothing could run (the machine
 * slept), it runs once.
 *
 * @returns whether a job was running when the signal came.
 * @throws what `report` throws; a failing job is reported instead.
 */
export async function runSchedules<R>(runner: ScheduleRunner<R>): Promise<'idle' | 'running'> {
  const { clock, report, signal } = runner;
  let lastBeat = clock.now();
  const jobs = runner.schedules.map((schedule): Job => ({ schedule, next: nextRun(schedule, lastBeat) }));
  for (const job of jobs) report({ kind: 'waiting', schedule: job.schedule, ...nextRunOf(job) });

  const end = endOf(signal);
  const queue = new RunQueue<{ job: Job; dueAt: Date }>((due) =>
    runAndReport(runner, due.job, due.dueAt).catch(end.fail),
  );

  const beat = (): void => {
    const now = clock.now();
    if (now.getTime() < lastBeat.getTime() - clockCorrectionMs) {
      for (const job of jobs) job.next = nextRun(job.schedule, now);
    }
    lastBeat = now;
    for (const { job, dueAt } of takeDue(jobs, now)) {
      if (!queue.add(job.schedule.name, { job, dueAt })) report({ kind: 'skipped', schedule: job.schedule, dueAt });
    }
  };

  const everySecond = runner.schedules.some((schedule) => namesSeconds(schedule.cron));
  const stopHeartbeat = (runner.heartbeat ?? cronHeartbeat)(everySecond, () => {
    try {
      beat();
    } catch (error) {
      end.fail(error);
    }
  });
  try {
    await end.reached;
    return queue.isRunning ? 'running' : 'idle';
  } finally {
    stopHeartbeat();
    await queue.close();
  }
}

async function runAndReport<R>(runner: ScheduleRunner<R>, job: Job, dueAt: Date): Promise<void> {
  const { schedule } = job;
  runner.report({ kind: 'started', schedule, dueAt });
  let result: R;
  try {
    result = await runner.runJob(schedule);
  } catch (error) {
    runner.report({ kind: 'failed', schedule, dueAt, error, ...nextRunOf(job) });
    return;
  }
  runner.report({ kind: 'finished', schedule, dueAt, result, ...nextRunOf(job) });
}

const nextRunOf = (job: Job): { nextRun?: Date } => (job.next === undefined ? {} : { nextRun: job.next });

/** The jobs that are due, in the order in which they came due, each set to its first run after `now`. */
function takeDue(jobs: readonly Job[], now: Date): { job: Job; dueAt: Date }[] {
  const due: { job: Job; dueAt: Date }[] = [];
  for (const job of jobs) {
    if (job.next === undefined || job.next > now) continue;
    due.push({ job, dueAt: job.next });
    job.next = nextRun(job.schedule, now);
  }
  return due.sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
}

/** A promise that resolves when the signal aborts, and rejects when `fail` is called. */
function endOf(signal: AbortSignal): { reached: Promise<void>; fail: (error: unknown) => void } {
  let fail: (error: unknown) => void = () => undefined;
  const reached = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return { reached, fail };
}
