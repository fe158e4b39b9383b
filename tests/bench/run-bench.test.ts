import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../bench/run-bench.ts', import.meta.url));
const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `npm run bench`'s script; `onStderr` sees what was said so far, and may end it. */
async function bench(argv: string[], onStderr?: (said: string, interrupt: () => void) => void): Promise<Finished> {
  const child = spawn(process.execPath, [tsx, script, '--workspace', join(folder, 'workspace'), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr?.(stderr, () => child.kill('SIGINT'));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test('a small run prints a table and the bars, writes every figure, and cleans up', async () => {
  const json = join(folder, 'figures.json');
  const { code, stdout } = await bench([
    ...['--scale', '0.001', '--rounds', '2', '--tools', 'tar-gzip,floor', '--only', 'full,restore', '--json', json],
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/tar \| gzip -6 +│ +\d+\.\d\d/);
  expect(stdout).toMatch(/full zstd -3, against restic +│ +0\.50 │ +- │ not measured/);
  const figures = JSON.parse(readFileSync(json, 'utf8')) as { tools: { name: string; runs: { full: unknown[] } }[] };
  expect(figures.tools.find(({ name }) => name === 'tar-gzip')?.runs.full).toHaveLength(2);
  expect(readdirSync(join(folder, 'workspace'))).toEqual([]);
});

test('days, growth and many files of ours are measured, restored, told and drawn', async () => {
  const [json, plot] = [join(folder, 'figures.json'), join(folder, 'growth.svg')];
  const { code, stdout } = await bench([
    ...['--scale', '0.001', '--rounds', '1', '--tools', 'ours-gzip', '--only', 'day,growth,files'],
    ...['--days', '2', '--files', '20,200', '--plot', plot, '--json', json],
  ]);
  expect(code).toBe(0);
  expect(stdout).not.toContain('exit code');
  expect(stdout).toMatch(/store after 2 days, gzip, against restic's +│ +0\.50 │ +- │ not measured/);
  expect(stdout).toMatch(/peak memory, up to 200 files +│ +512 MB │ +\d+ MB │ reached/);
  const figures = JSON.parse(readFileSync(json, 'utf8')) as {
    tools: { runs: object; addedBytes: { day: number[] }; growth: { storedBytes: number }[] }[];
    fileCounts: { files: number; measured: { runs: object } }[];
  };
  expect(Object.keys(figures.tools[0]?.runs ?? {})).toEqual(['day']);
  expect(figures.tools[0]?.addedBytes.day[0]).toBeGreaterThan(0);
  expect(figures.tools[0]?.growth).toHaveLength(3);
  expect(figures.fileCounts.map(({ files, measured }) => [files, Object.keys(measured.runs)])).toEqual([
    [20, ['full', 'verify', 'nochange', 'restore']],
    [200, ['full', 'verify', 'nochange', 'restore']],
  ]);
  expect(readFileSync(plot, 'utf8')).toContain('>ours gzip -6: ');
});

test('Ctrl-C while the project is built ends with 130 and leaves nothing', async () => {
  const { code } = await bench(['--only', 'full', '--tools', 'tar-gzip'], (said, interrupt) => {
    if (said.includes('Building the project')) interrupt();
  });
  expect(code).toBe(130);
  expect(readdirSync(join(folder, 'workspace'))).toEqual([]);
});

test('an action that there is not, and numbers of files that do not rise, are usage errors', async () => {
  const unknown = await bench(['--only', 'full,fly']);
  expect(unknown.code).not.toBe(0);
  expect(unknown.stderr).toContain('unknown action fly');
  for (const files of ['100,10', '10,ten', '0']) {
    const { code, stderr } = await bench(['--files', files]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('--files must be whole numbers above 0');
  }
});
