import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChildFailed,
  measureChild,
  type ChildCommand,
  type MeasureOptions,
} from '../../../bench/measure/measure-child.ts';

const mebibyte = 1024 * 1024;
const node = (script: string, ...argv: string[]): ChildCommand => ({ argv: [process.execPath, '-e', script, ...argv] });

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'bench-measure-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const ways: [string, Partial<MeasureOptions>][] = [
  ['as installed here', {}],
  ['without GNU time', { timeProgram: '/nowhere/time' }],
];

describe.each(ways)('a measured child, %s', (_, way) => {
  test('that works for 0.3 s of CPU time is charged for it', async () => {
    const cost = await measureChild(node('while (process.cpuUsage().user + process.cpuUsage().system < 300_000);'), {
      scratch,
      ...way,
    });
    expect(cost.userSeconds + cost.systemSeconds).toBeGreaterThan(0.28);
    expect(cost.wallSeconds).toBeGreaterThan(0.28);
  });

  test('that holds 150 MiB is charged for them, and little more', async () => {
    const cost = await measureChild(
      node('const held = Buffer.alloc(150 << 20, 1); setTimeout(() => held.length, 200);'),
      {
        scratch,
        ...way,
      },
    );
    expect(cost.peakBytes).toBeGreaterThan(150 * mebibyte);
    expect(cost.peakBytes).toBeLessThan(350 * mebibyte);
  });

  test('is charged for all processes that it runs at one time', async () => {
    const hold = 'const held = Buffer.alloc(80 << 20, 1); setTimeout(() => held.length, 400);';
    const cost = await measureChild(
      { argv: ['bash', '-c', '"$0" -e "$1" & "$0" -e "$1" & wait', process.execPath, hold] },
      { scratch, ...way },
    );
    expect(cost.peakBytes).toBeGreaterThan(160 * mebibyte);
  });

  test('that fails says so, with its last words', async () => {
    const failing = measureChild(node('console.error("no such repository"); process.exit(10)'), { scratch, ...way });
    await expect(failing).rejects.toThrow(ChildFailed);
    await expect(failing).rejects.toThrow(/exit code 10[^]*no such repository/);
    await expect(failing).rejects.toHaveProperty('exitCode', 10);
  });
});

test('our own memory is not charged to a small child', async () => {
  const held = Buffer.alloc(300 * mebibyte, 1);
  const cost = await measureChild({ argv: ['true'] }, { scratch });
  expect(held.length).toBe(300 * mebibyte);
  expect(cost.peakBytes).toBeLessThan(100 * mebibyte);
});

test('a child that is interrupted ends with everything that it started', async () => {
  const interruption = new AbortController();
  const marker = join(scratch, 'pid');
  const measuring = measureChild(
    { argv: ['bash', '-c', 'sleep 1000 & echo $! > "$0.new" && mv "$0.new" "$0" && wait', marker] },
    { scratch, signal: interruption.signal },
  );
  const outcome = expect(measuring).rejects.toThrow('enough');
  await until(() => existsSync(marker));
  const grandchild = readFileSync(marker, 'utf8').trim();
  interruption.abort(new Error('enough'));
  await outcome;
  await until(() => !isAlive(grandchild));
  expect(readdirSync(scratch)).toEqual(['pid']);
});

/** Dead, or dead and not yet collected by its new parent. */
function isAlive(pid: string): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
