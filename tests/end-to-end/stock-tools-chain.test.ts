/** Backups that build on each other open without the toolkit: each one's RESTORE.md is followed to the letter. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created } from '../support/make-project.ts';
import { run, type Ended } from '../support/run-tool.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

/** A backup, and what was there when it was made. */
interface Day {
  created: Created;
  chain: string[];
  files: TreeSnapshot;
  rows: unknown[];
}

let project: TestProject;
let live: Database.Database;
const days: Day[] = [];

beforeAll(async () => {
  project = new TestProject();
  project.settings({ targets: { uploads: ['public/uploads'] } });
  mkdirSync(project.path('data'));
  live = new Database(project.path('data/app.db'));
  live.pragma('journal_mode = WAL');
  live.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)');
  addRows(40_000);
  write('state/stays', 'the same every day');
  write(`state/it's "odd" \\ $(touch hacked).json`, '{}');
  write('state/new\nline', 'two');
  write('state/empty', '');
  write('state/private', 'x', 0o600);
  write('state/goes', 'gone tomorrow');
  write('public/uploads/large.bin', randomBytes(3_500_000));
  write('public/uploads/photo.bin', randomBytes(1_200_000));
  mkdirSync(project.path('state/empty folder'));
  project.link('stays', 'state/link');
  await backUp('full', 'gzip');

  rmSync(project.path('state/goes'));
  renameSync(project.path('public/uploads/photo.bin'), project.path('public/uploads/moved.bin'));
  write('public/uploads/large.bin', changed('public/uploads/large.bin', [0, 1_000_000, 3_499_999]));
  write('state/new today', 'two');
  live.exec(`UPDATE item SET name = 'changed' WHERE id % 10000 = 7`);
  await backUp('incremental', 'none');

  write(
    'public/uploads/large.bin',
    Buffer.concat([changed('public/uploads/large.bin', [1_000_001]), randomBytes(9_999)]),
  );
  write('state/empty', 'no more');
  chmodSync(project.path('state/private'), 0o640);
  rmSync(project.path('state/link'));
  project.link('new today', 'state/link');
  addRows(500);
  await backUp('incremental', 'gzip');

  write('state/of the last day', 'differential');
  await backUp('differential', 'gzip');
});

afterAll(() => {
  live.close();
  project.remove();
});

function addRows(count: number): void {
  const add = live.prepare('INSERT INTO item (name) VALUES (?)');
  live.transaction(() => {
    for (let number = 0; number < count; number += 1) add.run(`${number}`.repeat(9));
  })();
}

function write(name: string, content: string | Buffer, mode?: number): void {
  // Written to long ago: what has not changed since is known by its times.
  utimesSync(project.write(name, content, mode), 1_700_000_000, 1_700_000_000 + content.length);
}

function changed(name: string, places: readonly number[]): Buffer {
  const bytes = readFileSync(project.path(name));
  for (const at of places) bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

async function backUp(mode: string, compression: string): Promise<void> {
  const created = await project.done<Created>('create', '--mode', mode, '--compression', compression);
  const { chain } = JSON.parse(readFileSync(join(created.directory, 'metadata.json'), 'utf8')) as { chain: string[] };
  days.push({ created, chain, files: covered(project.root), rows: live.prepare('SELECT * FROM item').raw().all() });
}

/** Files and links, to the second; databases are looked into instead. */
function covered(root: string): TreeSnapshot {
  const leftOut = /^(backups|data|public)(\/(?!uploads)|$)|^config$/;
  return new Map(
    [...snapshotTree(root)]
      .filter(([path]) => !leftOut.test(path))
      // A folder's time is that of what is put back into it, unless the folder comes back as a whole.
      .map(([path, one]) => [path, { ...one, mtimeNs: one.kind === 'file' ? one.mtimeNs / 1_000_000_000n : 0n }]),
  );
}

/** Does what RESTORE.md says, in a folder that has nothing but the archives that it names and its backup's own. */
async function followInstructions(day: Day, without: readonly string[] = []): Promise<{ into: string; ended: Ended }> {
  const rescue = project.beside(`rescue ${basename(day.created.directory)} ${without.length}`);
  const into = `${rescue} again`;
  mkdirSync(rescue);
  mkdirSync(into);
  const text = readFileSync(join(day.created.directory, 'RESTORE.md'), 'utf8');
  for (const one of days) {
    const archive = one.created.archive ?? '';
    if (!day.chain.includes(one.created.id) || without.includes(one.created.id)) continue;
    expect(text).toContain(basename(archive));
    execFileSync('cp', ['-a', archive, rescue]);
  }
  execFileSync('cp', ['-a', day.created.directory, rescue]);
  const commands = [...text.matchAll(/^```sh\n(.*?)\n```$/gms)].map((block) => block[1] ?? '').slice(1);
  const script = ['set -euo pipefail', 'PROJECT=$1', ...commands].join('\n');
  return { into, ended: await run('bash', ['-c', script, 'bash', into], { cwd: rescue }) };
}

test.each([0, 1, 2, 3])('day %i of a chain is rebuilt by sh, awk and dd', async (number) => {
  const day = days[number];
  if (day === undefined) throw new TypeError('there is no such day');
  expect(day.chain.length).toBe([1, 2, 3, 2][number]);
  const { into, ended } = await followInstructions(day);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toContain('all files are as the manifest says');
  expect(treeDifferences(day.files, covered(into))).toEqual([]);
  const database = new Database(join(into, 'data/app.db'), { readonly: true });
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(database.prepare('SELECT * FROM item').raw().all()).toEqual(day.rows);
  database.close();
});

test('nothing is put back where an archive of the chain is missing', async () => {
  const day = days[2];
  if (day === undefined) throw new TypeError('there is no such day');
  const { into, ended } = await followInstructions(day, day.chain.slice(0, 1));
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toContain(basename(days[0]?.created.archive ?? ''));
  expect(snapshotTree(into).size).toBe(0);
});
