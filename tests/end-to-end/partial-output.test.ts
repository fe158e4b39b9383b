/** The half-written archive of `--output`, outside of the store: private, and gone however the run ends. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BusyProject } from '../support/busy-project.ts';
import type { Created } from '../support/make-project.ts';
import { startTool, type RunningTool } from '../support/start-tool.ts';

jest.setTimeout(60_000);

let project: BusyProject;
let outside: string;

beforeEach(() => {
  project = new BusyProject();
  outside = project.beside('outside');
  mkdirSync(outside);
});

afterEach(() => project.remove());

const create = (): RunningTool =>
  startTool(['create', '--root', project.root, '--output', join(outside, 'mine.tar.gz')]);

/** Resolves with its path once there is one. */
async function partial(): Promise<string> {
  for (let times = 0; times < 20_000; times += 1) {
    const name = readdirSync(outside).find((one) => one.startsWith('.ai-backup-part-'));
    if (name !== undefined) return join(outside, name);
    await wait(1);
  }
  throw new Error('there was none');
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s removes it', async (signal) => {
  const running = create();
  const path = await partial();
  expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  running.signal(signal);
  expect((await running.ended).code).toBe(130);
  expect(readdirSync(outside)).toEqual([]);
  expect(project.leftovers()).toEqual([]);
});

test('what a kill leaves is removed by the next run, which says so', async () => {
  const running = create();
  await partial();
  running.signal('SIGKILL');
  await running.ended;
  expect(readdirSync(outside)).toHaveLength(1);
  const { warnings } = await project.done<Created>('create', '--targets', 'config');
  expect(warnings.map(({ code }) => code)).toContain('leftovers-removed');
  expect(readdirSync(outside)).toEqual([]);
  expect(project.leftovers()).toEqual([]);
});
