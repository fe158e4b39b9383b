/** Databases that are no longer whole: what a backup keeps of them, and what a restore puts in their place. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';
import { makeDatabase, withDatabase } from '../targets/databases/sqlite-folder.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  mkdirSync(project.path('state'));
  project.write('state/file', 'beside it');
});

afterEach(() => project.remove());

async function pathsIn(backup: string): Promise<string[]> {
  const { entries } = await project.done<{ entries: { path: string }[] }>('show', backup, '--files');
  return entries.map((one) => one.path);
}

describe('a database that is corrupt', () => {
  beforeEach(() => {
    makeDatabase(project.path('data.db'));
    const bytes = readFileSync(project.path('data.db'));
    randomBytes(4096).copy(bytes, 4096);
    writeFileSync(project.path('data.db'), bytes);
  });

  test('is kept raw beside its name, and named', async () => {
    const ended = await project.tool('create', '--targets', 'database,state', '--json');
    expect(ended.code).toBe(3);
    const { id, complete, warnings } = ended.json<Created>();
    expect(complete).toBe(false);
    expect(warnings.filter((one) => one.code === 'database-corrupt')).toMatchObject([
      { path: 'data.db', params: { found: 'data.db.corrupt' } },
    ]);
    expect(await pathsIn(id)).toContain('database/data.db.corrupt');
    expect(await project.done<Verified>('verify', id, '--check-content')).toMatchObject({ ok: true });

    await project.done('restore', id, '--to', project.beside('copy'), '--yes', '--verify');
    expect(existsSync(project.beside('copy/data.db'))).toBe(false);
    expect(readFileSync(project.beside('copy/data.db.corrupt')).equals(readFileSync(project.path('data.db')))).toBe(
      true,
    );
  });

  test('gives way to the whole one of a backup, and is in the safety backup', async () => {
    const corrupt = readFileSync(project.path('data.db'));
    rmSync(project.path('data.db'));
    makeDatabase(project.path('data.db'));
    const { id } = await project.done<Created>('create', '--targets', 'database');
    writeFileSync(project.path('data.db'), corrupt);
    const { safetyBackup = '' } = await project.done<Restored>('restore', id, '--yes');
    const check = withDatabase(project.path('data.db'), (one) => one.pragma('integrity_check', { simple: true }));
    expect(check).toBe('ok');
    await project.done('restore', safetyBackup, '--to', project.beside('safe'), '--yes');
    expect(readFileSync(project.beside('safe/data.db.corrupt')).equals(corrupt)).toBe(true);
  });
});

describe('the log of a corrupt database', () => {
  /** Rows that only the log has, and a file that is damaged beyond it: as a killed application leaves them. */
  async function crash(name: string): Promise<void> {
    makeDatabase(project.path(name), 'PRAGMA journal_mode = wal');
    const program = `
      const Database = require('better-sqlite3');
      const database = new Database(${JSON.stringify(project.path(name))});
      database.pragma('wal_autocheckpoint = 0');
      database.exec("CREATE TABLE late (x); INSERT INTO late VALUES ('only in the log')");
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit'] });
    await once(child, 'exit');
    const bytes = readFileSync(project.path(name));
    bytes.fill(0xa5, 5 * 4096 + 8);
    writeFileSync(project.path(name), bytes);
  }

  test.each(['tar', 'zip', 'directory'])(
    'as %s: comes back beside the raw file, and its rows with it',
    async (format) => {
      await crash('state/app.db');
      project.write('state/app.db-journal', 'of a writer before');
      const log = readFileSync(project.path('state/app.db-wal'));
      expect(log.includes('only in the log')).toBe(true);
      expect(readFileSync(project.path('state/app.db')).includes('only in the log')).toBe(false);

      const ended = await project.tool('create', '--format', format, '--json');
      expect(ended.code).toBe(3);
      const { id, warnings } = ended.json<Created>();
      const beside = 'state/app.db.corrupt-wal, state/app.db.corrupt-journal';
      expect(warnings.filter((one) => one.code.startsWith('database-'))).toMatchObject([
        { code: 'database-corrupt', path: 'state/app.db', params: { found: 'state/app.db.corrupt', beside } },
      ]);
      expect(await pathsIn(id)).toEqual(
        expect.arrayContaining([
          'database/app.db.corrupt',
          'database/app.db.corrupt-journal',
          'database/app.db.corrupt-wal',
        ]),
      );
      expect((await pathsIn(id)).filter((one) => one.endsWith('-shm') || one.includes('app.db-'))).toEqual([]);
      expect(await project.done<Verified>('verify', id, '--check-content')).toMatchObject({ ok: true });

      const copy = project.beside('copy/state/app.db.corrupt');
      await project.done('restore', id, '--to', project.beside('copy'), '--yes', '--verify');
      const expectLogs = (): void => {
        expect(readFileSync(`${copy}-wal`).equals(log)).toBe(true);
        expect(readFileSync(`${copy}-journal`, 'utf8')).toBe('of a writer before');
      };
      expectLogs();
      // The raw file comes anew; its logs stand there as they should, and are not taken for another's.
      appendFileSync(copy, Buffer.alloc(512));
      await project.done('restore', id, '--to', project.beside('copy'), '--yes', '--verify');
      expectLogs();
      rmSync(`${copy}-journal`);
      expect(withDatabase(copy, (one) => one.prepare('SELECT x FROM late').pluck().get())).toBe('only in the log');
    },
  );

  test('finds a free name together with it', async () => {
    await crash('state/app.db');
    project.write('state/app.db.corrupt-wal', 'the user’s own');
    const { id } = (await project.tool('create', '--json')).json<Created>();
    await project.done('restore', id, '--to', project.beside('copy'), '--yes');
    expect(readFileSync(project.beside('copy/state/app.db.corrupt-wal'), 'utf8')).toBe('the user’s own');
    for (const ending of ['', '-wal'])
      expect(readFileSync(project.beside(`copy/state/app.db.corrupt-2${ending}`))).toEqual(
        readFileSync(project.path(`state/app.db${ending}`)),
      );
  });

  test('is left out where it is empty, and where the database is whole', async () => {
    await crash('state/app.db');
    writeFileSync(project.path('state/app.db-wal'), '');
    project.write('state/app.db-shm', 'an index');
    makeDatabase(project.path('state/whole.db'));
    const { id } = (await project.tool('create', '--json')).json<Created>();
    expect((await pathsIn(id)).filter((one) => one.includes('.db')).sort()).toEqual([
      'database/app.db.corrupt',
      'database/whole.db',
    ]);
  });
});

describe('--delete-extra', () => {
  test('keeps a database of a later backup, whatever has become of it, and says so', async () => {
    const { id } = await project.done<Created>('create');
    makeDatabase(project.path('state/app.db'));
    await project.done('create');
    const bytes = readFileSync(project.path('state/app.db'));
    writeFileSync(project.path('state/app.db'), bytes.fill(0, 0, 4096));
    project.write('state/app.db-wal', 'what may be rescued');
    project.write('state/extra', 'no database');
    const restored = await project.done<Restored>('restore', id, '--delete-extra', '--yes', '--skip-backup');
    expect(restored.deleted).toBe(1);
    expect(existsSync(project.path('state/extra'))).toBe(false);
    const kept = restored.warnings.filter((one) => one.code === 'extra-database-kept');
    expect(kept).toMatchObject([{ path: 'state/app.db' }]);
    expect(readFileSync(project.path('state/app.db'))).toEqual(bytes);
    expect(readFileSync(project.path('state/app.db-wal'), 'utf8')).toBe('what may be rescued');
  });

  test('knows those of the backup that is restored, too, though it has left the store', async () => {
    project.settings({ targets: { notes: ['state/notes.data'] } });
    makeDatabase(project.path('state/app.data'));
    const { archive = '' } = await project.done<Created>('create');
    renameSync(archive, project.beside('kept.tar.gz'));
    rmSync(project.store, { recursive: true });
    writeFileSync(project.path('state/app.data'), 'noise');
    const args = ['--targets', 'state', '--delete-extra', '--yes', '--skip-backup'];
    await project.done<Restored>('restore', project.beside('kept.tar.gz'), ...args);
    expect(readFileSync(project.path('state/app.data'), 'utf8')).toBe('noise');
  });
});

describe('a database that is corrupt beside a file with the name of its raw copy', () => {
  test.each(['tar', 'zip', 'directory'])(
    'as %s: both come back as they were, also to where they came from',
    async (format) => {
      for (const name of ['data.db', 'state/data.db']) {
        makeDatabase(project.path(name));
        const bytes = readFileSync(project.path(name));
        randomBytes(4096).copy(bytes, 4096);
        writeFileSync(project.path(name), bytes);
      }
      const mine = ['data.db.corrupt', 'state/data.db.corrupt', 'state/data.db.corrupt-2'];
      for (const name of mine) project.write(name, name);
      project.settings({ targets: { state: ['state/', 'data.db.corrupt'], notes: ['state/data.db.corrupt'] } });
      for (const targets of ['database,state,notes', 'state,notes']) {
        const ended = await project.tool('create', '--targets', targets, '--format', format, '--json');
        expect(ended.code).toBe(3);
        const { id, warnings } = ended.json<Created>();
        const kept = warnings
          .filter((one) => one.code === 'database-corrupt')
          .map((one) => [one.path, one.params.found]);
        expect(kept).toContainEqual(['state/data.db', 'state/data.db.corrupt-3']);
        if (targets.includes('database')) expect(kept).toContainEqual(['data.db', 'data.db.corrupt-2']);
        const paths = await pathsIn(id);
        expect(new Set(paths).size).toBe(paths.length);
        expect(await project.done<Verified>('verify', id, '--check-content')).toMatchObject({ ok: true });
        const copy = project.beside(`copy-${format}-${targets}`);
        await project.done('restore', id, '--to', copy, '--yes');
        for (const [path, found] of kept) {
          expect(readFileSync(`${copy}/${String(found)}`).equals(readFileSync(project.path(String(path))))).toBe(true);
        }
        for (const name of mine) expect(readFileSync(`${copy}/${name}`, 'utf8')).toBe(name);
        // In place: nothing of the project is lost for the raw copies.
        await project.done('restore', id, '--yes', '--skip-backup');
        for (const name of mine) expect(readFileSync(project.path(name), 'utf8')).toBe(name);
        for (const [, found] of kept) rmSync(project.path(String(found)));
      }
    },
  );
});

describe('a database whose header is gone', () => {
  test.each([
    ['overwritten', (bytes: Buffer) => bytes.fill(0, 0, 100)],
    ['cut to a few bytes', (bytes: Buffer) => bytes.subarray(0, 60)],
    ['cut to nothing', () => Buffer.alloc(0)],
  ])('%s: is corrupt as long as a backup holds it whole, and kept raw', async (_, harm) => {
    makeDatabase(project.path('cache.data'));
    const whole = await project.done<Created>('create');
    writeFileSync(project.path('cache.data'), harm(readFileSync(project.path('cache.data'))));
    project.write('cache.data-wal', 'what may be rescued');
    // Not only the first time: the backup before this one does not hold it as a database.
    for (let time = 1; time <= 2; time += 1) {
      const ended = await project.tool('create', '--json');
      expect(ended.code).toBe(3);
      const { id, warnings } = ended.json<Created>();
      expect(warnings.filter((one) => one.code.startsWith('database-'))).toMatchObject([
        { code: 'database-corrupt', path: 'cache.data', params: { found: 'cache.data.corrupt' } },
      ]);
      await project.done('restore', id, '--to', project.beside(`copy-${time}`), '--yes');
      const kept = readFileSync(project.beside(`copy-${time}/cache.data.corrupt`));
      expect(kept.equals(readFileSync(project.path('cache.data')))).toBe(true);
    }
    expect(readFileSync(project.path('cache.data-wal'), 'utf8')).toBe('what may be rescued');
    expect(readFileSync(project.beside('copy-2/cache.data.corrupt-wal'), 'utf8')).toBe('what may be rescued');
    expect((await project.tool('create')).stderr).toMatch(/If it is no database any more, give it another name, or/);
    expect(await project.done('create', '--dry-run')).toMatchObject({ targets: { database: { files: 1 } } });
    await project.done('restore', whole.id, '--yes');
    const check = withDatabase(project.path('cache.data'), (one) => one.pragma('integrity_check', { simple: true }));
    expect(check).toBe('ok');
    expect((await project.tool('create')).code).toBe(0);
  });

  test('and which no backup knows is kept as an ordinary file; one that is new and empty without a word', async () => {
    project.write('data/noise.db', randomBytes(4096));
    project.write('data/new.db', '');
    const { id, warnings } = await project.done<Created>('create', '--targets', 'database');
    expect(warnings).toMatchObject([{ code: 'database-unrecognized', path: 'data/noise.db' }]);
    await project.done('restore', id, '--to', project.beside('copy'), '--yes');
    expect(readFileSync(project.beside('copy/data/noise.db'))).toEqual(readFileSync(project.path('data/noise.db')));
    expect(statSync(project.beside('copy/data/new.db')).size).toBe(0);
  });
});
