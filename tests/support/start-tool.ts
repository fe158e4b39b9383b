import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellEnvironment } from './run-tool.ts';

/** The tool as it is installed. */
export const toolFile = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'ai-backup.mjs');

/** How a process that a test may have stopped ended. */
export interface Stopped {
  /** As a shell tells it: 128 and the signal's number for a process that a signal ended. */
  code: number;
  stdout: string;
  stderr: string;
}

/** A running tool, with all its children in a process group of its own, as a terminal starts it. */
export interface RunningTool {
  /** Sends a signal to the whole group, as a terminal's Ctrl-C does. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal to the tool alone, as a service manager may. */
  signalItAlone(signal: NodeJS.Signals): void;
  ended: Promise<Stopped>;
}

const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Starts the built tool. Its caller waits for its end. */
export function startTool(args: readonly string[], environment: Record<string, string> = {}): RunningTool {
  const child = spawn(process.execPath, [toolFile, ...args], {
    env: { ...shellEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const send = (id: number, signal: NodeJS.Signals): void => {
    // The group is this test's own: it was made with the child. One that has ended already needs no signal.
    if (child.exitCode === null && child.signalCode === null) process.kill(id, signal);
  };
  const pid = child.pid ?? 0;
  return {
    signal: (signal) => send(-pid, signal),
    signalItAlone: (signal) => send(pid, signal),
    ended: once(child, 'close').then(([code, signal]) => ({
      code: (code as number | null) ?? 128 + (numbers[signal as NodeJS.Signals] ?? 0),
      stdout,
      stderr,
    })),
  };
}
