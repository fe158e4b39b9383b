/** Create, change, restore: through the built tool, as its users run it, on real files. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  chmodSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';
import { fillWithOddFiles } from '../support/odd-files.ts';
import type { Ended } from '../support/run-tool.ts';
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

describe('a project with everything that a filesystem allows', () => {
  beforeEach(() => {
    project.remove();
    project = new TestProject({ ownProcesses: true });
    mkdirSync(project.beside('outside'));
    writeFileSync(project.beside('outside/private'), 'not of this project\n');
    fillWithOddFiles(project.path('all'), project.beside('outside'));
    project.settings({ targets: { ...stateOnly, state: false, all: ['all'] } });
  });

  /** Harm of every kind, to content, modes, times, links and folders. */
  function harm(): void {
    const at = (name: string): string => project.path(`all/${name}`);
    writeFileSync(at('names/.hidden'), 'changed');
    chmodSync(at('names/tab\tand\u0001control\u007f'), 0o600);
    utimesSync(at('times/file 0'), 5, 5);
    utimesSync(at('times/folder 0'), 5, 5);
    for (const gone of ['names/-rf', 'deep', 'empty', 'links/to a folder outside', 'folders/🗄️ box.txt'])
      rmSync(at(gone), { recursive: true });
    unlinkSync(at('links/dangling'));
    symlinkSync('elsewhere', at('links/dangling'));
    unlinkSync(at('links/to a file'));
    writeFileSync(at('links/to a file'), 'a file where a link was');
    unlinkSync(at('sizes/4096'));
    symlinkSync(project.beside('outside/private'), at('sizes/4096'));
    execFileSync('truncate', ['--size=-1', at('sizes/1048576')]);
    writeFileSync(at('sizes/0'), 'no longer empty');
    chmodSync(at('modes/file-400'), 0o777);
    chmodSync(at('modes/folder-500'), 0o755);
  }

  test('comes back byte by byte, with modes, times and links, and nothing outside is touched', async () => {
    const before = project.snapshot();
    const outside = snapshotTree(project.beside('outside'));
    const created = await project.done<Created>('create');
    expect(created).toMatchObject({ complete: true, warnings: [] });
    expect(differences(before)).toEqual([]);

    harm();
    expect(differences(before).length).toBeGreaterThan(20);
    const restored = await restore(created.id, '--yes', '--verify');
    expect(differences(before)).toEqual([]);
    expect(restored).toMatchObject({ deleted: 0, kept: 0, warnings: [] });
    expect(readlinkSync(project.path('all/links/to a folder outside'))).toBe(project.beside('outside'));
    expect(treeDifferences(outside, snapshotTree(project.beside('outside')))).toEqual([]);

    const again = await restore(created.id, '--yes');
    expect(again).toMatchObject({ created: 0, overwritten: 0, bytes: 0 });
    expect(differences(before)).toEqual([]);
  });

  test('comes back in an empty folder elsewhere, and as a whole', async () => {
    const created = await project.done<Created>('create');
    const restored = await restore('latest', '--to', project.beside('deep/new folder'), '--yes');
    expect(restored).toMatchObject({ overwritten: 0, unchanged: 0 });
    expect(restored.created).toBeGreaterThan(created.files);
    expect(restored.safetyBackup).toBeUndefined();
    expect(
      treeDifferences(snapshotTree(project.path('all')), snapshotTree(project.beside('deep/new folder/all'))),
    ).toEqual([]);
  });

  test('and an ordinary user, who may not write into his own read-only folders, gets it back as well', async () => {
    if (process.getuid?.() === 0) execFileSync('chown', ['-Rh', '65534:65534', project.folder]);
    const before = snapshotTree(project.path('all'));
    const asOrdinaryUser = (verb: string, ...args: string[]): Promise<Ended> =>
      runAsNobody([verb, '--root', project.root, ...args], { cwd: project.folder });
    for (const format of ['tar', 'zip', 'directory']) {
      expect(await asOrdinaryUser('create', '--format', format)).toMatchObject({ code: 0 });
      expect(await asOrdinaryUser('verify', '--check-content')).toMatchObject({ code: 0 });
      const to = project.beside(`from-${format}`);
      expect(await asOrdinaryUser('restore', '--to', to, '--yes', '--verify')).toMatchObject({ code: 0 });
      expect(treeDifferences(before, snapshotTree(`${to}/all`))).toEqual([]);
    }
  });
});

describe('what is no file, folder or link', () => {
  test('a FIFO and a socket are named and left out, and the backup is complete', async () => {
    project.write('state/app.json', '{}');
    execFileSync('mkfifo', [project.path('state/queue')]);
    const server = createServer().listen(project.path('state/app.sock'));
    await once(server, 'listening');
    try {
      const { complete, files, warnings } = await project.done<Created>('create', '--targets', 'state');
      expect({ complete, files }).toEqual({ complete: true, files: 1 });
      expect(warnings.filter((one) => one.code === 'special-file').map((one) => [one.path, one.params.kind])).toEqual([
        ['state/app.sock', 'socket'],
        ['state/queue', 'FIFO'],
      ]);
      const { problems } = await project.done<Verified>('verify', '--check-content');
      expect(problems).toEqual([]);
      await restore('--to', project.beside('copy'), '--yes');
      expect([...snapshotTree(project.beside('copy')).keys()].sort()).toEqual(['state', 'state/app.json']);
    } finally {
      server.close();
      await once(server, 'close');
    }
  });
});

describe('a destination where something else stands', () => {
  beforeEach(async () => {
    project.settings({ targets: { ...stateOnly } });
    project.write('state/first', 'then');
    project.write('state/folder/file', 'then');
    project.write('state/plain', 'then');
    await project.done('create');
    project.write('state/first', 'now');
  });

  /** A clear error that names the place, before anything is changed. */
  async function expectBlocked(name: string): Promise<void> {
    const before = project.snapshot();
    const ended = await project.tool('restore', '--yes', '--json');
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stderr)).toMatchObject({
      error: { code: 'DESTINATION_BLOCKED', message: expect.stringContaining(project.path(name)) },
    });
    expect(differences(before)).toEqual([]);
  }

  test('a folder in the place of a file', async () => {
    rmSync(project.path('state/plain'));
    project.write('state/plain/inside', 'mine');
    await expectBlocked('state/plain');
  });

  test('a file in the place of a folder', async () => {
    rmSync(project.path('state/folder'), { recursive: true });
    project.write('state/folder', 'mine');
    await expectBlocked('state/folder');
  });

  test('a link in the place of a folder is never followed', async () => {
    renameSync(project.path('state/folder'), project.beside('moved'));
    writeFileSync(project.beside('moved/file'), 'elsewhere');
    project.link(project.beside('moved'), 'state/folder');
    await expectBlocked('state/folder');
    expect(readFileSync(project.beside('moved/file'), 'utf8')).toBe('elsewhere');
  });

  test('a link in the place of a file gives way, and what it leads to stays', async () => {
    writeFileSync(project.beside('other'), 'elsewhere');
    rmSync(project.path('state/plain'));
    project.link(project.beside('other'), 'state/plain');
    await restore('--yes');
    expect(lstatSync(project.path('state/plain')).isFile()).toBe(true);
    expect(read('state/plain')).toBe('then');
    expect(readFileSync(project.beside('other'), 'utf8')).toBe('elsewhere');
  });

  test('a file in the place of the destination itself', async () => {
    writeFileSync(project.beside('file'), 'mine');
    const ended = await project.tool('restore', '--to', project.beside('file'), '--yes', '--json');
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'DESTINATION_NOT_A_FOLDER' } });
    expect(readFileSync(project.beside('file'), 'utf8')).toBe('mine');
  });
});

describe('the safety backup', () => {
  beforeEach(async () => {
    project.settings({ targets: { ...stateOnly } });
    project.write('state/a', 'then');
    project.write('state/b', 'then');
    await project.done('create', '--name', 'first');
    project.write('state/a', 'now');
    rmSync(project.path('state/b'));
    project.write('state/c', 'now');
  });

  test('holds what a restore replaces, and undoes it', async () => {
    const before = project.snapshot();
    const { safetyBackup } = await restore('first', '--yes');
    expect(read('state/a')).toBe('then');
    const { backups } = await project.done<{ backups: { id: string; type: string }[] }>('list');
    expect(backups.map((one) => [one.id === safetyBackup, one.type])).toEqual([
      [true, 'pre-restore'],
      [false, 'manual'],
    ]);
    await project.done('verify', safetyBackup ?? '', '--check-content');

    const undone = await restore(safetyBackup ?? '', '--delete-extra', '--yes');
    expect(undone).toMatchObject({ overwritten: 1, deleted: 1 });
    expect(differences(before)).toEqual([]);
  });

  test('is not what `latest` means', async () => {
    await restore('--yes');
    project.write('state/a', 'later');
    await restore('latest', '--yes');
    expect(read('state/a')).toBe('then');
  });

  test('is not made with --skip-backup', async () => {
    const restored = await restore('--skip-backup', '--yes');
    expect(restored.safetyBackup).toBeUndefined();
    expect(await backupsInStore()).toBe(1);
    expect(read('state/a')).toBe('then');
  });
});
