import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { decodePath, pathToBytes } from '../../../lib/core/path-bytes.ts';
import { copySqlite } from '../../../lib/targets/databases/sqlite-driver.ts';
import { readSqliteHeader } from '../../../lib/targets/databases/sqlite-header.ts';
import { makeDatabase, patience, SqliteFolder, withDatabase } from './sqlite-folder.ts';

let folder: SqliteFolder;
beforeEach(() => {
  folder = new SqliteFolder();
});
afterEach(() => folder.remove());

const copy = (from: string, to: string) =>
  copySqlite({ source: folder.file(from), destination: folder.file(to), ...patience() });

describe.each(['delete', 'wal'] as const)('a database at rest in %s mode', (mode) => {
  beforeEach(() => makeDatabase(folder.file('a.db'), `PRAGMA journal_mode = ${mode}; PRAGMA user_version = 9`));

  test('is copied page by page into one private file, and nothing else is made or left', async () => {
    const before = readFileSync(folder.file('a.db'));
    const result = await copy('a.db', 'copy.db');
    const bytes = readFileSync(folder.file('copy.db'));
    expect(result).toMatchObject({ bytes: before.length, pages: before.length / 4096, pageSize: 4096, userVersion: 9 });
    expect(result).toMatchObject({ tables: ['note'], unchecked: [] });
    expect(result.version).toMatch(/^3\.\d+\.\d+$/);
    expect(statSync(folder.file('copy.db')).mode & 0o777).toBe(0o600);
    expect(folder.names()).toEqual(['a.db', 'copy.db']);
    expect(readFileSync(folder.file('a.db')).equals(before)).toBe(true);
    // The same pages, but for the header's count of changes.
    expect(bytes.subarray(100).equals(before.subarray(100))).toBe(true);
    expect(readSqliteHeader(folder.file('copy.db'))).toMatchObject({
      isWal: mode === 'wal',
      changeCounter: 1,
      schemaCookie: 1,
    });
  });

  test('gives the same bytes each time, and other bytes only where it changed', async () => {
    await copy('a.db', 'one.db');
    await copy('a.db', 'two.db');
    withDatabase(folder.file('a.db'), (database) => database.exec('UPDATE note SET id = 100000 WHERE id = 3000'));
    await copy('a.db', 'three.db');
    const [one, two, three] = ['one.db', 'two.db', 'three.db'].map((name) => readFileSync(folder.file(name)));
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
    expect(one?.equals(three ?? Buffer.alloc(0))).toBe(false);
    const pages = Array.from({ length: (one?.length ?? 0) / 4096 }, (_, page) => page * 4096);
    const changed = pages.filter((at) => one?.compare(three ?? Buffer.alloc(0), at, at + 4096, at, at + 4096) !== 0);
    expect(changed.length).toBeLessThan(6);
  });

  test('may have one page only', async () => {
    withDatabase(folder.file('one-page.db'), (database) => {
      database.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE a (b); DROP TABLE a; VACUUM`);
    });
    expect(await copy('one-page.db', 'copy.db')).toMatchObject({ pages: 1, tables: [] });
  });

  test.each([
    ['spaces and quotes', `it's "a" b.db`],
    ['signs of a URI', 'file?mode=memory#a%20b.db'],
    ['Japanese', '履歴データ.db'],
    ['a space at its end', 'trailing .db '],
    ['bytes that are not UTF-8', decodePath(Buffer.from([0x68, 0xe9, 0xff, 0x2e, 0x64, 0x62]))],
  ])('may have a name with %s, also its copy', async (_, name) => {
    renameSync(folder.file('a.db'), pathToBytes(folder.file(name)));
    await copy(name, `${name}-copy`);
    const bytes = readFileSync(pathToBytes(folder.file(`${name}-copy`)));
    expect(bytes.subarray(100).equals(readFileSync(pathToBytes(folder.file(name))).subarray(100))).toBe(true);
    expect(folder.names()).toHaveLength(2);
  });

  test('may be reached through a link', async () => {
    symlinkSync('a.db', folder.file('link.db'));
    expect(await copy('link.db', 'copy.db')).toMatchObject({ tables: ['note'] });
    expect(folder.names()).toEqual(['a.db', 'copy.db', 'link.db']);
  });
});

test('what is only in the log of a database whose name is not UTF-8 is copied too', async () => {
  const name = decodePath(Buffer.from([0xe9, 0x2e, 0x64, 0x62]));
  // The connection stays open while the files are renamed under it, so that the log is not folded into the database.
  withDatabase(folder.file('a.db'), (database) => {
    database.exec('PRAGMA journal_mode = wal; CREATE TABLE a (b); INSERT INTO a VALUES (42)');
    for (const suffix of ['', '-wal', '-shm']) {
      renameSync(folder.file(`a.db${suffix}`), pathToBytes(folder.file(`${name}${suffix}`)));
    }
  });
  expect(existsSync(pathToBytes(folder.file(`${name}-wal`)))).toBe(true);
  await copy(name, 'copy.db');
  expect(withDatabase(folder.file('copy.db'), (database) => database.prepare('SELECT b FROM a').pluck().get())).toBe(
    42,
  );
});

test('tables that need functions of their application are copied, and named as not checked', async () => {
  withDatabase(folder.file('a.db'), (database) => {
    database.function('shout', { deterministic: true }, (text) => `${String(text)}!`);
    database.exec(
      'CREATE TABLE word (w); CREATE INDEX loud ON word (shout(w)); INSERT INTO word VALUES (1); CREATE TABLE fine (a)',
    );
  });
  expect(await copy('a.db', 'copy.db')).toMatchObject({ tables: ['word', 'fine'], unchecked: ['word'] });
});

describe('what is not a whole database is refused, and leaves no copy', () => {
  const refused = async (code: string, problem: RegExp): Promise<void> => {
    const attempt = copy('a.db', 'copy.db');
    await expect(attempt).rejects.toMatchObject({ code, params: { problem: expect.stringMatching(problem) } });
    expect(folder.names()).toEqual(['a.db']);
  };

  test('a page of it is overwritten', async () => {
    makeDatabase(folder.file('a.db'));
    const fd = openSync(folder.file('a.db'), 'r+');
    writeSync(fd, randomBytes(4096), 0, 4096, 20 * 4096);
    closeSync(fd);
    await refused('DATABASE_CORRUPT', /malformed|Tree \d+/);
  });

  test('it is cut short', async () => {
    makeDatabase(folder.file('a.db'));
    writeFileSync(folder.file('a.db'), readFileSync(folder.file('a.db')).subarray(0, 20 * 4096 + 17));
    await refused('DATABASE_CORRUPT', /malformed/);
  });

  test('it is noise', async () => {
    writeFileSync(folder.file('a.db'), randomBytes(8192));
    await refused('DATABASE_CORRUPT', /not a database/);
  });

  test('it is empty', async () => {
    writeFileSync(folder.file('a.db'), '');
    await refused('DATABASE_CORRUPT', /empty/);
  });
});

test('a source that is not there is told from one that cannot be copied', async () => {
  await expect(copy('missing.db', 'copy.db')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a database that was cut to nothing is corrupt, and keeps its log: SQLite would remove it', async () => {
  makeDatabase(folder.file('a.db'), 'PRAGMA journal_mode = wal');
  writeFileSync(folder.file('a.db'), '');
  writeFileSync(folder.file('a.db-wal'), 'log');
  await expect(copy('a.db', 'copy.db')).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
  expect(folder.names()).toEqual(['a.db', 'a.db-wal']);
});

test('a file at the destination is never touched', async () => {
  makeDatabase(folder.file('a.db'));
  writeFileSync(folder.file('copy.db'), 'precious');
  await expect(copy('a.db', 'copy.db')).rejects.toMatchObject({ code: 'DATABASE_COPY_FAILED' });
  expect(readFileSync(folder.file('copy.db'), 'utf8')).toBe('precious');
});

test('an interrupted copy leaves nothing', async () => {
  makeDatabase(folder.file('a.db'), 'PRAGMA journal_mode = wal');
  const controller = new AbortController();
  const attempt = copySqlite({
    source: folder.file('a.db'),
    destination: folder.file('copy.db'),
    ...patience(),
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(attempt).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(folder.names()).toEqual(['a.db']);
});

test('the copy tells how far it is', async () => {
  makeDatabase(folder.file('a.db'));
  const seen: number[] = [];
  await copySqlite({
    source: folder.file('a.db'),
    destination: folder.file('copy.db'),
    ...patience(),
    onProgress: (bytes, totalBytes) => seen.push(bytes / totalBytes),
  });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every((part) => part >= 0 && part <= 1)).toBe(true);
  expect(seen.at(-1)).toBe(1);
});

test('a read-only database file is copied', async () => {
  makeDatabase(folder.file('a.db'));
  chmodSync(folder.file('a.db'), 0o400);
  expect(await copy('a.db', 'copy.db')).toMatchObject({ tables: ['note'] });
});
