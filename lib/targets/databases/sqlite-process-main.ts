/**
 * The SQLite process: takes one job at a time from its parent, and ends with it.
 *
 * A terminal's Ctrl-C and a service's stop reach both; how a job ends is the parent's decision, so they are ignored
 * here.
 */
import type { SqliteFailure, SqliteReply, SqliteRequest } from './sqlite-job.ts';

let isAborted = false;
let isWorking = false;

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});

process.on('message', (message) => {
  const request = message as SqliteRequest;
  if (request === 'abort') isAborted = true;
  else void work(request.job);
});

process.on('disconnect', () => {
  isAborted = true;
  if (!isWorking) process.exit(0);
});

async function work(job: Extract<SqliteRequest, object>['job']): Promise<void> {
  isAborted = false;
  isWorking = true;
  let reply: SqliteReply;
  try {
    // Loaded here, so that a missing or foreign build of the library is an answer and not a silent exit.
    const { runJob } = await import('./run-job.ts');
    reply = { answer: await runJob(job, { isAborted: () => isAborted, report: tell }) };
  } catch (error) {
    reply = { failure: await explain(error) };
  }
  isWorking = false;
  if (!process.connected) process.exit(0);
  tell(reply);
}

async function explain(error: unknown): Promise<SqliteFailure> {
  const { failureOf } = await import('./sqlite-failure.ts');
  return failureOf(error);
}

function tell(reply: SqliteReply): void {
  if (process.connected) process.send?.(reply, undefined, undefined, () => {});
}
