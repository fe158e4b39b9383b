import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import {
  isSqliteCompanion,
  mayBeSqlite,
  readSqliteHeader,
  sqliteCompanions,
} from '../../../lib/targets/databases/sqlite-header.ts';
import { SqliteFolder, withDatabase } from './sqlite-folder.ts';

let folder: SqliteFolder;
beforeEach(() => {
  folder = new SqliteFolder();
});
afterEach(() => folder.remove());

describe('a database is known by its header', () => {
  test('whatever its name is, and with what the application wrote into it', () => {
    const path = folder.file('no ending at all');
    withDatabase(path, (database) => {
      database.exec(
        'PRAGMA page_size = 8192; PRAGMA user_version = -7; PRAGMA application_id = 1234; CREATE TABLE a (b)',
      );
    });
    expect(readSqliteHeader(path)).toMatchObject({
      pageSize: 8192,
      pages: 2,
      userVersion: -7,
      applicationId: 1234,
      isWal: false,
      schemaCookie: 1,
    });
  });

  test('the largest page size, which does not fit in its field, and WAL mode', () => {
    const path = folder.file('a.db');
    withDatabase(path, (database) =>
      database.exec('PRAGMA page_size = 65536; PRAGMA journal_mode = wal; CREATE TABLE a (b)'),
    );
    expect(readSqliteHeader(path)).toMatchObject({ pageSize: 65_536, isWal: true });
  });

  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['a text', Buffer.from('hello')],
    ['noise, such as an encrypted database', randomBytes(8192)],
    ['the first words of a header and no more', Buffer.from('SQLite format 3\0')],
  ])('%s is none', (_, bytes) => {
    writeFileSync(folder.file('a.db'), bytes);
    expect(readSqliteHeader(folder.file('a.db'))).toBeUndefined();
  });

  test('a file that cannot be read is not taken for another kind of file', () => {
    expect(() => readSqliteHeader(folder.file('missing'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

test('only files that can be databases are worth opening', () => {
  expect(mayBeSqlite('history', 4096)).toBe(true);
  expect(mayBeSqlite('history', 4097)).toBe(false);
  expect(mayBeSqlite('cut-short.SQLite3', 4097)).toBe(true);
  expect(mayBeSqlite('empty.db', 0)).toBe(false);
});

test('companions are named after their database', () => {
  expect(sqliteCompanions('/a/b.db')).toEqual({
    wal: '/a/b.db-wal',
    sharedMemory: '/a/b.db-shm',
    journal: '/a/b.db-journal',
  });
  expect(['b.db-wal', 'b.db-shm', 'b.db-journal'].map(isSqliteCompanion)).toEqual(['b.db', 'b.db', 'b.db']);
  expect(['b.db', '-wal', 'b-wal.txt'].map(isSqliteCompanion)).toEqual([undefined, undefined, undefined]);
});
