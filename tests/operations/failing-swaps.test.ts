import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isBackupError, type BackupError } from '../../lib/core/errors.ts';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import { planRestore } from '../../lib/operations/plan-restore.ts';
import { applyRestore } from '../../lib/operations/restore-backup.ts';
import type { RestoreRequest, RestoreResult } from '../../lib/operations/restore-result.ts';
import { contextFor } from '../support/context-for.ts';
import { TestProject, type Restored } from '../support/make-project.ts';
import { mountTest } from '../support/mounting.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { startWriter } from '../support/start-writer.ts';
import { treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

let project: TestProject;
/** Takes mounts away again. */
let unmounts: (() => void)[];

beforeEach(() => {
  project = new TestProject();
  unmounts = [];
  fill('old');
  project.write('state/sub/only-old', 'old');
});

afterEach(() => {
  for (const unmount of unmounts.reverse()) unmount();
  project.remove();
});

/** Gives the project's files and rows another content. */
function fill(content: string): void {
  project.write('config/app.json', JSON.stringify({ content }));
  for (const name of ['a', 'b', 'c']) project.write(`state/${name}.json`, content);
  for (const name of ['one', 'two']) {
    const database = new Database(project.path(`${name}.db`));
    database.exec(`CREATE TABLE IF NOT EXISTS t (x); DELETE FROM t; INSERT INTO t VALUES ('${content}')`);
    database.close();
  }
}

function rowOf(name: string): unknown {
  const database = new Database(project.path(name), { readonly: true });
  try {
    return database.prepare('SELECT x FROM t').pluck().get();
  } finally {
    database.close();
  }
}

/** Everything but databases, whose bytes may differ where their rows do not. */
function files(): TreeSnapshot {
  const all = project.snapshot();
  for (const [path, one] of all) if (path.includes('.db') || one.kind === 'directory') all.delete(path);
  return all;
}

const request: RestoreRequest = { overwrite: 'if-changed', deleteExtra: false, skipBackup: false, verify: false };

/** Restores the newest backup. @param atSwap done when all is looked at, right before the first change. */
async function restore(
  more: Partial<RestoreRequest> = {},
  atSwap: () => void = () => undefined,
): Promise<RestoreResult> {
  const context = await contextFor(project.root, { databaseTimeoutSeconds: 0.3 });
  context.events.on('phase', (phase) => {
    if (phase === 'swap') atSwap();
  });
  const backup = await openBackup(context, 'latest', project.root);
  if (backup.kind === 'foreign') throw new TypeError('not ours');
  return applyRestore(context, await planRestore(context, backup, { ...request, ...more }));
}

const create = async (): Promise<string> => (await createBackup(await contextFor(project.root), { type: 'manual' })).id;

async function failureOf(running: Promise<unknown>): Promise<BackupError> {
  const failure: unknown = await running.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (isBackupError(failure)) return failure;
  throw new Error('it did not fail as expected', { cause: failure });
}

/** Mounts a small filesystem until the test ends. */
function smallDisk(path: string, mebibytes: number): SmallDisk {
  const disk = mountSmallDisk(path, mebibytes);
  if (disk === undefined) throw new Error(`nothing could be mounted at ${path}`);
  unmounts.push(() => disk.remove());
  return disk;
}

const leftovers = (folder = project.root): string[] =>
  readdirSync(folder).filter((name) => name.startsWith('.ai-backup'));

/** What is at `state` while it is in the way of its restore. */
function blockState(): void {
  renameSync(project.path('state'), project.path('away'));
  writeFileSync(project.path('state'), 'in the way');
}

function unblockState(): void {
  rmSync(project.path('state'));
  renameSync(project.path('away'), project.path('state'));
}

describe('a swap that fails midway', () => {
  test('says how far it came, and its command brings the state before back', async () => {
    const id = await create();
    fill('new');
    rmSync(project.path('state/sub/only-old'));
    const before = files();

    const failure = await failureOf(restore({}, blockState));
    unblockState();
    expect(failure).toMatchObject({ code: 'RESTORE_PARTIAL', exitCode: 1 });
    const safetyBackup = /backup-\S+Z-[0-9a-f]{6}/.exec(failure.hint ?? '')?.[0];
    expect(safetyBackup).not.toBe(id);
    // Two databases and the settings, of them and four files of the state.
    expect(failure.params).toMatchObject({ backup: id, done: 3, total: 7, safetyBackup });
    expect(failure.message).toContain('3 of 7 entries are in place');
    expect(failure.message).toContain(project.path('state'));
    expect([rowOf('one.db'), rowOf('two.db')]).toEqual(['old', 'old']);
    expect(readFileSync(project.path('config/app.json'), 'utf8')).toContain('old');
    expect(readFileSync(project.path('state/a.json'), 'utf8')).toBe('new');
    expect(leftovers()).toEqual([]);

    const words = /npm run backup:restore -- (.+)/.exec(failure.hint ?? '')?.[1]?.split(' ') ?? [];
    const undone = await project.tool('restore', ...words.slice(0, -2), '--yes');
    expect([undone.code, undone.stderr]).toEqual([0, expect.any(String)]);
    expect(words.slice(-2)).toEqual(['--root', project.root]);
    expect(treeDifferences(before, files())).toEqual([]);
    expect([rowOf('one.db'), rowOf('two.db')]).toEqual(['new', 'new']);
  });

  test('what a part of it created goes as well with that command', async () => {
    await create();
    fill('new');
    // The settings come to their place before the state does.
    rmSync(project.path('config/app.json'));
    project.write('config/other.json', '{}');
    const before = files();
    const failure = await failureOf(restore({}, blockState));
    unblockState();
    expect(existsSync(project.path('config/app.json'))).toBe(true);
    const words = /npm run backup:restore -- (.+)/.exec(failure.hint ?? '')?.[1]?.split(' ') ?? [];
    expect((await project.tool('restore', ...words.slice(0, -2), '--yes')).code).toBe(0);
    expect(treeDifferences(before, files())).toEqual([]);
  });

  test('without a safety backup says that, and the same restore goes on', async () => {
    await create();
    const wanted = files();
    fill('new');
    const failure = await failureOf(restore({ skipBackup: true }, blockState));
    unblockState();
    expect(failure.code).toBe('RESTORE_PARTIAL');
    expect(failure.hint).toContain('no safety backup');
    await restore({ skipBackup: true });
    expect(treeDifferences(wanted, files())).toEqual([]);
  });

  test('at its very first step is the plain error: nothing was changed', async () => {
    await create();
    fill('new');
    const before = files();
    const failure = await failureOf(restore({ targets: ['state'] }, blockState));
    unblockState();
    expect(failure.code).toBe('WRITE_FAILED');
    expect(treeDifferences(before, files())).toEqual([]);
  });
});

describe('before anything is changed', () => {
  test('a locked database is found, also when it is the last of several', async () => {
    await create();
    fill('new');
    const before = files();
    const holder = await startWriter({ path: project.path('two.db'), journalMode: 'delete', work: 'lock' });
    try {
      const failure = await failureOf(restore({ skipBackup: true }));
      expect(failure).toMatchObject({ code: 'DATABASE_LOCKED', params: { database: project.path('two.db') } });
    } finally {
      await holder.stop();
    }
    expect([rowOf('one.db'), rowOf('two.db')]).toEqual(['new', 'new']);
    expect(treeDifferences(before, files())).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test('a database of another page size in WAL mode is found', async () => {
    await create();
    fill('new');
    rmSync(project.path('two.db'));
    const other = new Database(project.path('two.db'));
    other.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES ('new')");
    other.close();
    const failure = await failureOf(restore({ skipBackup: true }));
    expect(failure).toMatchObject({ code: 'DATABASE_COPY_FAILED', params: { database: project.path('two.db') } });
    expect(rowOf('one.db')).toBe('new');
    expect(readFileSync(project.path('state/a.json'), 'utf8')).toBe('new');
  });

  mountTest('a single file that is a mount of its own is found', async () => {
    await create();
    fill('new');
    const disk = smallDisk(project.beside('disk'), 1);
    writeFileSync(join(disk.path, 'c.json'), 'mounted');
    execFileSync('mount', ['--bind', join(disk.path, 'c.json'), project.path('state/c.json')]);
    unmounts.push(() => void spawnSync('umount', [project.path('state/c.json')]));
    const failure = await failureOf(restore({ skipBackup: true }));
    expect(failure.code).toBe('DESTINATION_UNWRITABLE');
    expect(failure.message).toContain(`${project.path('state/c.json')} (EBUSY)`);
    expect([rowOf('one.db'), readFileSync(project.path('state/a.json'), 'utf8')]).toEqual(['new', 'new']);
  });

  mountTest('a part of the project on a read-only filesystem is found', async () => {
    const disk = smallDisk(project.path('state/disk'), 1);
    project.write('state/disk/x', 'old');
    await create();
    fill('new');
    project.write('state/disk/x', 'new');
    disk.remountReadOnly();
    const failure = await failureOf(restore({ skipBackup: true }));
    expect(failure.code).toBe('DESTINATION_UNWRITABLE');
    expect(failure.message).toContain(`${project.path('state/disk')} (EROFS)`);
    expect([rowOf('one.db'), readFileSync(project.path('config/app.json'), 'utf8')]).toEqual([
      'new',
      '{"content":"new"}',
    ]);
    expect(leftovers()).toEqual([]);
  });
});

describe('another filesystem inside the project', () => {
  /** The filesystem of the project itself, mounted a second time, is one as well: a rename cannot cross it. */
  function bind(path: string): void {
    const source = project.beside('elsewhere');
    mkdirSync(source, { recursive: true });
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['--bind', source, path]);
    unmounts.push(() => void spawnSync('umount', [path]));
  }

  function mount(kind: string, path: string): void {
    if (kind === 'bind mount') bind(path);
    else smallDisk(path, 4);
  }

  function makeDatabase(name: string): void {
    const database = new Database(project.path(name));
    database.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('old')");
    database.close();
  }

  mountTest.each(['tmpfs', 'bind mount'])(
    'gets its part of a restore (%s): files, links, long names, databases',
    async (kind) => {
      mount(kind, project.path('state/disk'));
      const longName = 'n'.repeat(255);
      project.write(`state/disk/${longName}`, 'old', 0o640);
      project.write('state/disk/deep/tool', 'old', 0o751);
      symlinkSync('../nowhere', project.path('state/disk/link'));
      makeDatabase('state/disk/inner.db');
      await create();
      const wanted = files();

      fill('new');
      project.write(`state/disk/${longName}`, 'new');
      for (const name of ['deep', 'link', 'inner.db']) rmSync(project.path(`state/disk/${name}`), { recursive: true });
      mkdirSync(project.path('state/disk/.ai-backup-restore-4194999-0123456789abcdef'));
      const { warnings } = await restore({ skipBackup: true });
      expect(treeDifferences(wanted, files())).toEqual([]);
      expect([rowOf('one.db'), rowOf('state/disk/inner.db')]).toEqual(['old', 'old']);
      expect([...leftovers(), ...leftovers(project.path('state/disk'))]).toEqual([]);
      expect(warnings.find((one) => one.code === 'leftovers-removed')?.params).toEqual({ count: 1 });
    },
  );

  mountTest.each([['data'], ['data', 'more']])('may hold nothing but a database (%j and so on)', async (...folders) => {
    for (const folder of folders) {
      smallDisk(project.path(folder), 4);
      makeDatabase(`${folder}/inner.db`);
    }
    await create();
    const wanted = files();
    fill('new');
    for (const folder of folders) rmSync(project.path(`${folder}/inner.db`));
    await restore({ skipBackup: true });
    expect(treeDifferences(wanted, files())).toEqual([]);
    for (const folder of folders) {
      expect(rowOf(`${folder}/inner.db`)).toBe('old');
      expect(leftovers(project.path(folder))).toEqual([]);
    }
    expect([rowOf('one.db'), leftovers()]).toEqual(['old', []]);
  });

  mountTest('that is full ends the restore before anything is changed', async () => {
    smallDisk(project.path('state/disk'), 1);
    project.write('state/disk/large', Buffer.alloc(700_000, 'old'));
    await create();
    fill('new');
    project.write('state/disk/large', Buffer.alloc(700_000, 'new'));
    const before = files();
    const failure = await failureOf(restore({ skipBackup: true }));
    expect(failure).toMatchObject({ code: 'NO_SPACE', params: { path: project.path('state/disk') } });
    expect([rowOf('one.db'), rowOf('two.db')]).toEqual(['new', 'new']);
    expect(treeDifferences(before, files())).toEqual([]);
    expect(leftovers(project.path('state/disk'))).toEqual([]);
  });
});

test('what a killed restore left is removed by the next one, which says so', async () => {
  await create();
  fill('new');
  mkdirSync(project.path('.ai-backup-restore-4194999-0123456789abcdef/files'), { recursive: true });
  const { warnings } = await restore();
  expect(leftovers()).toEqual([]);
  expect(warnings.filter((one) => one.code === 'leftovers-removed')).toHaveLength(1);
});

describe('folders', () => {
  const modeOf = (name: string): number => statSync(project.path(name)).mode & 0o7777;
  const then = new Date('2020-02-02T02:02:02Z');

  test('that exist stay as they are with --overwrite never; a missing one is made', async () => {
    chmodSync(project.path('state'), 0o755);
    await create();
    rmSync(project.path('state/sub'), { recursive: true });
    chmodSync(project.path('state'), 0o700);
    utimesSync(project.path('config'), then, then);
    utimesSync(project.path('state'), then, then);
    const planned = await project.done<Restored>('restore', '--overwrite', 'never', '--dry-run');
    expect(planned).toMatchObject({ created: 1, folders: 1 });
    await restore({ overwrite: 'never' });
    expect([modeOf('state'), modeOf('state/sub')]).toEqual([0o700, 0o755]);
    rmSync(project.path('state/sub/only-old'));
    utimesSync(project.path('state'), then, then);
    await restore({ overwrite: 'never' });
    expect(statSync(project.path('state')).mtime).toEqual(then);
  });

  test('that get mode or time are in the plan, as numbers and as text', async () => {
    chmodSync(project.path('state'), 0o755);
    await create();
    chmodSync(project.path('state'), 0o700);
    utimesSync(project.path('state/sub'), then, then);
    expect(await project.done('restore', '--dry-run')).toMatchObject({ folders: 2 });
    expect((await project.tool('restore', '--dry-run')).stdout).toContain(
      '2 folders to make, or to give permissions and time back to',
    );
    expect(await project.done('restore', '--yes')).toMatchObject({ folders: 2 });
    expect(modeOf('state')).toBe(0o755);
    expect(statSync(project.path('state/sub')).mtime).not.toEqual(then);
    expect(await project.done('restore', '--yes')).toMatchObject({ folders: 0 });
  });

  test('that are made are private until they get their modes', async () => {
    chmodSync(project.path('state/sub'), 0o700);
    project.write('state/open/file', 'x');
    await create();
    const wanted = project.snapshot();
    rmSync(project.path('state'), { recursive: true });
    rmSync(project.path('config'), { recursive: true });
    const staged: number[] = [];
    await restore({ skipBackup: true }, () => {
      const files = `${leftovers()[0]}/files`;
      staged.push(...['state', 'state/sub', 'state/open'].map((name) => modeOf(`${files}/${name}`)));
    });
    expect(staged).toEqual([0o700, 0o700, 0o700]);
    expect([modeOf('state/sub'), modeOf('state/open')]).toEqual([0o700, 0o755]);
    // The backup knows of this one only what is in it.
    expect(modeOf('config')).toBe(0o755);
    expect([...project.snapshot().keys()].sort()).toEqual([...wanted.keys()].sort());
  });
});
