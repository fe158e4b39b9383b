/** Archives that other programs made, as the scripts make them that this toolkit replaces. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import Database from 'better-sqlite3';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Restored, type Verified } from '../support/make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';
import { startWriter } from '../support/start-writer.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  mkdirSync(project.store);
});

afterEach(() => {
  project.remove();
});

const past = 1_700_000_000;

/** As tar in whole seconds keeps them; databases are looked at by their rows. */
const comparable = (snapshot: TreeSnapshot): TreeSnapshot =>
  new Map([...snapshot].filter(([path, one]) => !path.endsWith('.db') && one.kind !== 'directory'));

function makeDatabase(path: string, ...names: string[]): void {
  const database = new Database(path);
  database.exec('CREATE TABLE IF NOT EXISTS item (name TEXT); DELETE FROM item');
  for (const name of names) database.prepare('INSERT INTO item VALUES (?)').run(name);
  database.close();
}

function namesIn(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT name FROM item').pluck().all();
  } finally {
    database.close();
  }
}

/** aica-sys: `backups/backup_20241010_030000.tar.gz` with the database, the uploads and the settings. */
function packLikeAicaSys(): string {
  mkdirSync(project.path('backend'));
  makeDatabase(project.path('backend/aica_sys.db'), 'then');
  utimesSync(project.write('public/uploads/photo.bin', Buffer.alloc(2_000_000, 'photo')), past, past);
  utimesSync(project.write('public/uploads/日本語.txt', '日本語', 0o640), past, past);
  utimesSync(project.write('.env.production', 'TOKEN=not-a-real-token\n', 0o600), past, past);
  project.link('photo.bin', 'public/uploads/latest');
  execFileSync('touch', ['-h', '-d', `@${past}`, project.path('public/uploads/latest')]);
  const archive = `${project.store}/backup_20241010_030000.tar.gz`;
  execFileSync('tar', ['czf', archive, 'backend/aica_sys.db', 'public/uploads', '.env.production'], {
    cwd: project.root,
  });
  return archive;
}

describe('backup_20241010_030000.tar.gz, as a shell script made it', () => {
  test('is listed, shown and verified', async () => {
    const archive = packLikeAicaSys();
    const list = await project.done<{ total: number; otherArchives: object[] }>('list');
    expect(list).toMatchObject({ total: 0, otherArchives: [{ file: archive, size: statSync(archive).size }] });
    const shown = await project.done<{ files: number; links: number; entries: { path: string }[] }>(
      'show',
      basename(archive),
      '--files',
    );
    expect(shown).toMatchObject({ foreign: true, files: 4, links: 1 });
    expect(shown.entries.map((one) => one.path)).toContain('public/uploads/日本語.txt');
    for (const level of ['--check-integrity', '--check-content'])
      expect(await project.done<Verified>('verify', archive, level)).toMatchObject({ ok: true, files: 4 });
  });

  test('comes back over what is there, its database into the one that is in use', async () => {
    const archive = packLikeAicaSys();
    const before = comparable(project.snapshot());
    makeDatabase(project.path('backend/aica_sys.db'), 'now', 'and more');
    const application = new Database(project.path('backend/aica_sys.db'));
    application.pragma('journal_mode = WAL');
    application.exec("INSERT INTO item VALUES ('in the log')");
    const inode = statSync(project.path('backend/aica_sys.db')).ino;
    rmSync(project.path('public/uploads'), { recursive: true });
    project.write('public/index.html', 'not in the archive');

    const { dryRun, duration: _, actions, ...planned } = await project.done<Restored>('restore', archive, '--dry-run');
    expect(dryRun).toBe(true);
    expect(actions?.map((one) => [one.action, one.path])).toEqual(
      expect.arrayContaining([
        ['overwrite', 'backend/aica_sys.db'],
        ['create', 'public/uploads/photo.bin'],
      ]),
    );
    const done = await project.done<Restored>('restore', archive, '--yes');
    expect(done).toMatchObject({ ...planned, created: 3, overwritten: 1 });
    expect(done.safetyBackup).toBeDefined();

    expect(application.prepare('SELECT name FROM item').pluck().all()).toEqual(['then']);
    application.close();
    expect(statSync(project.path('backend/aica_sys.db')).ino).toBe(inode);
    expect(readFileSync(project.path('public/index.html'), 'utf8')).toBe('not in the archive');
    rmSync(project.path('public/index.html'));
    expect(treeDifferences(before, comparable(project.snapshot()))).toEqual([]);
    // A database's bytes are not those of a raw copy any more; all else is recognized as the same.
    expect(await project.done<Restored>('restore', archive, '--yes')).toMatchObject({ created: 0, unchanged: 4 });
  });

  test('its safety backup brings back what it replaced', async () => {
    const archive = packLikeAicaSys();
    makeDatabase(project.path('backend/aica_sys.db'), 'now');
    project.write('public/uploads/photo.bin', 'now');
    const { safetyBackup } = await project.done<Restored>('restore', archive, '--yes');
    expect(namesIn(project.path('backend/aica_sys.db'))).toEqual(['then']);
    await project.done('restore', safetyBackup ?? '', '--yes');
    expect(namesIn(project.path('backend/aica_sys.db'))).toEqual(['now']);
    expect(readFileSync(project.path('public/uploads/photo.bin'), 'utf8')).toBe('now');
  });

  test('gives a part, and makes no folder of the rest', async () => {
    const archive = packLikeAicaSys();
    await project.done(
      'restore',
      archive,
      '--include',
      'public/uploads/日本語.txt',
      '--to',
      project.beside('a'),
      '--yes',
    );
    expect([...snapshotTree(project.beside('a')).keys()]).toEqual([
      'public',
      'public/uploads',
      'public/uploads/日本語.txt',
    ]);
    await project.done('restore', archive, '--include', '**/*.db', '--to', project.beside('b'), '--yes');
    expect([...snapshotTree(project.beside('b')).keys()]).toEqual(['backend', 'backend/aica_sys.db']);
    expect(namesIn(project.beside('b/backend/aica_sys.db'))).toEqual(['then']);
  });

  test('cannot tell what is extra', async () => {
    const archive = packLikeAicaSys();
    expect(await project.tool('restore', archive, '--delete-extra', '--yes')).toMatchObject({ code: 2 });
  });

  test('cut short it is named as damaged, and nothing is restored', async () => {
    const archive = packLikeAicaSys();
    writeFileSync(archive, readFileSync(archive).subarray(0, -2000));
    const before = project.snapshot();
    rmSync(project.path('.env.production'));
    expect(await project.tool('verify', archive)).toMatchObject({ code: 4 });
    expect(await project.tool('restore', archive, '--yes')).toMatchObject({ code: 4 });
    expect(existsSync(project.path('.env.production'))).toBe(false);
    expect(treeDifferences(before, project.snapshot())).toHaveLength(1);
  });
});

test('orchestrator-cc: a tar of `.`, with folders, modes and times', async () => {
  utimesSync(project.write('config/orchestrator.yaml', 'agents: 3\n'), past, past);
  utimesSync(project.write('data/state/run.sh', '#!/bin/sh\n', 0o750), past, past);
  mkdirSync(project.path('data/empty'));
  for (const name of ['data/empty', 'data/state', 'data', 'config']) utimesSync(project.path(name), past, past);
  chmodSync(project.path('data/state'), 0o750);
  const archive = project.beside('orchestrator-cc-20260204_020000.tar.gz');
  execFileSync('tar', ['czf', archive, '--exclude=./backups', '-C', project.root, '.']);
  const before = project.snapshot();
  for (const name of ['config', 'data']) rmSync(project.path(name), { recursive: true });
  await project.done('restore', archive, '--yes', '--skip-backup');
  expect(treeDifferences(before, project.snapshot())).toEqual([]);
});

test.each([
  ['tar', ['cf']],
  ['tgz', ['czf']],
  ['tar.gz', ['czf', '--format=ustar']],
  ['tar.gz', ['czf', '--format=pax']],
  ['tar.gz', ['czf', '--format=gnu', '--hard-dereference']],
])('.%s made by tar %j, with long names', async (ending, [mode = '', ...options]) => {
  const long = `${'深い/'.repeat(6)}${'n'.repeat(99)}`;
  utimesSync(project.write(`files/${long}`, 'long'), past, past);
  utimesSync(project.write('files/-rf', 'dash'), past, past);
  const archive = project.beside(`made.${ending}`);
  execFileSync('tar', [mode, archive, ...options, '-C', project.root, 'files']);
  await project.done('verify', archive);
  await project.done('restore', archive, '--to', project.beside('copy'), '--yes');
  const [before, after] = [project.path('files'), project.beside('copy/files')].map((folder) => snapshotTree(folder));
  expect(treeDifferences(comparable(before ?? new Map()), comparable(after ?? new Map()))).toEqual([]);
});

test('a zip made by zip -r, its database into the existing one', async () => {
  makeDatabase(project.path('app.db'), 'then');
  project.write('ファイル/日本語.txt', '日本語');
  project.write('files/run.sh', '#!/bin/sh\n', 0o755);
  project.link('run.sh', 'files/link');
  const archive = project.beside('export.zip');
  execFileSync('zip', ['-qry', archive, 'ファイル/日本語.txt', 'app.db', 'files'], { cwd: project.root });
  const before = project.snapshot();
  makeDatabase(project.path('app.db'), 'now');
  for (const name of ['files', 'ファイル']) rmSync(project.path(name), { recursive: true });

  expect(await project.done<object>('show', archive)).toMatchObject({ foreign: true, files: 3, links: 1 });
  expect(await project.done<Verified>('verify', archive, '--check-content')).toMatchObject({ ok: true, files: 3 });
  expect(await project.done<Restored>('restore', archive, '--yes')).toMatchObject({ created: 3, overwritten: 1 });
  expect(namesIn(project.path('app.db'))).toEqual(['then']);
  const withoutTimes = (snapshot: TreeSnapshot): TreeSnapshot =>
    new Map([...comparable(snapshot)].map(([path, one]) => [path, { ...one, mtimeNs: 0n }]));
  expect(treeDifferences(withoutTimes(before), withoutTimes(project.snapshot()))).toEqual([]);
});

test('an ordinary user restores an archive with folders that he may not write into', async () => {
  project.write('files/closed/inside', 'then');
  chmodSync(project.path('files/closed'), 0o555);
  execFileSync('tar', ['czf', project.beside('made.tar.gz'), '-C', project.root, 'files']);
  execFileSync('zip', ['-qr', project.beside('made.zip'), 'files'], { cwd: project.root });
  chmodSync(project.path('files/closed'), 0o755);
  giveToNobody(project.folder);
  openToAll(project.folder);
  for (const kind of ['tar.gz', 'zip']) {
    const to = project.beside(`from ${kind}`);
    const args = ['restore', project.beside(`made.${kind}`), '--root', project.root, '--to', to, '--yes'];
    expect(await runAsNobody(args)).toMatchObject({ code: 0 });
    expect(snapshotTree(to).get('files/closed')?.mode).toBe('555');
    expect(readFileSync(`${to}/files/closed/inside`, 'utf8')).toBe('then');
  }
});

test('a database that is written to all the time takes the content of an archive', async () => {
  const path = project.path('live.db');
  await (await startWriter({ path, journalMode: 'wal', work: 'open' })).stop();
  const archive = project.beside('made.tar.gz');
  execFileSync('tar', ['czf', archive, '-C', project.root, 'live.db']);
  const database = new Database(path);
  database.exec("UPDATE generation SET name = 'later'");
  database.close();
  const writer = await startWriter({ path, journalMode: 'wal', work: 'watch' });
  await project.done('restore', archive, '--yes');
  const report = await writer.stop();
  expect(report.violations).toEqual([]);
  expect(report.generations).toEqual(['later', 'first']);
});
