import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** How a process ended, and what it said. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as the one JSON document that it is. */
  json<T>(): T;
}

export interface RunOptions {
  cwd?: string;
  /** Beside the variables of a clean shell. */
  env?: Record<string, string>;
  /** Octal; this process's own where it is left out. */
  umask?: string;
}

/** Runs the built tool as its users do, in a process of its own: `runTool(['create', '--root', root])`. */
export function runTool(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return run(process.execPath, [join(repository, 'bin', 'ai-backup.mjs'), ...args], options);
}

/** Runs a verb through its npm script, from the repository's own folder. */
export function runScript(verb: string, args: readonly string[]): Promise<Ended> {
  return run('npm', ['run', '--silent', `backup:${verb}`, '--', ...args], { cwd: repository });
}

/** Runs any program to its end. Its bytes are taken as UTF-8. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const masked =
    options.umask === undefined ? [] : ['bash', '-c', 'umask "$1"; shift; exec "$@"', 'bash', options.umask];
  const [program = command, ...rest] = [...masked, command, ...args];
  const child = spawn(program, rest, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...shellEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return ended(code, stdout, stderr);
}

/** What there is to say of a process that has ended. */
export function ended(code: number | null, stdout: string, stderr: string): Ended {
  return { code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T };
}

/** The environment of a person's shell: nothing of the npm and the Jest that run this test. */
export function shellEnvironment(): Record<string, string> {
  const foreign = /^(npm_|NODE_OPTIONS$|JEST_|INIT_CWD$|BACKUP_|FORCE_COLOR$|NO_COLOR$|CI$|LC_|LANG$)/;
  const own = Object.entries(process.env).filter(([name, value]) => value !== undefined && !foreign.test(name));
  return { ...(Object.fromEntries(own) as Record<string, string>), BACKUP_LANG: 'en', LC_ALL: 'C.UTF-8' };
}
