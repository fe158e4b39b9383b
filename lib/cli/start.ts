import { availableParallelism } from 'node:os';
import { keepCompiled } from './keep-compiled.ts';
import { keepOutOfDumps } from './keep-out-of-dumps.ts';
import { shapeHeap } from './shape-heap.ts';

/**
 * The process around a command: signals in, exit code out. The first Ctrl-C (or SIGTERM) lets the command stop cleanly,
 * a second one ends it at once.
 */
export async function start(argv: readonly string[]): Promise<void> {
  keepOutOfDumps();
  shapeHeap();
  keepCompiled(process.env);
  const stopped = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    if (stopped.signal.aborted) process.exit(130);
    stopped.abort(signal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  // Compression runs on libuv's pool. Its usual four threads on two processors would keep the thread that feeds them waiting.
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(2, availableParallelism()));
  // Loaded only here: what Node keeps compiled holds for one set of V8's flags, which `shapeHeap` changes.
  const { runCommandLine } = await import('./run-command-line.ts');
  process.exitCode = await runCommandLine({
    argv,
    environment: process.env,
    workingFolder: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopped.signal,
  });
  // The handlers stay: a signal that comes when all is done must not make it look interrupted.
}
