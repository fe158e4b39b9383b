/** A backup opens without the toolkit: its RESTORE.md is followed to the letter, by a shell, with tools of any Linux. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created } from '../support/make-project.ts';
import { run, type Ended } from '../support/run-tool.ts';
import { snapshotTree, treeDifferences, type PathState, type TreeSnapshot } from '../support/tree-snapshot.ts';

const hasZstd = 'zstd' in process.versions;

let project: TestProject;

beforeAll(() => {
  project = new TestProject();
  project.settings({
    targets: { uploads: ['public/uploads', 'public/index.html'], notes: ['notes/**/*.md'], logs: ['logs/**/*.log'] },
  });
  const past = 1_700_000_000.25;
  const files: [string, string | Buffer, number?][] = [
    ['config/nested/extra.json', '{}'],
    ['.poppo/settings', 'a'],
    ['logs/app.log', 'line\n'.repeat(1000)],
    ['logs/deep/er/access.log', 'GET /\n'],
    ['data/ccla/agent one.md', '# One'],
    ['agents/two.md', '# Two'],
    [`state/it's a "job" $HOME \`id\`.json`, '{"next": 7}'],
    ['state/-rf', 'not an option'],
    ['state/run.sh', '#!/bin/sh\n', 0o755],
    ['state/empty', ''],
    ['state/日本語 🗄️.txt', '日本語'],
    ['state/private', 'x', 0o600],
    ['queue/1', 'job'],
    ['public/uploads/photo.bin', Buffer.alloc(3_000_000, 'photo')],
    ['public/index.html', '<html>'],
    ['notes/a.md', 'a'],
    ['notes/sub/b.md', 'b'],
    ['notes/sub/image.png', 'not in the backup'],
  ];
  for (const [name, content, mode] of files) utimesSync(project.write(name, content, mode), past, past);
  mkdirSync(project.path('state/empty folder'));
  project.link('run.sh', 'state/link');
  project.link('/nowhere', 'state/dangling');
  mkdirSync(project.path('data/eu'), { recursive: true });
  for (const name of ['data/app.db', 'data/eu/app.db', 'state/inner.sqlite']) {
    const database = new Database(project.path(name));
    database.exec(`CREATE TABLE item (name TEXT); INSERT INTO item VALUES ('${name}')`);
    database.close();
  }
  for (const name of ['state', 'state/empty folder', 'queue']) utimesSync(project.path(name), past, past);
  chmodSync(project.path('queue'), 0o750);
});

afterAll(() => {
  project.remove();
});

/** The shell's part of a RESTORE.md, in order. */
function commandsOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)\n```$/gms)].map((block) => block[1] ?? '');
}

/** Does by hand what RESTORE.md says, where nothing is but what it names, for a project that is elsewhere. */
async function followInstructions(
  created: Created,
  name: string,
): Promise<{ into: string; ended: Ended; rescue: string }> {
  const rescue = project.beside(`rescue '${name}'`);
  const into = project.beside(`again ${name}`);
  mkdirSync(rescue);
  mkdirSync(into);
  execFileSync('cp', ['-a', created.directory, ...(created.archive === undefined ? [] : [created.archive]), rescue]);
  const [assignment, ...commands] = commandsOf(readFileSync(join(created.directory, 'RESTORE.md'), 'utf8'));
  expect(assignment).toBe('PROJECT=/path/to/the/project');
  const script = ['set -euo pipefail', 'PROJECT=$1', ...commands].join('\n');
  return { into, rescue, ended: await run('bash', ['-c', script, 'bash', into], { cwd: rescue }) };
}

/** What the backup's targets cover; the masked environment and references are made for the backup and have no origin. */
function covered(): TreeSnapshot {
  const left = ['data/eu', 'data', 'public', 'notes/sub/image.png', 'notes'];
  return new Map([...project.snapshot()].filter(([path]) => !left.includes(path)));
}

const isDatabase = (path: string): boolean => /\.(db|sqlite)$/.test(path);

/** What a layout and the tools that open it cannot tell, beside the parts of a second. */
interface Lost {
  modes?: boolean;
  linkTimes?: boolean;
  /** A zip's own times go in steps of two seconds. */
  oddSeconds?: boolean;
}

function expectSame(into: string, lost: Lost = {}): void {
  const seen = (snapshot: TreeSnapshot): TreeSnapshot =>
    new Map(
      [...snapshot].flatMap(([path, one]) => (isDatabase(path) ? [] : [[path, asSeen(path, one, lost)] as const])),
    );
  const found = new Map(
    [...snapshotTree(into)].filter(([path]) => !['data/eu', 'data', 'public', 'notes'].includes(path)),
  );
  expect(treeDifferences(seen(covered()), seen(found))).toEqual([]);
  for (const name of ['data/app.db', 'data/eu/app.db', 'state/inner.sqlite']) {
    const database = new Database(join(into, name), { readonly: true });
    expect(database.prepare('SELECT name FROM item').pluck().all()).toEqual([name]);
    database.close();
  }
}

function asSeen(path: string, one: PathState, lost: Lost): PathState {
  // What stands in a folder's stead was put back after it got its time; of what globs find, folders get none.
  const isTimeLost =
    (one.kind === 'directory' && (lost.modes === true || ['state', 'notes/sub'].includes(path))) ||
    (one.kind === 'symlink' && lost.linkTimes === true);
  const mtimeNs = isTimeLost
    ? 0n
    : one.mtimeNs - (one.mtimeNs % (lost.oddSeconds === true ? 2_000_000_000n : 1_000_000_000n));
  return { ...one, mtimeNs, ...(lost.modes === true ? { mode: '' } : {}) };
}

const archives = [
  { layout: 'tar-gzip', args: ['--compression', 'gzip'], test: ['gzip', '-t'] },
  { layout: 'tar-none', args: ['--compression', 'none'], test: ['tar', 'tf'] },
  { layout: 'tar-bzip2', args: ['--compression', 'bzip2'], test: ['bzip2', '-t'] },
  { layout: 'tar-xz', args: ['--compression', 'xz', '--compression-level', '0'], test: ['xz', '-t'] },
  ...(hasZstd ? [{ layout: 'tar-zstd', args: ['--compression', 'zstd'], test: ['zstd', '-tq'] }] : []),
];

test.each(archives)('RESTORE.md of $layout brings all back', async ({ layout, args, test: tester }) => {
  const created = await project.done<Created>('create', ...args);
  const { into, ended } = await followInstructions(created, layout);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toContain(`${basename(created.archive ?? '')}: OK`);
  expect(ended.stdout).toContain('all files are as the manifest says');
  expectSame(into);
  execFileSync(tester[0] ?? '', [...tester.slice(1), created.archive ?? ''], { stdio: 'ignore' });
});

test('RESTORE.md of zip brings all back', async () => {
  const created = await project.done<Created>('create', '--format', 'zip');
  const { into, ended } = await followInstructions(created, 'zip');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toContain('No errors detected');
  expect(ended.stdout).toContain('all files are as the manifest says');
  expectSame(into, { linkTimes: true, oddSeconds: true });
});

test('RESTORE.md of a plain tree brings all back', async () => {
  const created = await project.done<Created>('create', '--format', 'directory');
  const { into, ended } = await followInstructions(created, 'tree');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toContain('all files are as the manifest says');
  expectSame(into, { modes: true });
});

test('RESTORE.md notices a damaged archive before anything is unpacked', async () => {
  const created = await project.done<Created>('create');
  const bytes = readFileSync(created.archive ?? '');
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  writeFileSync(created.archive ?? '', bytes);
  const { into, ended } = await followInstructions(created, 'damaged');
  expect(ended.code).not.toBe(0);
  expect(ended.stdout).toContain('FAILED');
  expect(snapshotTree(into).size).toBe(0);
});

describe('an archive', () => {
  test('is one tar to tar: every name, kind, mode and time to the second', async () => {
    const { archive = '' } = await project.done<Created>('create');
    const into = project.beside('by tar');
    mkdirSync(into);
    execFileSync('tar', ['xpf', archive, '-C', into]);
    const state = new Map(
      [...project.snapshot()]
        .filter(([path]) => /^state\//.test(path) && !isDatabase(path))
        .map(([path, one]) => [path, asSeen(path, one, {})]),
    );
    const found = new Map([...snapshotTree(into)].filter(([path]) => /^state\/(?!queue)/.test(path)));
    expect(treeDifferences(state, found)).toEqual([]);
  });

  test('as zip passes the test of unzip', async () => {
    const { archive = '' } = await project.done<Created>('create', '--format', 'zip');
    execFileSync('unzip', ['-tq', archive], { stdio: 'ignore' });
  });
});
