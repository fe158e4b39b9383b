import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Created, type Restored, TestProject } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/config.json', '{ "backup": { "retention": 7 } }\n');
});
afterEach(() => project.remove());

test('a broken settings file comes back by the command that the error gives', async () => {
  await project.done<Created>('create');
  project.write('config/config.json', '{ "backup": ');
  const refused = await project.tool('list');
  expect(refused.code).toBe(2);
  const command = /echo '(.+)' > (\S+) && npm run backup:restore -- (.+ --config) (\S+)/.exec(refused.stderr);
  const [, text = '', written, args = '', named] = command ?? [];
  expect(named).toBe(written);
  const empty = project.beside('empty.json');
  writeFileSync(empty, execFileSync('echo', [text]));
  const restored = await project.done<Restored>('restore', ...args.split(' '), empty, '--yes');
  expect(restored).toMatchObject({ overwritten: 1 });
  expect(readFileSync(project.path('config/config.json'), 'utf8')).toBe('{ "backup": { "retention": 7 } }\n');
});

test('the path of an archive that is not there is told as that', async () => {
  for (const name of [project.beside('none.tar.gz'), './none.tar.gz']) {
    const ended = await project.tool('restore', name, '--dry-run');
    expect([ended.code, ended.stderr]).toEqual([10, expect.stringContaining('There is no such file: /')]);
    expect(ended.stderr).not.toContain(project.store);
  }
});

test('verify --all gives a damaged backup and its archive that is whole two names', async () => {
  const { id, archive = '', directory } = await project.done<Created>('create');
  writeFileSync(join(directory, 'metadata.json'), 'broken');
  const ended = await project.tool('verify', '--all', '--json');
  expect(ended.code).toBe(4);
  const { backups } = ended.json<{ backups: { id: string; ok: boolean }[] }>();
  expect(backups.map((one) => [one.id, one.ok])).toEqual([
    [id, false],
    [basename(archive), true],
  ]);
});
