/** Tars of other programs that name a file twice, and that hold hard links. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Restored } from '../support/make-project.ts';

let project: TestProject;
let archive: string;
let to: string;

beforeEach(() => {
  project = new TestProject();
  archive = project.beside('theirs.tar');
  to = project.beside('elsewhere');
});

afterEach(() => project.remove());

const tar = (mode: 'cf' | 'rf', ...names: string[]): void => {
  execFileSync('tar', [mode, archive, ...names], { cwd: project.root });
};

const restore = (...args: string[]): Promise<Restored> =>
  project.done<Restored>('restore', archive, '--to', to, ...args);

function makeDatabase(name: string, content: string): void {
  rmSync(project.path(name), { force: true });
  const database = new Database(project.path(name));
  database.exec(`CREATE TABLE t (x); INSERT INTO t VALUES ('${content}')`);
  database.close();
}

test('what was appended to a tar counts, once', async () => {
  project.write('state/a', 'old and long');
  project.write('state/b', 'b');
  makeDatabase('app.db', 'old');
  tar('cf', 'state', 'app.db');
  project.write('state/a', 'new');
  makeDatabase('app.db', 'new');
  tar('rf', 'state/a', 'app.db');
  const plan = await restore('--dry-run');
  expect(plan.created).toBe(3);
  expect(plan.actions?.map((one) => one.path).sort()).toEqual(['app.db', 'state/a', 'state/b']);
  const restored = await restore('--yes');
  expect(restored).toMatchObject({ created: 3, bytes: plan.bytes });
  expect(readFileSync(join(to, 'state/a'), 'utf8')).toBe('new');
  const database = new Database(join(to, 'app.db'), { readonly: true });
  expect(database.prepare('SELECT x FROM t').pluck().get()).toBe('new');
  database.close();
  expect(await restore('--dry-run', '--include', 'state')).toMatchObject({ created: 0, unchanged: 2, overwritten: 0 });
});

test('a hard link comes back as a file of its own, also a link to a link, also where only it is asked for', async () => {
  project.write('state/original', 'the content');
  linkSync(project.path('state/original'), project.path('state/second'));
  linkSync(project.path('state/original'), project.path('state/third'));
  tar('cf', 'state/original', 'state/second', 'state/third');
  expect(await restore('--yes', '--include', 'state/third')).toMatchObject({ created: 1, bytes: 11 });
  expect(readFileSync(join(to, 'state/third'), 'utf8')).toBe('the content');
  expect(await restore('--yes')).toMatchObject({ created: 2, unchanged: 1 });
  expect(readFileSync(join(to, 'state/second'), 'utf8')).toBe('the content');
});
