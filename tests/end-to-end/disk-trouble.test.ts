import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import { run, type Ended } from '../support/run-tool.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { toolFile } from '../support/start-tool.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

let project: TestProject;
let disks: SmallDisk[];

beforeEach(() => {
  project = new TestProject();
  disks = [];
  project.write('config/app.json', '{"name": "app"}\n');
});

afterEach(() => {
  for (const disk of disks) disk.remove();
  project.remove();
});

function mount(path: string, mebibytes: number): SmallDisk | undefined {
  const disk = mountSmallDisk(path, mebibytes);
  if (disk !== undefined) disks.push(disk);
  return disk;
}

/** Runs the tool where no file may grow beyond some mebibytes: what is left where nothing can be mounted. */
function runWithFileLimit(mebibytes: number, args: readonly string[]): Promise<Ended> {
  const script = 'ulimit -f "$1"; shift; exec "$@"';
  return run('bash', ['-c', script, 'bash', String(mebibytes * 1024), process.execPath, toolFile, ...args]);
}

/** All that is in the store's room for half-made things. */
const temporaryNames = (store: string): string[] => readdirSync(join(store, '.state', 'tmp'));

describe('no space left', () => {
  test.each(['tar', 'zip', 'directory'])(
    'while a %s is made: it ends with 1, and nothing of it stays',
    async (format) => {
      const hasDisk = mount(project.store, 3) !== undefined;
      const first = await project.done<Created>('create', '--format', format);
      project.write('state/a.bin', randomBytes(2 << 20));
      project.write('state/b.bin', randomBytes(6 << 20));
      const before = snapshotTree(project.store, ['.state', 'audit.log']);
      const args = ['create', '--root', project.root, '--format', format];
      const ended = hasDisk
        ? await project.tool(...args.slice(0, 1), '--format', format)
        : await runWithFileLimit(3, args);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(project.store);
      if (hasDisk) expect(ended.stderr).toContain('No space left');
      expect(treeDifferences(before, snapshotTree(project.store, ['.state', 'audit.log']))).toEqual([]);
      expect(temporaryNames(project.store)).toEqual([]);
      expect((await project.tool('verify', first.id)).code).toBe(0);

      rmSync(project.path('state/b.bin'));
      rmSync(project.path('state/a.bin'));
      project.write('state/small.json', '{}');
      expect((await project.done<Created>('create')).warnings.map((one) => one.code)).not.toContain(
        'leftovers-removed',
      );
    },
  );

  test('while a database is copied: the same', async () => {
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(project.path('app.db'));
    database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(5000000))');
    database.close();
    const hasDisk = mount(project.store, 3) !== undefined;
    const ended = hasDisk
      ? await project.tool('create')
      : await runWithFileLimit(3, ['create', '--root', project.root]);
    // SQLite tells of a file's limit as of any failed write, and not whose file it was: that is a database not copied.
    expect(ended.code).toBe(hasDisk ? 1 : 3);
    if (hasDisk) expect(readdirSync(project.store)).toEqual(['.state']);
    expect(temporaryNames(project.store)).toEqual([]);
  });

  test('while a backup is restored: it ends with 1, and the destination is as it was', async () => {
    project.write('state/a.bin', randomBytes(2 << 20));
    project.write('state/b.bin', randomBytes(6 << 20));
    const { id } = await project.done<Created>('create');
    const destination = project.beside('small');
    const hasDisk = mount(destination, 4) !== undefined;
    mkdirSync(join(destination, 'config'), { recursive: true });
    writeFileSync(join(destination, 'config/app.json'), 'mine');
    const before = snapshotTree(destination);
    const args = ['restore', id, '--root', project.root, '--to', destination, '--yes'];
    const ended = hasDisk ? await project.tool(...args.slice(0, 2), ...args.slice(4)) : await runWithFileLimit(4, args);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(destination);
    expect(treeDifferences(before, snapshotTree(destination))).toEqual([]);
    if (!hasDisk) return;
    // It is known before the first byte; who says that most of it is holes finds out when the disk is full.
    expect(ended.stderr).toMatch(/the restore takes 83\d{5} bytes, and the filesystem of .* has 4\d{6} left/);
    const forced = await project.tool(...args.slice(0, 2), ...args.slice(4), '--force');
    expect([forced.code, forced.stderr]).toEqual([1, expect.stringContaining('No space left')]);
    expect(treeDifferences(before, snapshotTree(destination))).toEqual([]);
  });
});

describe('a store that cannot be written to', () => {
  const expectReadOnly = (ended: Ended): void => {
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/cannot be written to \((EROFS|EACCES|EPERM)\)/);
    expect(ended.stderr).toContain(project.store);
  };

  test('on a read-only filesystem: nothing is made, removed or restored over; list, show and verify work', async () => {
    project.write('state/queue.json', '[]');
    const disk = mount(project.store, 3);
    const { id } = await project.done<Created>('create');
    await project.done('create');
    if (disk === undefined) chmodSync(project.store, 0o555);
    else disk.remountReadOnly();
    project.write('config/app.json', 'changed');
    const before = project.snapshot();

    expectReadOnly(await project.tool('create'));
    expectReadOnly(await project.tool('cleanup', '--keep-count', '1'));
    expectReadOnly(await project.tool('restore', id, '--yes'));
    expect(treeDifferences(before, project.snapshot())).toEqual([]);
    for (const args of [['list'], ['show', id], ['verify', id], ['cleanup', '--keep-count', '1', '--dry-run']]) {
      expect([...args, (await project.tool(...args)).code]).toEqual([...args, 0]);
    }
    // What is there can be had back without the safety backup that has no place.
    await project.done('restore', id, '--yes', '--skip-backup');
    expect(snapshotTree(project.root).get('config/app.json')?.size).toBe(16);
  });

  test('by its permissions: the same', async () => {
    await project.done('create');
    await project.done('create');
    openToAll(project.folder);
    chmodSync(project.store, 0o555);
    expectReadOnly(await runAsNobody(['create', '--root', project.root]));
    giveToNobody(project.store);
    chmodSync(project.store, 0o555);
    expectReadOnly(await runAsNobody(['cleanup', '--root', project.root, '--keep-count', '1']));
  });

  test('one that may not even be looked into is named, and is not taken for an empty one', async () => {
    await project.done('create');
    openToAll(project.folder);
    chmodSync(project.store, 0o000);
    for (const verb of ['list', 'verify', 'restore']) {
      const ended = await runAsNobody([verb, '--root', project.root]);
      expect([verb, ended.code]).toEqual([verb, 1]);
      expect(ended.stderr).toContain(`${project.store} could not be looked into (EACCES)`);
    }
  });
});

describe('sources that cannot be read', () => {
  test('the backup is kept, marked incomplete, ends with 3 and names them; it restores', async () => {
    project.write('state/good.json', '{}');
    project.write('state/secret.json', '{}', 0o000);
    project.write('state/closed/inside.json', '{}');
    openToAll(project.folder);
    giveToNobody(project.folder);
    chmodSync(project.path('state/closed'), 0o000);

    const ended = await runAsNobody(['create', '--root', project.root, '--json']);
    expect(ended.code).toBe(3);
    const created = ended.json<Created>();
    expect(created.complete).toBe(false);
    const missing = created.warnings.filter((one) => one.code.endsWith('-unreadable'));
    expect(missing.map(({ code, path, params }) => [code, path, params['reason']])).toEqual([
      ['folder-unreadable', 'state/closed', 'EACCES'],
      ['file-unreadable', 'state/secret.json', 'EACCES'],
    ]);
    const said = await runAsNobody(['create', '--root', project.root]);
    expect(said.code).toBe(3);
    expect(said.stdout).toContain('incomplete');
    expect(said.stderr).toContain('state/secret.json could not be read (EACCES)');

    const listed = await project.done<{ backups: { complete: boolean }[] }>('list');
    expect(listed.backups.map((one) => one.complete)).toEqual([false, false]);
    expect((await project.tool('verify', created.id)).code).toBe(0);
    const elsewhere = mkdtempSync(project.beside('elsewhere-'));
    await project.done('restore', created.id, '--to', elsewhere, '--yes');
    chmodSync(join(elsewhere, 'state/closed'), 0o755);
    expect([...snapshotTree(elsewhere).keys()]).toEqual([
      'config',
      'config/app.json',
      'state',
      'state/closed',
      'state/good.json',
    ]);
  });

  test('when nothing at all can be read, there is no backup, and no store is made for it', async () => {
    const empty = new TestProject();
    try {
      const ended = await empty.tool('create');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('Nothing to back up');
      expect(ended.stderr).toContain('backup:init');
      expect(readdirSync(empty.root)).toEqual([]);
    } finally {
      empty.remove();
    }
  });
});

describe('a store that was copied to another disk', () => {
  test('lists, verifies and restores there', async () => {
    const { id } = await project.done<Created>('create');
    const copy = project.beside('copy');
    cpSync(project.store, copy, { recursive: true });
    const listed = await project.done<{ backups: { id: string }[] }>('list', '--backup-dir', copy);
    expect(listed.backups.map((one) => one.id)).toEqual([id]);
    expect((await project.tool('verify', join(copy, id))).code).toBe(0);
  });
});
