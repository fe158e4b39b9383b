import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { busyCpuSeconds } from './cpu-clock.ts';
import { watchGroupMemory } from './group-memory.ts';

/** One command to run as a child process, without a shell unless it names one. */
export interface ChildCommand {
  argv: readonly string[];
  cwd?: string;
  /** Added to the environment that the benchmark itself runs in. */
  environment?: Readonly<Record<string, string>>;
}

/** What a command cost as a whole, with every process it started and waited for. */
export interface ChildCost {
  wallSeconds: number;
  userSeconds: number;
  systemSeconds: number;
  /** Most memory resident at once: the largest sum over its processes that was seen, never less than the largest one's peak. */
  peakBytes: number;
  /** CPU time that everything else on the machine used meanwhile: near nothing when a figure is to be trusted. */
  otherCpuSeconds: number;
}

export interface MeasureOptions {
  /** A folder for the measuring's own small files, which are removed again. */
  scratch: string;
  /** Ends the command, with everything it started. */
  signal?: AbortSignal;
  /** GNU time; where it is not installed, bash and the sampler stand in for it. */
  timeProgram?: string;
}

/** A command that did not end with exit code 0. Carries the last lines that it wrote. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
  readonly exitCode: number;

  constructor(command: ChildCommand, exitCode: number, output: string) {
    super(`\`${command.argv.join(' ')}\` ended with exit code ${exitCode}.\n${output.trimEnd()}`);
    this.exitCode = exitCode;
  }
}

const gnuTime = '/usr/bin/time';
const shownOutputCharacters = 2_000;

/**
 * Runs a command and measures it. Its output goes to a file, so that no pipe can slow it down.
 *
 * Throws ChildFailed when it does not end well, and the signal's reason when it was ended by it.
 */
export async function measureChild(command: ChildCommand, options: MeasureOptions): Promise<ChildCost> {
  options.signal?.throwIfAborted();
  const folder = mkdtempSync(join(options.scratch, 'measure-'));
  const timesFile = join(folder, 'times');
  const outputFile = join(folder, 'output');
  const output = openSync(outputFile, 'w');
  try {
    const othersBefore = busyCpuSeconds();
    const started = performance.now();
    const { exitCode, sampledPeak } = await runGroup(
      withTimes(command.argv, timesFile, options.timeProgram ?? gnuTime),
      command,
      output,
      options.signal,
    );
    const wallSeconds = (performance.now() - started) / 1000;
    const busySeconds = busyCpuSeconds() - othersBefore;
    options.signal?.throwIfAborted();
    if (exitCode !== 0)
      throw new ChildFailed(command, exitCode, readFileSync(outputFile, 'utf8').slice(-shownOutputCharacters));
    const times = parseTimes(readFileSync(timesFile, 'utf8'));
    const ownSeconds = times.userSeconds + times.systemSeconds;
    return {
      wallSeconds,
      userSeconds: times.userSeconds,
      systemSeconds: times.systemSeconds,
      peakBytes: Math.max(times.largestBytes, sampledPeak),
      otherCpuSeconds: Math.max(0, busySeconds - ownSeconds),
    };
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * GNU time reports the exact peak of the largest process. It also stands between this process and the command, which
 * would otherwise inherit our own peak: Linux counts the memory before exec to the child. Without it, bash tells the times
 * and the sampler alone the memory.
 */
function withTimes(argv: readonly string[], timesFile: string, timeProgram: string): string[] {
  if (existsSync(timeProgram)) return [timeProgram, '--quiet', '--format=%U %S %M', `--output=${timesFile}`, ...argv];
  const script = 'file=$1; shift; TIMEFORMAT="%3U %3S 0"; exec 3>&2; { time "$@" 2>&3; } 2>"$file"';
  return ['bash', '-c', script, 'bash', timesFile, ...argv];
}

async function runGroup(
  argv: string[],
  command: ChildCommand,
  output: number,
  signal: AbortSignal | undefined,
): Promise<{ exitCode: number; sampledPeak: number }> {
  const [program = '', ...rest] = argv;
  // A process group of its own can be measured and ended as one, and a Ctrl-C at the terminal comes to us alone.
  const child = spawn(program, rest, {
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...command.environment },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  const group = child.pid;
  const memory = watchGroupMemory(group);
  const end = (): void => {
    if (group === undefined) return;
    try {
      process.kill(-group, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
    return { exitCode, sampledPeak: memory.stop() };
  } finally {
    memory.stop();
    signal?.removeEventListener('abort', end);
  }
}

function parseTimes(text: string): { userSeconds: number; systemSeconds: number; largestBytes: number } {
  const [user, system, kibibytes] = (text.trimEnd().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (
    user === undefined ||
    system === undefined ||
    kibibytes === undefined ||
    Number.isNaN(user + system + kibibytes)
  ) {
    throw new Error(`Unreadable measurement: ${JSON.stringify(text)}`);
  }
  return { userSeconds: user, systemSeconds: system, largestBytes: kibibytes * 1024 };
}
