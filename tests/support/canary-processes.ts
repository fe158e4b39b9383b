import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Ended, type RunOptions } from './run-tool.ts';
import { toolFile } from './start-tool.ts';

/** A program that was started meanwhile. */
export interface StartedProgram {
  argv: string[];
  /** `NAME=value`, each. */
  environment: string[];
}

/** True where programs can be watched here: strace is there and may trace. */
export const canWatchProcesses = spawnSync('strace', ['-f', '-e', 'trace=execve', 'true']).status === 0;

/** Runs the built tool, and tells which programs it started, with their words and variables. */
export async function runWatched(
  args: readonly string[],
  folder: string,
  options: RunOptions = {},
): Promise<Ended & { started: StartedProgram[] }> {
  const file = join(folder, 'strace.out');
  const trace = ['-f', '-v', '-qq', '--seccomp-bpf', '-s', '1000000', '-x', '-e', 'trace=execve', '-o', file];
  const ended = await run('strace', [...trace, process.execPath, toolFile, ...args], options);
  return { ...ended, started: parseTrace(readFileSync(file, 'latin1')) };
}

/** The program itself comes first: strace starts it with our words. */
function parseTrace(text: string): StartedProgram[] {
  return text.split('\n').flatMap((line) => {
    const lists = /execve\(".*?", \[(.*)\], \[(.*)\](?:\)| <unfinished)/.exec(line);
    return lists === null ? [] : [{ argv: texts(lists[1] ?? ''), environment: texts(lists[2] ?? '') }];
  });
}

/** The texts of a list as strace writes it: in C's quotes, with what is not ASCII in hex. */
function texts(list: string): string[] {
  return [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inside = '']) => {
    const bytes = inside.replace(/\\(x[0-9a-f]{2}|[0-7]{1,3}|.)/g, (_, code: string) => unescaped(code));
    return Buffer.from(bytes, 'latin1').toString('utf8');
  });
}

function unescaped(code: string): string {
  if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
  return { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' }[code] ?? code;
}
