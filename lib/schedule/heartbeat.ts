import { createTask } from 'node-cron';

/** Calls `beat` at every full minute, or second, until the function that it returns is called. */
export type Heartbeat = (everySecond: boolean, beat: () => void) => () => void;

const silence = { info: ignore, warn: ignore, error: ignore, debug: ignore };

function ignore(): void {
  // A late beat is no news: whoever listens compares times and catches up.
}

/**
 * The heartbeat by node-cron. It beats in UTC, because node-cron pauses for the hour that a zone's clocks show twice;
 * when each schedule is due, by its own zone, is computed by `next-runs.ts`.
 */
export const cronHeartbeat: Heartbeat = (everySecond, beat) => {
  const task = createTask(everySecond ? '* * * * * *' : '* * * * *', beat, {
    timezone: 'UTC',
    logger: silence,
    // A busy event loop (a backup reads synchronously) or a machine that slept makes beats late, never lost.
    missedExecutionTolerance: everySecond ? 900 : 59_000,
  });
  task.on('execution:missed', beat);
  void task.start();
  return () => void task.destroy();
};
