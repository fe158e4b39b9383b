import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { statSync } from 'node:fs';
import { TestProject } from '../support/make-project.ts';
import type { Ended } from '../support/run-tool.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n', 0o666);
  project.write('state/a/b/queue.json', '[1, 2, 3]\n', 0o777);
});

afterEach(() => project.remove());

const runWithUmask = (umask: string, args: readonly string[]): Promise<Ended> => project.toolWith({ umask }, ...args);

test.each([
  ['000', {}, '700', '600'],
  ['077', {}, '700', '600'],
  ['000', { fileMode: '0640', folderMode: '0750' }, '750', '640'],
  ['077', { fileMode: '0640', folderMode: '0750' }, '750', '640'],
])('with umask %s and %j folders of a store are %s and its files %s', async (umask, storage, folder, file) => {
  project.settings({ storage });
  for (const format of ['tar', 'zip', 'directory']) {
    expect((await runWithUmask(umask, ['create', '--format', format])).code).toBe(0);
  }
  for (const args of [
    ['verify', '--all'],
    ['cleanup', '--keep-count', '2'],
    ['restore', '--yes', '--overwrite', 'always'],
  ]) {
    expect((await runWithUmask(umask, args)).code).toBe(0);
  }
  expect((statSync(project.store).mode & 0o7777).toString(8)).toBe(folder);
  for (const [path, { kind, mode }] of snapshotTree(project.store)) {
    // The lock is for this user's own runs, whoever may read the store.
    if (path === '.state/lock') continue;
    expect([path, mode]).toEqual([path, kind === 'directory' ? folder : file]);
  }
});

test('what is restored has its own modes, whatever the umask', async () => {
  expect((await runWithUmask('077', ['create'])).code).toBe(0);
  const elsewhere = project.beside('elsewhere');
  expect((await runWithUmask('077', ['restore', '--to', elsewhere, '--yes'])).code).toBe(0);
  const modes = [...snapshotTree(elsewhere)].map(([path, { mode }]) => [path, mode]);
  const original = project.snapshot();
  expect(modes).toEqual(modes.map(([path]) => [path, original.get(path ?? '')?.mode]));
});
