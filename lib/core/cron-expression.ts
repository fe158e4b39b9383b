import { Cron } from 'croner';

const parsed = new Map<string, Cron>();

/**
 * A cron expression as a computer of wall times: five fields or six, the days' fields joined by "or" as crontab does.
 * @throws TypeError, RangeError where it is none.
 */
export function wallCron(expression: string): Cron {
  // The library also takes a date, for one run.
  if (expression.includes(':')) throw new TypeError('a time is no cron expression');
  let cron = parsed.get(expression);
  if (cron === undefined) {
    cron = new Cron(expression, { timezone: 'UTC', paused: true, mode: '5-or-6-parts' });
    parsed.set(expression, cron);
  }
  return cron;
}

/** Why an expression cannot be scheduled, or undefined when it can. */
export function cronProblem(expression: string): string | undefined {
  try {
    return wallCron(expression).nextRun(new Date(0)) === null ? 'it never comes due' : undefined;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.message.replace(/^CronPattern: /, '');
    throw error;
  }
}
