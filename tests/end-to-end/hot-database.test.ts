/** Databases that other processes use, from the first byte of a backup to the last of a restore. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';
import { startWriter, type Writer } from '../support/start-writer.ts';
import type { WriterOptions } from '../support/sqlite-writer.ts';
import { invariantOf, makeDatabase, withDatabase } from '../targets/databases/sqlite-folder.ts';

let project: TestProject;
let writer: Writer | undefined;

beforeEach(() => {
  project = new TestProject();
  mkdirSync(project.path('state'));
  project.write('state/file', 'beside it');
});

afterEach(async () => {
  await writer?.kill();
  writer = undefined;
  project.remove();
});

const impatient = { env: { BACKUP_DATABASE_TIMEOUT: '0.3' } };

async function start(
  name: string,
  journalMode: WriterOptions['journalMode'],
  work: WriterOptions['work'],
): Promise<Writer> {
  return (writer = await startWriter({ path: project.path(name), journalMode, work }));
}

async function stop(): Promise<Awaited<ReturnType<Writer['stop']>>> {
  const report = await writer?.stop();
  writer = undefined;
  return report ?? { commits: 0, generations: [], violations: ['there was no writer'] };
}

async function pathsIn(backup: string): Promise<string[]> {
  const { entries } = await project.done<{ entries: { path: string }[] }>('show', backup, '--files');
  return entries.map((one) => one.path);
}

const generation = (path: string): unknown =>
  withDatabase(path, (database) => database.prepare('SELECT name FROM generation').pluck().get());

const setGeneration = (path: string, name: string): unknown =>
  withDatabase(path, (database) => database.prepare('UPDATE generation SET name = ?').run(name));

describe.each(['wal', 'delete'] as const)('a database in %s mode that is written to all the time', (journalMode) => {
  test.each([
    ['tar', 'config,database,state'],
    ['zip', 'config,database,state'],
    ['directory', 'config,database,state'],
    ['tar', 'state'],
  ])('as %s, targets %s: the copy is of one moment, and its companions stay behind', async (format, targets) => {
    await start('state/live.db', journalMode, 'steady');
    const created = await project.done<Created>('create', '--format', format, '--targets', targets);
    expect(created).toMatchObject({ complete: true });
    expect(created.warnings.filter((one) => one.code !== 'source-missing')).toEqual([]);
    const report = await stop();
    expect(report.commits).toBeGreaterThan(1);

    const place = targets === 'state' ? 'state/live.db' : 'database/live.db';
    const paths = await pathsIn(created.id);
    expect(paths.filter((path) => path.includes('live.db'))).toEqual([place]);
    expect(paths).toContain('state/file');
    await project.done('verify', created.id, '--check-content');

    await project.done('restore', created.id, '--to', project.beside('copy'), '--yes', '--verify');
    expect(readdirSync(project.beside('copy/state'))).toEqual(['file', 'live.db']);
    const { isHeld, count } = invariantOf(project.beside('copy/state/live.db'));
    expect({ isHeld, hasRows: count > 0 }).toEqual({ isHeld: true, hasRows: true });
    expect(
      withDatabase(project.beside('copy/state/live.db'), (one) => one.pragma('journal_mode', { simple: true })),
    ).toBe(journalMode);
  });

  test('takes the content of a backup while it is in use, and never shows a mixture', async () => {
    await (await startWriter({ path: project.path('live.db'), journalMode, work: 'open' })).stop();
    await project.done('create', '--targets', 'database');
    setGeneration(project.path('live.db'), 'later');
    const { ino } = statSync(project.path('live.db'));

    await start('live.db', journalMode, 'watch');
    const restored = await project.done<Restored>('restore', '--yes', '--overwrite', 'always');
    const { generations, violations } = await stop();
    expect({ generations, violations }).toEqual({ generations: ['later', 'first'], violations: [] });
    expect(restored).toMatchObject({ overwritten: 1 });
    expect(statSync(project.path('live.db')).ino).toBe(ino);

    await project.done('restore', restored.safetyBackup ?? '', '--to', project.beside('safe'), '--yes');
    expect(generation(project.beside('safe/live.db'))).toBe('later');
    expect(invariantOf(project.beside('safe/live.db')).isHeld).toBe(true);
  });
});

test('what stands in the log alone is in the next plain tree too', async () => {
  const database = new Database(project.path('live.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE item (name TEXT)');
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.pragma('wal_autocheckpoint = 0');
  await project.done('create', '--targets', 'database', '--format', 'directory');
  const before = readFileSync(project.path('live.db'));
  database.exec("INSERT INTO item VALUES ('only in the log')");
  expect(readFileSync(project.path('live.db')).equals(before)).toBe(true);
  const second = await project.done<Created>('create', '--targets', 'database', '--format', 'directory');
  const copied = withDatabase(join(second.directory, 'database/live.db'), (one) =>
    one.prepare('SELECT name FROM item').pluck().all(),
  );
  expect(copied).toEqual(['only in the log']);
  database.close();
});

test('a database is one by its header, whatever its name', async () => {
  makeDatabase(project.path('state/cache.bin'));
  makeDatabase(project.path('state/no ending'));
  project.write('state/named.db', 'these are no database\n');
  project.write('state/empty.sqlite', '');
  project.write('state/lone.db-wal', 'a file of nobody’s');
  const { databases } = await create('--targets', 'config,database,state');
  expect(databases).toEqual(['state/cache.bin', 'state/no ending']);
  const paths = (await pathsIn('latest')).filter((path) => !path.startsWith('config'));
  expect(paths).toEqual([
    ...['state', 'state/empty.sqlite', 'state/file', 'state/lone.db-wal', 'state/named.db'],
    ...['database/cache.bin', 'database/no ending'],
  ]);
});

async function create(...args: string[]): Promise<{ databases: string[] }> {
  await project.done('create', ...args);
  const { databases } = await project.done<{ databases: { name: string }[] }>('show');
  return { databases: databases.map((one) => one.name) };
}

describe.each(['wal', 'delete'] as const)('a database in %s mode that stays locked', (journalMode) => {
  test('is named and missing, the rest is kept, and the backup says that it is incomplete', async () => {
    await start('live.db', journalMode, 'lock');
    makeDatabase(project.path('other.db'));
    const ended = await project.toolWith(impatient, 'create', '--json');
    expect(ended.code).toBe(3);
    const { id, complete, warnings } = ended.json<Created>();
    expect(complete).toBe(false);
    expect(warnings.filter((one) => one.code === 'database-locked')).toMatchObject([{ path: 'live.db' }]);
    const paths = await pathsIn(id);
    expect(paths).toEqual(expect.arrayContaining(['state/file', 'database/other.db']));
    expect(paths.filter((path) => path.includes('live.db'))).toEqual([]);
    expect(await project.done('list')).toMatchObject({ backups: [{ id, complete: false }] });
    expect(await project.done<Verified>('verify', '--check-content')).toMatchObject({ ok: true });
  });

  test('is waited for while the time lasts', async () => {
    await start('live.db', journalMode, 'lock');
    const ending = project.toolWith({ env: { BACKUP_DATABASE_TIMEOUT: '60' } }, 'create', '--targets', 'database');
    await stop();
    expect(await ending).toMatchObject({ code: 0 });
  });

  test('is not restored over, and nothing else is changed', async () => {
    await (await startWriter({ path: project.path('live.db'), journalMode, work: 'open' })).stop();
    await project.done('create', '--targets', 'database,state');
    setGeneration(project.path('live.db'), 'later');
    project.write('state/file', 'later');
    await start('live.db', journalMode, 'lock');
    const ended = await project.toolWith(impatient, 'restore', '--yes', '--json');
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stderr)).toMatchObject({
      error: { code: 'DATABASE_LOCKED', message: expect.stringContaining('live.db') },
    });
    await stop();
    expect(generation(project.path('live.db'))).toBe('later');
    expect(readFileSync(project.path('state/file'), 'utf8')).toBe('later');
    expect(readdirSync(project.root).sort()).toEqual(['backups', 'live.db', 'state']);
  });
});

test('while a database is waited for, its copying is told again and again', async () => {
  await start('live.db', 'delete', 'lock');
  const impatientlyToo = { env: { BACKUP_DATABASE_TIMEOUT: '2' } };
  const ended = await project.toolWith(impatientlyToo, 'create', '--targets', 'database', '--json', '--progress');
  await stop();
  const told = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { phase?: string; bytes?: number; totalBytes?: number })
    .filter((one) => one.phase === 'copy-databases');
  expect(told.length).toBeGreaterThanOrEqual(3);
  expect(told[0]).toMatchObject({ bytes: 0, totalBytes: statSync(project.path('live.db')).size });
});

test('the log of a database that is gone is not applied to the one that comes back', async () => {
  await (await startWriter({ path: project.path('live.db'), journalMode: 'wal', work: 'open' })).stop();
  await project.done('create', '--targets', 'database');
  await start('live.db', 'wal', 'open');
  await writer?.kill();
  writer = undefined;
  expect(statSync(project.path('live.db-wal')).size).toBeGreaterThan(0);
  rmSync(project.path('live.db'));
  await project.done('restore', '--yes');
  expect(readdirSync(project.root).filter((name) => name.startsWith('live.db'))).toEqual(['live.db']);
  expect(invariantOf(project.path('live.db'))).toEqual({ isHeld: true, count: 1 });
});

test('a time-out that is no number of seconds is wrong usage', async () => {
  const ended = await project.toolWith({ env: { BACKUP_DATABASE_TIMEOUT: 'long' } }, 'create');
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('BACKUP_DATABASE_TIMEOUT is "long"') });
  expect(existsSync(project.store)).toBe(false);
});
