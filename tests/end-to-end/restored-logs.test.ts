/** The log of one database never meets the file of another. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { TestProject, type Created, type Restored } from '../support/make-project.ts';

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  mkdirSync(project.path('data'));
  mkdirSync(project.beside('packed/data'), { recursive: true });
});
afterEach(() => project.remove());

const live = (): string => project.path('data/app.db');
const names = (database: Database.Database): unknown[] => database.prepare('SELECT name FROM item').pluck().all();

function openWal(path: string, ...rows: string[]): Database.Database {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('wal_autocheckpoint = 0');
  database.exec('CREATE TABLE IF NOT EXISTS item (name TEXT)');
  for (const row of rows) database.prepare('INSERT INTO item VALUES (?)').run(row);
  return database;
}

function rowsOf(path: string): unknown[] {
  const database = new Database(path);
  try {
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    return names(database);
  } finally {
    database.close();
  }
}

/** An archive of a database whose last rows are in its log alone, as a shell script makes it while the database is open. */
function packWithLog(kind: 'tar' | 'zip'): string {
  const from = project.beside('running.db');
  const database = openWal(from, 'then');
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.exec("INSERT INTO item VALUES ('in the log')");
  for (const suffix of ['', '-wal', '-shm'])
    copyFileSync(`${from}${suffix}`, project.beside(`packed/data/app.db${suffix}`));
  database.close();
  const archive = project.beside(`made.${kind}`);
  const [command, options] = kind === 'tar' ? ['tar', ['cf']] : ['zip', ['-qr']];
  execFileSync(command, [...options, archive, 'data'], { cwd: project.beside('packed') });
  return archive;
}

describe.each(['tar', 'zip'] as const)('a %s of a database, its log and its shared memory', (kind) => {
  test('is restored into the database that is open, with what its log holds', async () => {
    const archive = packWithLog(kind);
    const application = openWal(live(), ...Array.from({ length: 500 }, (_, at) => `now ${at}`));
    const done = await project.done<Restored>('restore', archive, '--yes');
    expect(done).toMatchObject({ created: 0, overwritten: 1 });
    expect(names(application)).toEqual(['then', 'in the log']);
    application.exec("INSERT INTO item VALUES ('later')");
    application.close();
    expect(rowsOf(live())).toEqual(['then', 'in the log', 'later']);
    await project.done('restore', done.safetyBackup ?? '', '--yes');
    expect(rowsOf(live())).toHaveLength(500);
  });

  test('is restored to where there is none, as one file', async () => {
    await project.done('restore', packWithLog(kind), '--yes', '--to', project.beside('to'));
    expect(readdirSync(project.beside('to/data'))).toEqual(['app.db']);
    expect(rowsOf(project.beside('to/data/app.db'))).toEqual(['then', 'in the log']);
  });

  test('gives no log alone', async () => {
    const application = openWal(live(), 'now');
    const ended = await project.tool('restore', packWithLog(kind), '--yes', '--include', 'data/app.db-wal');
    expect(ended.code).toBe(0);
    expect(names(application)).toEqual(['now']);
    application.close();
    expect(rowsOf(live())).toEqual(['now']);
  });
});

test('the log of a database does not survive the file that replaces it', async () => {
  project.settings({ targets: { state: { paths: ['data/'] } } });
  project.write('data/app.db', 'no database at all, but called like one\n');
  const { id } = await project.done<Created>('create');
  execFileSync('rm', [live()]);
  const application = openWal(live(), 'now');
  expect(existsSync(`${live()}-wal`)).toBe(true);
  const { safetyBackup = '' } = await project.done<Restored>('restore', id, '--yes');
  expect(readdirSync(project.path('data'))).toEqual(['app.db']);
  expect(readFileSync(live(), 'utf8')).toBe('no database at all, but called like one\n');
  application.close();
  await project.done('restore', safetyBackup, '--yes', '--to', project.beside('before'));
  expect(rowsOf(project.beside('before/data/app.db'))).toEqual(['now']);
});
