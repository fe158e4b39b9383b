import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created, type Restored } from '../support/make-project.ts';
import type { Ended } from '../support/run-tool.ts';

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"a":1}\n');
  project.write('state/queue.json', '[1]\n');
  mkdirSync(join(project.root, 'data'));
  const database = new Database(join(project.root, 'data/app.db'));
  database.exec('CREATE TABLE t(a); INSERT INTO t VALUES (1)');
  database.close();
});
afterEach(() => project.remove());

type Made = Created & { targets: Record<string, { files: number }> };

const tool = (...args: string[]): Promise<Ended> => project.tool(...args);
const create = async (...args: string[]): Promise<Made> => {
  const made = await tool('create', '--json', ...args);
  expect(made.stderr).toBe('');
  return made.json<Made>();
};
const ids = async (): Promise<string[]> =>
  (await tool('list', '--json')).json<{ backups: { id: string }[] }>().backups.map((one) => one.id);

describe('a backup of some targets', () => {
  test('does not push the last copy of the others out', async () => {
    const whole = await create();
    const part = await create('--targets', 'state');
    expect((await tool('cleanup', '--keep-count', '1')).code).toBe(0);
    expect(await ids()).toEqual([part.id, whole.id]);
    const again = await create();
    expect((await tool('cleanup', '--keep-count', '1')).code).toBe(0);
    expect(await ids()).toEqual([again.id]);
  });

  test('needs at least one of them', async () => {
    const none = await tool('create', '--targets', '', '--json');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('OPTION_INVALID')]);
  });

  test('has no name that stands for another backup', async () => {
    for (const name of ['latest', 'backup-2026']) expect((await tool('create', '--name', name)).code).toBe(2);
  });
});

test('what --exclude and a target leave out is left out, databases as well', async () => {
  const { targets } = await create('--exclude', 'data/');
  expect(targets['database']?.files).toBe(0);
  project.settings({ targets: { database: { exclude: ['app.db'] } } });
  expect((await create()).targets['database']?.files).toBe(0);
});

test('a store that a link inside a target leads to does not store itself', async () => {
  mkdirSync(join(project.root, 'agents'));
  project.settings({ storage: { path: './elsewhere' } });
  symlinkSync(join(project.root, 'agents/kept'), join(project.root, 'elsewhere'));
  mkdirSync(join(project.root, 'agents/kept'));
  project.write('agents/note.md', 'note\n');
  const sizes: number[] = [];
  for (let round = 0; round < 3; round += 1) sizes.push((await create()).files);
  expect(new Set(sizes).size).toBe(1);
});

// Only root can give a folder to somebody else.
const rootTest = process.getuid?.() === 0 ? test : test.skip;

describe('a restore', () => {
  test('that asks for what is not in the backup is a mistake, not a success', async () => {
    await create();
    const ended = await tool('restore', '--include', 'stat/queue.json', '--yes', '--json');
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('stat/queue.json')]);
  });

  test('to a link that leads to the project takes the safety backup all the same', async () => {
    await create();
    project.write('state/queue.json', '[2]\n');
    const link = project.beside('link');
    symlinkSync(project.root, link);
    const restored = (await tool('restore', '--to', link, '--yes', '--json')).json<Restored>();
    expect(restored.safetyBackup).toBeDefined();
    expect(readFileSync(join(project.root, 'state/queue.json'), 'utf8')).toBe('[1]\n');
  });

  test('does not overwrite what the safety backup could not read, though the plan is longer than what it lists', async () => {
    for (let at = 0; at < 1200; at += 1) project.write(`state/${at}.json`, 'old');
    project.write('state/zzz/last.json', 'old');
    openToAll(project.folder);
    giveToNobody(project.folder);
    expect((await runAsNobody(['create', '--root', project.root])).code).toBe(0);
    for (let at = 0; at < 1200; at += 1) project.write(`state/${at}.json`, 'new');
    project.write('state/zzz/last.json', 'precious');
    chmodSync(join(project.root, 'state/zzz/last.json'), 0o000);
    const restored = await runAsNobody(['restore', '--root', project.root, '--yes', '--json']);
    expect([restored.code, restored.stderr]).toEqual([1, expect.stringContaining('SAFETY_INCOMPLETE')]);
    expect(restored.stderr).toContain('state/zzz/last.json');
    chmodSync(join(project.root, 'state/zzz/last.json'), 0o644);
    expect(readFileSync(join(project.root, 'state/zzz/last.json'), 'utf8')).toBe('precious');
  });

  test('that could not be finished is not begun: a folder that may not be written to, or that is someone else’s', async () => {
    project.write('state/closed/inside.json', '[1]\n');
    openToAll(project.folder);
    giveToNobody(project.folder);
    const restore = ['restore', '--root', project.root, '--yes', '--skip-backup'];
    expect((await runAsNobody(['create', '--root', project.root])).code).toBe(0);
    project.write('config/app.json', '{"a":2}\n');
    project.write('state/closed/inside.json', '[2]\n');
    chmodSync(join(project.root, 'state/closed'), 0o555);
    const closed = await runAsNobody(restore);
    expect([closed.code, closed.stderr]).toEqual([1, expect.stringContaining('state/closed (EACCES)')]);
    expect(closed.stderr).toContain('Nothing was changed');
    expect(readFileSync(join(project.root, 'config/app.json'), 'utf8')).toBe('{"a":2}\n');

    chmodSync(join(project.root, 'state/closed'), 0o777);
    if (process.getuid?.() === 0) {
      chownSync(join(project.root, 'state/closed'), 0, 0);
      const foreign = await runAsNobody(restore);
      expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('state/closed (EPERM)')]);
      expect(readFileSync(join(project.root, 'config/app.json'), 'utf8')).toBe('{"a":2}\n');
      giveToNobody(project.root);
    }
    expect((await runAsNobody(restore)).code).toBe(0);
    expect(readFileSync(join(project.root, 'state/closed/inside.json'), 'utf8')).toBe('[1]\n');
  });

  rootTest('leaves a folder of somebody else as it is, where nothing or the same mode is to be set', async () => {
    for (const name of ['top', 'sub/in', 'same/in', 'other/in']) project.write(`state/${name}`, 'old');
    openToAll(project.folder);
    giveToNobody(project.folder);
    chmodSync(join(project.root, 'state/same'), 0o777);
    const restore = ['restore', '--root', project.root, '--yes', '--skip-backup', '--json'];
    expect((await runAsNobody(['create', '--root', project.root])).code).toBe(0);
    for (const name of ['sub', 'same', 'other']) chownSync(join(project.root, 'state', name), 0, 65534);
    project.write('state/top', 'new');
    // And the database, as ever.
    const quiet = await runAsNobody(restore);
    expect([quiet.code, quiet.stderr]).toEqual([0, '']);
    expect(quiet.json<Restored>()).toMatchObject({ overwritten: 2, warnings: [] });

    // Something comes into one; of another the mode differs.
    project.write('state/same/in', 'new');
    chmodSync(join(project.root, 'state/other'), 0o775);
    const told = (await runAsNobody(restore)).json<Restored>();
    expect(told.warnings).toMatchObject([{ code: 'folders-not-set', params: { count: 2, path: 'state/other' } }]);
    expect(readFileSync(join(project.root, 'state/same/in'), 'utf8')).toBe('old');
    expect(statSync(join(project.root, 'state/other')).mode & 0o777).toBe(0o775);
  });

  test('with --delete-extra keeps what the backup could not read', async () => {
    const { id, directory } = await create();
    // The backup says that it could not read these: as one made by another user would.
    const file = join(directory, 'metadata.json');
    const metadata = JSON.parse(readFileSync(file, 'utf8')) as { warnings: object[]; complete: boolean };
    metadata.warnings.push({ code: 'file-unreadable', message: '', path: 'state/unread', params: {} });
    metadata.warnings.push({ code: 'folder-unreadable', message: '', path: 'state/private', params: {} });
    metadata.complete = false;
    rmSync(file);
    project.write(`backups/${id}/metadata.json`, JSON.stringify(metadata));
    for (const name of ['unread', 'private/a', 'extra']) project.write(`state/${name}`, 'x');
    const restored = await tool('restore', id, '--delete-extra', '--skip-backup', '--yes', '--json');
    expect(restored.json<{ deleted: number }>().deleted).toBe(1);
    expect(readdirSync(join(project.root, 'state')).sort()).toEqual(['private', 'queue.json', 'unread']);
  });
});
