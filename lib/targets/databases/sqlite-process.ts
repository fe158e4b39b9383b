import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { childEnvironment } from '../../core/child-environment.ts';
import {
  SqliteJobError,
  type SqliteAnswers,
  type SqliteJob,
  type SqliteReply,
  type SqliteRequest,
} from './sqlite-job.ts';

/**
 * All SQLite work runs in a process of its own.
 *
 * POSIX locks belong to a process, and a process that closes any handle of a file drops all its locks on it
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2). The main process opens and closes the project's files all
 * the time; had it a SQLite connection too, a scan could tear a copy. Apart from that a long integrity check can be
 * stopped, and a file that crashes the library does not crash the backup.
 */
export interface SqliteJobOptions {
  signal: AbortSignal;
  onProgress?: (bytes: number, totalBytes: number) => void;
}

const idle: { child: ChildProcess; timer: NodeJS.Timeout }[] = [];
const idleLimit = 2;
const idleMs = 300;

/**
 * Runs one job in a SQLite process, which is kept for the next ones for a moment and does not keep this process
 * alive. Throws `SqliteJobError`.
 */
export async function runSqliteJob<J extends SqliteJob>(
  job: J,
  options: SqliteJobOptions,
): Promise<SqliteAnswers[J['kind']]> {
  if (options.signal.aborted) throw new SqliteJobError('aborted', 'interrupted');
  const child = takeIdle() ?? startProcess();
  const answer = await waitForAnswer(child, job, options);
  keep(child);
  if ('failure' in answer) throw new SqliteJobError(answer.failure.reason, answer.failure.problem);
  return answer.answer as SqliteAnswers[J['kind']];
}

type Final = Extract<SqliteReply, { answer: unknown } | { failure: unknown }>;

function waitForAnswer(child: ChildProcess, job: SqliteJob, options: SqliteJobOptions): Promise<Final> {
  return new Promise((resolve, reject) => {
    let isExpendable = false;
    const onAbort = (): void => {
      if (isExpendable) end();
      else send(child, 'abort');
    };
    const end = (): void => {
      child.kill('SIGKILL');
      // Its answer may be on the way already; only its end counts now, so that nobody is given a dying process.
      child.off('message', onMessage);
    };
    const onMessage = (message: unknown): void => {
      const reply = message as SqliteReply;
      if (reply === 'expendable') {
        isExpendable = true;
        if (options.signal.aborted) end();
      } else if ('bytes' in reply) options.onProgress?.(reply.bytes, reply.totalBytes);
      else {
        settle();
        resolve(reply);
      }
    };
    const onEnd = (code: number | null, signal: NodeJS.Signals | null): void => {
      settle();
      reject(
        options.signal.aborted
          ? new SqliteJobError('aborted', 'interrupted')
          : new SqliteJobError('failed', `the SQLite process ended unexpectedly (${signal ?? `exit code ${code}`})`),
      );
    };
    const onError = (error: Error): void => {
      settle();
      reject(
        new SqliteJobError('failed', `the SQLite process could not be started (${error.message})`, { cause: error }),
      );
    };
    const settle = (): void => {
      options.signal.removeEventListener('abort', onAbort);
      child.off('message', onMessage).off('exit', onEnd).off('error', onError);
    };
    child.on('message', onMessage).on('exit', onEnd).on('error', onError);
    options.signal.addEventListener('abort', onAbort, { once: true });
    send(child, { job });
  });
}

function send(child: ChildProcess, request: SqliteRequest): void {
  // A process that is gone shows as its `exit` event; the failed send adds nothing to it.
  child.send(request, () => {});
}

function startProcess(): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fork(new URL(`./sqlite-process-main.${extension}`, import.meta.url), [], {
    execArgv: extension === 'ts' ? typescriptLoader() : [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: childEnvironment(),
    // Out of the terminal's reach: a Ctrl-C would end it before it can say that it ignores one. It ends with its parent.
    detached: true,
  });
}

/** What a Node that does not strip types by itself needs to run the sources as they are. */
function typescriptLoader(): string[] {
  if (Reflect.get(process.features, 'typescript')) return [];
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}

function takeIdle(): ChildProcess | undefined {
  for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
    clearTimeout(next.timer);
    if (!next.child.connected) continue;
    next.child.ref();
    next.child.channel?.ref();
    return next.child;
  }
  return undefined;
}

function keep(child: ChildProcess): void {
  if (!child.connected) return;
  if (idle.length >= idleLimit) {
    child.disconnect();
    return;
  }
  const timer = setTimeout(() => {
    const at = idle.findIndex((one) => one.child === child);
    if (at !== -1) idle.splice(at, 1);
    if (child.connected) child.disconnect();
  }, idleMs);
  timer.unref();
  child.unref();
  child.channel?.unref();
  idle.push({ child, timer });
}
