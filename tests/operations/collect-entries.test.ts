import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { loadSettings } from '../../lib/config/load-settings.ts';
import type { Settings } from '../../lib/config/settings.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { meansIncomplete, type Finding } from '../../lib/core/findings.ts';
import { collectEntries } from '../../lib/operations/collect-entries.ts';
import { defineTargets } from '../../lib/targets/target-definitions.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let root: string;
let findings: Finding[];
/** What earlier backups hold as databases. */
let known: string[];
let settings: Settings;
beforeEach(async () => {
  root = makeTemporaryFolder('collect');
  findings = [];
  known = [];
  chmodSync(root, 0o755);
  settings = await loadSettings({ root, environment: {} });
});
afterEach(() => removeTemporaryFolder(root));

function write(path: string, content: string | Buffer = path): string {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
  return join(root, path);
}

function makeDatabase(path: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  new Database(join(root, path)).exec('CREATE TABLE t (x)').close();
}

/** What the targets of that name hold: paths, and which of them are databases. */
async function collected(...names: string[]): Promise<Record<string, SourceEntry['database']>> {
  const targets = defineTargets(settings, names);
  const collector = collectEntries({ settings, environment: {} }, targets, {
    report: (one) => (one.code === 'source-missing' ? undefined : findings.push(one)),
    knownDatabases: new Set(known),
  });
  const entries: SourceEntry[] = [];
  for (const target of targets) entries.push(...(await collector.entriesOf(target)));
  return Object.fromEntries(entries.filter((one) => one.kind === 'file').map(({ path, database }) => [path, database]));
}

describe('a database', () => {
  test('is found by its header, wherever it is, whatever it is called', async () => {
    makeDatabase('state/app.db');
    makeDatabase('src/deep/cache.data');
    write('fake.data', Buffer.alloc(4096));
    expect(await collected('database')).toEqual({ 'database/app.db': 'sqlite', 'database/cache.data': 'sqlite' });
  });

  test('stands in the database target where that is asked for, else in the one that holds it: marked in both', async () => {
    makeDatabase('state/app.db');
    write('state/x');
    expect(await collected('state', 'database')).toEqual({ 'state/x': undefined, 'database/app.db': 'sqlite' });
    expect(await collected('state')).toEqual({ 'state/app.db': 'sqlite', 'state/x': undefined });
  });

  describe('stays where it is, as one, when the database target does not take it', () => {
    const withTargets = (text: object): Promise<void> => {
      write('config/config.json', JSON.stringify({ backup: text }));
      return loadSettings({ root, environment: {} }).then((loaded) => {
        settings = loaded;
      });
    };

    test.each(['node_modules', '.git'])('as it looks for none in %s', async (folder) => {
      makeDatabase(`${folder}/app/data/x.db`);
      write(`${folder}/app/data/t.txt`);
      await withTargets({ exclude: [], targets: { mine: { paths: [`${folder}/app/data`] } } });
      expect(await collected('mine', 'database')).toEqual({ 'mine/data/x.db': 'sqlite', 'mine/data/t.txt': undefined });
    });

    test('as the project excludes it, and the target that holds it takes it in again', async () => {
      makeDatabase('state/keep.db');
      makeDatabase('state/drop.db');
      await withTargets({ exclude: ['*.db'], targets: { state: { exclude: ['!keep.db'] } } });
      expect(await collected('state', 'database')).toEqual({ 'state/keep.db': 'sqlite' });
    });

    test('as the database target itself excludes it, or a folder above it', async () => {
      makeDatabase('state/deep/keep.db');
      makeDatabase('elsewhere/other.db');
      await withTargets({ targets: { database: { exclude: ['state'] } } });
      expect(await collected('state', 'database')).toEqual({
        'state/deep/keep.db': 'sqlite',
        'database/other.db': 'sqlite',
      });
    });
  });

  test('takes its log with it; a file that is only called like one is a file', async () => {
    makeDatabase('state/app.db');
    for (const name of ['app.db-wal', 'app.db-shm', 'app.db-journal', 'gone.db-wal', 'my-journal'])
      write(`state/${name}`);
    expect(Object.keys(await collected('state'))).toEqual(['state/app.db', 'state/gone.db-wal', 'state/my-journal']);
  });

  test('is not looked for in a folder or a FIFO that a file’s name points to', async () => {
    mkdirSync(join(root, 'state/app'), { recursive: true });
    write('state/app-journal');
    write('state/pipe-wal');
    execFileSync('mkfifo', [join(root, 'state/pipe')]);
    expect(Object.keys(await collected('state'))).toEqual(['state/app-journal', 'state/pipe-wal']);
  });
});

describe('a file without a SQLite header', () => {
  const said = (): unknown[] => findings.map(({ code, path }) => [code, path]);

  test('that earlier backups hold as a database is one still, whatever is in it and however it is called', async () => {
    known = ['data/app.db', 'data/cache.bin', 'data/gone.db'];
    write('data/app.db', '');
    write('data/cache.bin', 'x');
    expect(await collected('database')).toEqual({ 'database/app.db': 'sqlite', 'database/cache.bin': 'sqlite' });
    expect(said()).toEqual([]);
  });

  test('keeps its log out of the backup where it is known: beside another database the log would destroy that one', async () => {
    known = ['state/app.db', 'state/gone.db'];
    write('state/app.db', Buffer.alloc(4096));
    write('state/app.db-wal');
    write('state/gone.db-wal');
    expect(await collected('state')).toEqual({ 'state/app.db': 'sqlite', 'state/gone.db-wal': undefined });
  });

  test('and only called like a database is an ordinary file of the database target, and named', async () => {
    write('data/fake.db', Buffer.alloc(4096));
    write('data/short.sqlite3', 'x');
    expect(await collected('database')).toEqual({ 'database/fake.db': undefined, 'database/short.sqlite3': undefined });
    expect(said()).toEqual([
      ['database-unrecognized', 'data/fake.db'],
      ['database-unrecognized', 'data/short.sqlite3'],
    ]);
    expect(meansIncomplete(findings)).toBe(false);
  });

  test('is not named where it is empty: SQLite makes such a file of a new database', async () => {
    write('data/new.db', '');
    expect(await collected('database')).toEqual({ 'database/new.db': undefined });
    expect(findings).toEqual([]);
  });

  test('stays in the target whose folder holds it, is there once, and named once', async () => {
    write('state/fake.db', 'x');
    write('elsewhere/fake.db', 'x');
    expect(await collected('database', 'state')).toEqual({ 'state/fake.db': undefined, 'database/fake.db': undefined });
    expect(said()).toEqual([
      ['database-unrecognized', 'state/fake.db'],
      ['database-unrecognized', 'elsewhere/fake.db'],
    ]);
  });

  test('does not take the place of a database of that name', async () => {
    write('a/app.db', 'x');
    makeDatabase('b/app.db');
    expect(await collected('database')).toEqual({ 'database/app.db': 'sqlite', 'database/a/app.db': undefined });
  });
});

describe('a folder that cannot be searched for databases', () => {
  beforeEach(() => {
    for (const path of ['pgdata/1', 'state/closed/1', 'state/ok']) write(path);
    for (const path of ['pgdata', 'state/closed']) chmodSync(join(root, path), 0o000);
  });

  test('is named, once, and the backup is complete without it', async () => {
    await withoutPrivileges(() => collected('database'));
    expect(findings).toMatchObject([
      { code: 'folder-unsearched', path: 'pgdata', params: { reason: 'EACCES' } },
      { code: 'folder-unsearched', path: 'state/closed' },
    ]);
    expect(meansIncomplete(findings)).toBe(false);
  });

  test('is not named again where a target has missed it already', async () => {
    await withoutPrivileges(() => collected('database', 'state'));
    expect(findings).toMatchObject([
      { code: 'folder-unreadable', path: 'state/closed' },
      { code: 'folder-unsearched', path: 'pgdata' },
    ]);
  });

  test('is of no interest where no databases are asked for, or where it is excluded', async () => {
    await withoutPrivileges(() => collected('config'));
    settings = { ...settings, exclude: ['pgdata', 'state'] };
    await withoutPrivileges(() => collected('database'));
    expect(findings).toEqual([]);
  });
});

describe('what may not be read', () => {
  test('stops nothing: a file is left to its reading, which will name it', async () => {
    chmodSync(write('state/secret.bin', Buffer.alloc(4096)), 0o000);
    write('state/ok');
    const found = await withoutPrivileges(() => collected('state'));
    expect(found).toEqual({ 'state/ok': undefined, 'state/secret.bin': undefined });
  });

  test('and is called like a database is taken for one: else nobody would say that it is missing', async () => {
    chmodSync(write('data/closed.db', Buffer.alloc(4096)), 0o000);
    chmodSync(write('data/closed.bin', Buffer.alloc(4096)), 0o000);
    expect(await withoutPrivileges(() => collected('database'))).toEqual({ 'database/closed.db': 'sqlite' });
  });
});
