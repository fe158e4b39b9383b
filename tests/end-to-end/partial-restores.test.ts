/** What of a backup a restore brings back, and what it overwrites, keeps and deletes on the way. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { TestProject, type Restored } from '../support/make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
});

afterEach(() => {
  project.remove();
});

const stateOnly = { config: false, database: false, logs: false, agents: false, security: false };
const differences = (before: TreeSnapshot): string[] => treeDifferences(before, project.snapshot());
const restore = (...args: string[]): Promise<Restored> => project.done<Restored>('restore', ...args);
const read = (name: string): string => readFileSync(project.path(name), 'utf8');
const backupsInStore = async (): Promise<number> => (await project.done<{ total: number }>('list')).total;

describe('a restore of a part', () => {
  let whole: TestProject;

  beforeAll(async () => {
    whole = new TestProject();
    whole.settings({ targets: { database: false, logs: false, agents: false, security: false } });
    for (const name of ['state/a.json', 'state/sub/b.json', 'state/sub/c.txt', 'queue/1', 'status/[x].json'])
      whole.write(name, `${name}\n`);
    await whole.done('create');
  });

  afterAll(() => {
    whole.remove();
  });

  const cases: [string, string[], string[]][] = [
    ['one target', ['--targets', 'config'], ['config/config.json']],
    ['a file', ['--include', 'state/sub/b.json'], ['state/sub/b.json']],
    ['a folder', ['--include', 'state/sub'], ['state/sub/b.json', 'state/sub/c.txt']],
    ['a folder, as a shell completes it', ['--include', './state/sub/'], ['state/sub/b.json', 'state/sub/c.txt']],
    ['a glob', ['--include', 's*/**/*.json'], ['state/a.json', 'state/sub/b.json', 'status/[x].json']],
    ['several', ['--include', 'queue', '--include', '*/a.json'], ['queue/1', 'state/a.json']],
    ['a glob within a target', ['--targets', 'state', '--include', '**/c*'], ['state/sub/c.txt']],
    ['a name with a glob’s characters', ['--include', 'status/[x].json'], ['status/[x].json']],
    ['the same, escaped', ['--include', 'status/\\[x\\].*'], ['status/[x].json']],
    ['a path as it stands in the backup', ['--include', 'state/queue/1'], ['queue/1']],
  ];

  test.each(cases)('%s', async (_story, args, expected) => {
    const to = project.beside('part');
    mkdirSync(to);
    const restored = await whole.done<Restored>('restore', ...args, '--to', to, '--yes');
    expect(restored.created).toBe(expected.length);
    const there = snapshotTree(to);
    const files = [...there].filter(([, one]) => one.kind === 'file').map(([path]) => path);
    expect(files.sort()).toEqual(expected);
    const original = whole.snapshot();
    for (const name of expected) expect(there.get(name)?.sha256).toBe(original.get(name)?.sha256);
  });

  test('a target that there is not is wrong usage, and names the nearest', async () => {
    const ended = await whole.tool('restore', '--targets', 'stat', '--yes');
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "state"') });
  });

  test('the environment that was noted for the backup comes back only when it is named', async () => {
    await whole.done('restore', '--to', project.beside('all'), '--yes');
    await whole.done(
      'restore',
      '--to',
      project.beside('all'),
      '--include',
      'config',
      '--include',
      '**/*.json',
      '--yes',
    );
    expect(existsSync(project.beside('all/config/environment.json'))).toBe(false);
    await whole.done('restore', '--to', project.beside('named'), '--include', 'config/environment.json', '--yes');
    expect([...snapshotTree(project.beside('named')).keys()]).toEqual(['config', 'config/environment.json']);
  });
});

describe('--overwrite', () => {
  const minute = 60;
  const backedUp = 1_700_000_000;

  beforeEach(async () => {
    project.settings({ targets: { ...stateOnly } });
    for (const name of ['same', 'older', 'newer', 'gone']) {
      const path = project.write(`state/${name}`, 'backed up');
      utimesSync(path, backedUp, backedUp);
    }
    await project.done('create');
    writeFileSync(project.path('state/older'), 'now');
    utimesSync(project.path('state/older'), backedUp - minute, backedUp - minute);
    writeFileSync(project.path('state/newer'), 'now');
    utimesSync(project.path('state/newer'), backedUp + minute, backedUp + minute);
    rmSync(project.path('state/gone'));
  });

  test.each([
    ['always', { older: 'backed up', newer: 'backed up' }, { created: 1, overwritten: 3, unchanged: 0, kept: 0 }],
    ['if-changed', { older: 'backed up', newer: 'backed up' }, { created: 1, overwritten: 2, unchanged: 1, kept: 0 }],
    ['if-newer', { older: 'backed up', newer: 'now' }, { created: 1, overwritten: 1, unchanged: 0, kept: 2 }],
    ['never', { older: 'now', newer: 'now' }, { created: 1, overwritten: 0, unchanged: 0, kept: 3 }],
  ])('%s, and its dry run tells exactly that and does nothing', async (policy, contents, counts) => {
    const before = project.snapshot();
    const { dryRun, actions, duration: _planned, ...planned } = await restore('--overwrite', policy, '--dry-run');
    expect(dryRun).toBe(true);
    expect(planned).toMatchObject(counts);
    expect(differences(before)).toEqual([]);
    expect(await backupsInStore()).toBe(1);

    const { safetyBackup, dryRun: _real, duration: _took, ...done } = await restore('--overwrite', policy, '--yes');
    expect(done).toEqual(planned);
    expect(safetyBackup).toBeDefined();
    expect({ older: read('state/older'), newer: read('state/newer') }).toEqual(contents);
    expect(read('state/gone')).toBe('backed up');
    expect(actions).toContainEqual({ action: 'create', path: 'state/gone', reason: 'missing' });
    const overwritten = actions?.filter((one) => one.action === 'overwrite').length;
    expect(overwritten).toBe(counts.overwritten);
  });

  test('a change that keeps size and time is seen all the same', async () => {
    writeFileSync(project.path('state/same'), 'BACKED UP');
    utimesSync(project.path('state/same'), backedUp, backedUp);
    await restore('--yes');
    expect(read('state/same')).toBe('backed up');
  });

  test('without a yes and without a terminal nothing is done', async () => {
    const before = project.snapshot();
    const ended = await project.tool('restore');
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--dry-run') });
    expect(differences(before)).toEqual([]);
  });
});

describe('--delete-extra', () => {
  beforeEach(() => {
    project.settings({
      exclude: ['*.tmp', 'cache/'],
      targets: { ...stateOnly, notes: { paths: ['notes/**/*.md', 'kept'], exclude: ['private.md'] } },
    });
    for (const name of ['state/a', 'notes/a.md', 'kept/x', 'elsewhere/a']) project.write(name, 'then');
  });

  test('removes what the sources would take in and the backup does not hold; all else stays', async () => {
    await project.done('create');
    const extra = ['state/new', 'state/new-folder/deep/file', 'notes/sub/new.md', 'kept/-rf', 'kept/new\nline'];
    const excluded = ['state/x.tmp', 'state/half-extra/y.tmp', 'state/cache/z', 'notes/private.md'];
    const outside = ['notes/image.png', 'elsewhere/new', 'new'];
    for (const name of [...extra, ...excluded, ...outside, 'state/half-extra/new']) project.write(name, 'now');
    project.link(project.beside('target'), 'state/link');
    mkdirSync(project.beside('target'));
    writeFileSync(project.beside('target/file'), 'not of this project');

    const { actions, ...planned } = await restore('--delete-extra', '--dry-run');
    const toDelete = actions?.filter((one) => one.action === 'delete').map((one) => one.path);
    expect(toDelete).toEqual(expect.arrayContaining([...extra, 'state/link', 'state/half-extra/new']));
    for (const name of extra) expect(existsSync(project.path(name))).toBe(true);

    const done = await restore('--delete-extra', '--yes');
    expect(done.deleted).toBe(planned.deleted);
    const there = (name: string): boolean => lstatSync(project.path(name), { throwIfNoEntry: false }) !== undefined;
    expect([...extra, 'state/link', 'state/new-folder', 'state/half-extra/new'].filter(there)).toEqual([]);
    expect([...excluded, ...outside].filter((name) => !there(name))).toEqual([]);
    expect(readFileSync(project.beside('target/file'), 'utf8')).toBe('not of this project');

    // What it deleted is in the safety backup.
    await restore(done.safetyBackup ?? '', '--yes');
    expect(extra.map(read)).toEqual(extra.map(() => 'now'));
  });

  test('holds for the targets and paths that are asked for, and for no others', async () => {
    await project.done('create');
    for (const name of ['state/new', 'kept/new', 'kept/sub/new']) project.write(name, 'now');
    await restore('--delete-extra', '--targets', 'notes', '--include', 'kept/sub', '--yes');
    expect(['state/new', 'kept/new', 'kept/sub/new'].map((name) => existsSync(project.path(name)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('in another folder deletes there, and nothing in the project', async () => {
    await project.done('create');
    project.write('state/new', 'now');
    mkdirSync(project.beside('copy/state'), { recursive: true });
    writeFileSync(project.beside('copy/state/extra'), 'now');
    writeFileSync(project.beside('copy/other'), 'now');
    await restore('--delete-extra', '--to', project.beside('copy'), '--yes');
    expect(existsSync(project.beside('copy/state/extra'))).toBe(false);
    expect(existsSync(project.beside('copy/other'))).toBe(true);
    expect(read('state/new')).toBe('now');
  });
});
