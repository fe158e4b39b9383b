import { afterEach, beforeEach, describe as group, expect, test } from '@jest/globals';
import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { haveSamePages } from '../../../lib/targets/databases/compare-pages.ts';
import { checkSqlite, describeSqlite } from '../../../lib/targets/databases/sqlite-driver.ts';
import { makeDatabase, SqliteFolder, withDatabase } from './sqlite-folder.ts';

let folder: SqliteFolder;
beforeEach(() => {
  folder = new SqliteFolder();
});
afterEach(() => folder.remove());

group.each(['delete', 'wal'])('a database in %s mode', (mode) => {
  beforeEach(() => makeDatabase(folder.file('a.db'), `PRAGMA journal_mode = ${mode}`));

  test('is checked without a trace', async () => {
    const bytes = readFileSync(folder.file('a.db'));
    const changedAt = statSync(folder.file('a.db'), { bigint: true }).mtimeNs;
    expect(await checkSqlite(folder.file('a.db'))).toEqual({ isWhole: true, problems: [], unchecked: [] });
    expect(readFileSync(folder.file('a.db')).equals(bytes)).toBe(true);
    expect(statSync(folder.file('a.db'), { bigint: true }).mtimeNs).toBe(changedAt);
    expect(folder.names()).toEqual(['a.db']);
  });

  test('with an index that misses a row is not whole, and every problem is told', async () => {
    withDatabase(folder.file('a.db'), (database) => {
      // What the index would say of this row is not written.
      database.unsafeMode();
      database.exec('PRAGMA writable_schema = on');
      database.exec("DELETE FROM sqlite_schema WHERE name = 'by_text'");
    });
    const told: string[] = [];
    const check = await checkSqlite(folder.file('a.db'), { onProblem: (problem) => told.push(problem) });
    expect(check.isWhole).toBe(false);
    expect(told).toEqual(check.problems);
    expect(told.length).toBeGreaterThan(0);
  });

  test('is described with its tables and their rows', async () => {
    const { tables, pageSize } = await describeSqlite(folder.file('a.db'), { isCounted: true });
    expect({ tables, pageSize }).toEqual({ tables: [{ name: 'note', rows: 3_000 }], pageSize: 4096 });
    expect((await describeSqlite(folder.file('a.db'))).tables).toEqual([{ name: 'note' }]);
    expect(folder.names()).toEqual(['a.db']);
  });
});

test('what is no database is not whole', async () => {
  writeFileSync(folder.file('a.db'), 'x'.repeat(5_000));
  expect(await checkSqlite(folder.file('a.db'))).toMatchObject({
    isWhole: false,
    problems: [expect.stringMatching(/not a database/)],
  });
  await expect(describeSqlite(folder.file('a.db'))).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
});

test('a check that is interrupted leaves nothing beside the database', async () => {
  withDatabase(folder.file('a.db'), (database) => {
    database.exec(`PRAGMA journal_mode = wal; PRAGMA synchronous = off; CREATE TABLE n (a, b); CREATE INDEX x ON n (a); CREATE INDEX y ON n (b);
      WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 300000) INSERT INTO n SELECT i, -i FROM c`);
  });
  const controller = new AbortController();
  const attempt = checkSqlite(folder.file('a.db'), { signal: controller.signal });
  controller.abort();
  await expect(attempt).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(folder.names()).toEqual(['a.db']);
  expect((await checkSqlite(folder.file('a.db'))).isWhole).toBe(true);
});

group('two database files have the same pages', () => {
  beforeEach(() => {
    makeDatabase(folder.file('a.db'));
    writeFileSync(folder.file('b.db'), readFileSync(folder.file('a.db')));
  });

  const overwrite = (at: number): void => {
    const fd = openSync(folder.file('b.db'), 'r+');
    writeSync(fd, Buffer.from([0xee]), 0, 1, at);
    closeSync(fd);
  };

  test.each([18, 27, 43, 95, 99])('also when byte %d of their headers tells of another history', (at) => {
    overwrite(at);
    expect(haveSamePages(folder.file('a.db'), folder.file('b.db'))).toBe(true);
  });

  test.each([17, 63, 100, 4096, 300_000])('but not when byte %d differs', (at) => {
    overwrite(at);
    expect(haveSamePages(folder.file('a.db'), folder.file('b.db'))).toBe(false);
  });

  test('nor when one is longer', () => {
    writeFileSync(folder.file('b.db'), Buffer.alloc(4096), { flag: 'a' });
    expect(haveSamePages(folder.file('a.db'), folder.file('b.db'))).toBe(false);
  });
});
