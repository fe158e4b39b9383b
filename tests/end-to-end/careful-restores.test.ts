import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
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
