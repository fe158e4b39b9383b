import { wallCron } from '../core/cron-expression.ts';
import { firstChange, offsetAt, wallTime } from '../core/local-time.ts';

/** When something runs: a cron expression, read by the clocks of a time zone. */
export interface CronInZone {
  cron: string;
  /** IANA name. */
  timezone: string;
}

/** How far back a change of the clock can still make the present time of day a repeated one. */
const longestRepeatMs = 24 * 3_600_000;
const secondMs = 1000;

/**
 * The first time after `after` at which a schedule is due; undefined when it never is.
 *
 * A time of day that the clocks skip (summer time begins) is due once, at the moment when they skip it. A time of day
 * that they show twice (summer time ends) is due the first time only. A schedule for every hour follows elapsed time
 * instead: it neither doubles up nor pauses on such a day. The expression itself is only ever asked about plain wall
 * time, as node-cron, croner and cron-parser each lose some of these runs when they are given the zone.
 *
 * @throws TypeError when the expression is no cron expression.
 */
export function nextRun(schedule: CronInZone, after: Date): Date | undefined {
  const zone = schedule.timezone;
  const times = wallCron(schedule.cron);
  const isHourly = runsEveryHour(schedule.cron);
  let start = after.getTime();
  let offset = offsetAt(start, zone);
  // Croner looks strictly later than what it is given; wall times here are exclusive lower bounds.
  let wallFrom = wallTime(start, zone);
  if (!isHourly) wallFrom = Math.max(wallFrom, repeatedUntil(start, zone) - secondMs);

  for (;;) {
    const wall = times.nextRun(new Date(wallFrom))?.getTime();
    if (wall === undefined) return undefined;
    const change = firstChange(start, wall - offset, zone);
    if (change === undefined) return new Date(wall - offset);

    const offsetBefore = offset;
    offset = offsetAt(change, zone);
    const wallAtChange = change + offset;
    if (!isHourly && wall < wallAtChange) return new Date(change);
    start = change;
    wallFrom = (isHourly ? wallAtChange : Math.max(wallAtChange, change + offsetBefore)) - secondMs;
  }
}

/** The next `count` times at which a schedule is due, fewer when it ends. */
export function nextRuns(schedule: CronInZone, after: Date, count: number): Date[] {
  const runs: Date[] = [];
  for (let run = nextRun(schedule, after); run !== undefined && runs.length < count; run = nextRun(schedule, run)) {
    runs.push(run);
  }
  return runs;
}

/** True when the expression names seconds, so that minutes are too coarse to run it. */
export const namesSeconds = (expression: string): boolean => fieldsOf(expression).length === 6;

const fieldsOf = (expression: string): string[] => expression.trim().split(/\s+/);

function runsEveryHour(expression: string): boolean {
  const fields = fieldsOf(expression);
  if (fields.length === 1) return expression.trim().toLowerCase() === '@hourly';
  return ['*', '*/1', '0-23'].includes(fields[fields.length - 4] ?? '');
}

/** The wall time up to which the clocks, put back a short while ago, show what they have shown before. */
function repeatedUntil(instantMs: number, zone: string): number {
  const earlier = instantMs - longestRepeatMs;
  const change = firstChange(earlier, instantMs, zone);
  return change === undefined ? -Infinity : change + offsetAt(earlier, zone);
}
