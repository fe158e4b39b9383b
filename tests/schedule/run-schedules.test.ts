import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../lib/core/clock.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { runSchedules, type ScheduleEvent, type ZonedSchedule } from '../../lib/schedule/run-schedules.ts';

type Event = ScheduleEvent<string>;

/** One finished step of a job: the test decides when it ends. */
interface RunningJob {
  name: string;
  finish: (result: string) => void;
  fail: (error: unknown) => void;
}

/** A runner whose clock and heartbeat the test drives. */
function startRunner(schedules: Record<string, string>, start: string) {
  let now = new Date(start);
  const clock: Clock = { ...systemClock, now: () => now };
  const controller = new AbortController();
  const events: string[] = [];
  const running: RunningJob[] = [];
  const beats: (() => void)[] = [];
  const time = (date: Date | undefined): string => date?.toISOString().slice(11, 16) ?? 'never';

  const tell = (event: Event): void => {
    const { name } = event.schedule;
    if (event.kind === 'waiting') events.push(`${name} waits for ${time(event.nextRun)}`);
    else if (event.kind === 'finished')
      events.push(`${name} of ${time(event.dueAt)}: ${event.result}, next ${time(event.nextRun)}`);
    else if (event.kind === 'failed')
      events.push(`${name} of ${time(event.dueAt)} failed: ${(event.error as Error).message}`);
    else events.push(`${name} of ${time(event.dueAt)} ${event.kind}`);
  };
  const ended = runSchedules<string>({
    schedules: Object.entries(schedules).map(([name, cron]): ZonedSchedule => ({ name, cron, timezone: 'UTC' })),
    clock,
    signal: controller.signal,
    runJob: (schedule) => new Promise((finish, fail) => running.push({ name: schedule.name, finish, fail })),
    report: tell,
    heartbeat: (_everySecond, beat) => {
      beats.push(beat);
      return () => void beats.pop();
    },
  });
  return {
    events,
    running,
    ended,
    beats,
    stop: () => controller.abort(),
    /** Sets the clock, beats once, and lets what is due start. */
    at: async (next: string) => {
      now = new Date(next);
      beats[0]?.();
      await settled();
    },
    settled,
  };
}

/** Everything that is only waiting for promises has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the runner', () => {
  test('runs each job when it comes due and names its next run', async () => {
    const runner = startRunner({ nightly: '0 2 * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-19T01:59Z');
    expect(runner.events).toEqual(['nightly waits for 02:00']);
    await runner.at('2026-06-19T02:00Z');
    runner.running[0]?.finish('done');
    await settled();
    runner.stop();
    expect(await runner.ended).toBe('idle');
    expect(runner.events.slice(1)).toEqual(['nightly of 02:00 started', 'nightly of 02:00: done, next 02:00']);
    expect(runner.beats).toEqual([]);
  });

  test('never runs two at once: the later one waits, in order', async () => {
    const runner = startRunner({ slow: '0 2 * * *', quick: '5 2 * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-19T02:00Z');
    await runner.at('2026-06-19T02:05Z');
    expect(runner.running.map((job) => job.name)).toEqual(['slow']);
    runner.running[0]?.finish('done');
    await settled();
    expect(runner.running.map((job) => job.name)).toEqual(['slow', 'quick']);
    runner.running[1]?.finish('done');
    await settled();
    runner.stop();
    await runner.ended;
    expect(runner.events.slice(2)).toEqual([
      'slow of 02:00 started',
      'slow of 02:00: done, next 02:00',
      'quick of 02:05 started',
      'quick of 02:05: done, next 02:05',
    ]);
  });

  test('a job does not pile up behind itself', async () => {
    const runner = startRunner({ often: '*/10 * * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-19T00:10Z');
    await runner.at('2026-06-19T00:20Z');
    await runner.at('2026-06-19T00:30Z');
    runner.running[0]?.finish('done');
    await settled();
    await runner.at('2026-06-19T00:40Z');
    expect(runner.running).toHaveLength(2);
    runner.running[1]?.finish('done');
    await settled();
    runner.stop();
    await runner.ended;
    expect(runner.events).toContain('often of 00:20 skipped');
    expect(runner.events).toContain('often of 00:30 skipped');
  });

  test('a failing run is reported and the runner goes on', async () => {
    const runner = startRunner({ nightly: '0 2 * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-19T02:00Z');
    runner.running[0]?.fail(new Error('the disk is full'));
    await settled();
    await runner.at('2026-06-20T02:00Z');
    runner.running[1]?.finish('done');
    await settled();
    runner.stop();
    expect(await runner.ended).toBe('idle');
    expect(runner.events).toContain('nightly of 02:00 failed: the disk is full');
    expect(runner.events.at(-1)).toBe('nightly of 02:00: done, next 02:00');
  });

  test('after a machine slept through five nights, the job runs once', async () => {
    const runner = startRunner({ nightly: '0 2 * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-24T08:00Z');
    await runner.at('2026-06-24T08:01Z');
    expect(runner.running).toHaveLength(1);
    runner.running[0]?.finish('done');
    await settled();
    runner.stop();
    await runner.ended;
  });

  test('a clock that was years ahead and is mended does not stop the schedule', async () => {
    const runner = startRunner({ nightly: '0 2 * * *' }, '2031-01-01T00:00Z');
    await runner.at('2026-06-19T01:00Z');
    await runner.at('2026-06-19T02:00Z');
    expect(runner.running).toHaveLength(1);
    runner.running[0]?.finish('done');
    await settled();
    runner.stop();
    await runner.ended;
  });

  test('a clock set back by minutes does not run a job twice', async () => {
    const runner = startRunner({ nightly: '0 2 * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-19T02:00Z');
    runner.running[0]?.finish('done');
    await settled();
    await runner.at('2026-06-19T01:55Z');
    await runner.at('2026-06-19T02:00Z');
    expect(runner.running).toHaveLength(1);
    runner.stop();
    await runner.ended;
  });

  test('a stop waits for the running job, and drops the waiting ones', async () => {
    const runner = startRunner({ slow: '0 2 * * *', quick: '5 2 * * *' }, '2026-06-19T00:00Z');
    await runner.at('2026-06-19T02:05Z');
    runner.stop();
    await settled();
    let hasEnded = false;
    void runner.ended.then(() => (hasEnded = true));
    await settled();
    expect(hasEnded).toBe(false);
    runner.running[0]?.finish('done');
    expect(await runner.ended).toBe('running');
    expect(runner.running.map((job) => job.name)).toEqual(['slow']);
  });

  test('a report that fails ends the runner instead of leaving it deaf', async () => {
    const beats: (() => void)[] = [];
    let now = new Date('2026-06-19T00:00Z');
    const ended = runSchedules<string>({
      schedules: [{ name: 'nightly', cron: '0 2 * * *', timezone: 'UTC' }],
      clock: { ...systemClock, now: () => now },
      signal: new AbortController().signal,
      runJob: async () => 'done',
      report: (event) => {
        if (event.kind === 'finished') throw new Error('no more paper');
      },
      heartbeat: (_everySecond, beat) => {
        beats.push(beat);
        return () => void beats.pop();
      },
    });
    now = new Date('2026-06-19T02:00Z');
    beats[0]?.();
    await expect(ended).rejects.toThrow('no more paper');
    expect(beats).toEqual([]);
  });

  test('node-cron beats for real: a job of every second runs again and again', async () => {
    const controller = new AbortController();
    let count = 0;
    const state = await runSchedules<number>({
      schedules: [{ name: 'each-second', cron: '* * * * * *', timezone: 'Asia/Tokyo' }],
      clock: systemClock,
      signal: controller.signal,
      runJob: async () => (count += 1),
      report: (event) => {
        if (event.kind === 'finished' && event.result === 2) controller.abort();
      },
    });
    expect(state).toBe('running');
    expect(count).toBe(2);
  });
});
