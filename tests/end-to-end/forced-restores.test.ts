import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestProject, type Created, type Restored } from '../support/make-project.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

interface Forced extends Restored {
  notRestored?: number;
}

let project: TestProject;
const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `state/${name}.bin`);

beforeEach(() => {
  project = new TestProject();
  for (const name of names) project.write(name, randomBytes(1 << 20));
  project.write('config/app.json', '{"name": "app"}\n');
});

afterEach(() => project.remove());

function overwrite(file: string, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, randomBytes(16), 0, 16, at);
  closeSync(fd);
}

/** Damages some bytes in the midst of what is stored. */
function damage({ archive, directory }: Created): void {
  if (archive === undefined) overwrite(join(directory, names[2] ?? ''), 5000);
  else overwrite(archive, Math.floor(statSync(archive).size / 2));
}

const lostOf = (result: Forced): string[] =>
  result.warnings.filter((one) => one.code === 'entry-not-restored').map((one) => one.path ?? '');

describe.each(['tar', 'zip', 'directory'])('a damaged %s', (format) => {
  let created: Created;
  beforeEach(async () => {
    created = await project.done<Created>('create', '--format', format);
    damage(created);
  });

  test('is not restored, and nothing changes; the hint names --force', async () => {
    for (const name of names) rmSync(project.path(name));
    const before = project.snapshot();
    const ended = await project.tool('restore', created.id, '--yes');
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain('--force');
    expect(treeDifferences(before, project.snapshot())).toEqual([]);
  });

  test('with --force gives what is whole, names the rest, and ends with 3', async () => {
    const wanted = project.snapshot();
    const elsewhere = project.beside('elsewhere');
    const ended = await project.tool(
      'restore',
      created.id,
      '--to',
      elsewhere,
      '--yes',
      '--force',
      '--verify',
      '--json',
    );
    expect(ended.code).toBe(3);
    const result = ended.json<Forced>();
    const lost = lostOf(result);
    expect(result.notRestored).toBe(1);
    expect(lost).toHaveLength(1);
    expect(names).toContain(lost[0]);
    expect(result.created).toBe(names.length);
    expect(result.bytes).toBe(5 * 2 ** 20 + 16);
    const differences = treeDifferences(wanted, snapshotTree(elsewhere));
    expect(differences.filter((one) => !one.includes(lost[0] ?? ''))).toEqual([]);
    expect(existsSync(join(elsewhere, lost[0] ?? ''))).toBe(false);
  });

  test('with --force leaves what stands in the place of what is lost', async () => {
    for (const name of names) writeFileSync(project.path(name), 'of now');
    const ended = await project.tool('restore', created.id, '--yes', '--force');
    expect(ended.code).toBe(3);
    expect(ended.stdout).toMatch(/Restored what is whole of .*; not 1 that is damaged/);
    expect(ended.stdout).toMatch(/0 created, 5 overwritten/);
    const kept = names.filter((name) => readFileSync(project.path(name)).equals(Buffer.from('of now')));
    expect(kept).toHaveLength(1);
    expect(ended.stderr).toContain(`warning: ${kept[0]} is not whole in the backup`);
  });
});

test('a backup that is whole is restored with --force as without it', async () => {
  await project.done('create');
  rmSync(project.path('state/a.bin'));
  const result = await project.done<Forced>('restore', '--yes', '--force');
  expect(result).toMatchObject({ created: 1, warnings: [] });
  expect(result).not.toHaveProperty('notRestored');
});

test('where nothing is whole there is nothing to force: it ends with 4, and nothing changes', async () => {
  const { id, archive = '' } = await project.done<Created>('create');
  truncateSync(archive, 20);
  const elsewhere = project.beside('elsewhere');
  expect((await project.tool('restore', id, '--to', elsewhere, '--yes', '--force')).code).toBe(4);
  expect(existsSync(elsewhere)).toBe(false);
});

test('of an archive that is cut short, what lies before the cut comes back', async () => {
  const { id, archive = '' } = await project.done<Created>('create');
  truncateSync(archive, Math.floor(statSync(archive).size / 2));
  const elsewhere = project.beside('elsewhere');
  const ended = await project.tool('restore', id, '--to', elsewhere, '--yes', '--force', '--json');
  expect(ended.code).toBe(3);
  const lost = lostOf(ended.json<Forced>());
  expect(lost.length).toBeGreaterThan(1);
  expect(lost.length).toBeLessThan(names.length);
  for (const name of names.filter((one) => !lost.includes(one))) {
    expect(readFileSync(join(elsewhere, name)).equals(readFileSync(project.path(name)))).toBe(true);
  }
});

test('a damaged database is lost like any file, and the others are checked and restored', async () => {
  for (const name of ['one.db', 'two.db']) {
    const database = new Database(project.path(name));
    database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(500000))');
    database.close();
  }
  const { id, directory } = await project.done<Created>('create', '--format', 'directory');
  overwrite(join(directory, 'database/one.db'), 100_000);
  for (const name of ['one.db', 'two.db']) rmSync(project.path(name));
  const ended = await project.tool('restore', id, '--yes', '--force', '--json');
  expect(ended.code).toBe(3);
  expect(lostOf(ended.json<Forced>())).toEqual(['one.db']);
  expect(existsSync(project.path('one.db'))).toBe(false);
  const database = new Database(project.path('two.db'), { readonly: true });
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  database.close();
});
