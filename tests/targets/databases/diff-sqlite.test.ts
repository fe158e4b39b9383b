import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { copyFileSync, writeFileSync } from 'node:fs';
import { diffSqlite, type SqliteDifferences } from '../../../lib/targets/databases/sqlite-driver.ts';
import { makeDatabase, SqliteFolder, withDatabase } from './sqlite-folder.ts';

let folder: SqliteFolder;
beforeEach(() => {
  folder = new SqliteFolder();
  makeDatabase(folder.file('before.db'), 'CREATE TABLE total (amount); INSERT INTO total VALUES (1)');
  copyFileSync(folder.file('before.db'), folder.file('after.db'));
});
afterEach(() => folder.remove());

const change = (sql: string): unknown => withDatabase(folder.file('after.db'), (database) => database.exec(sql));

const differences = (): Promise<SqliteDifferences> =>
  diffSqlite(folder.file('before.db'), folder.file('after.db'), new AbortController().signal);

test('nothing differs between a database and its copy', async () => {
  expect(await differences()).toEqual({ added: [], removed: [], tables: [], schemaChanged: [], bytes: 0 });
  expect(folder.names()).toEqual(['after.db', 'before.db']);
});

test('tables that came and went are told with their rows, and their indexes with them', async () => {
  change(
    'CREATE TABLE fresh (x UNIQUE, y); CREATE INDEX by_y ON fresh (y); INSERT INTO fresh VALUES (1, 1), (2, 2); DROP TABLE note',
  );
  expect(await differences()).toMatchObject({
    added: [{ name: 'fresh', rows: 2 }],
    removed: [{ name: 'note', rows: 3_000 }],
    tables: [],
    schemaChanged: [],
  });
});

test('rows that were added, and rows that were only changed', async () => {
  change("INSERT INTO total VALUES (2), (3); UPDATE note SET text = 'n' || substr(text, 2, 3) || 'x' WHERE id = 5");
  const { tables, bytes = 0 } = await differences();
  expect(tables).toEqual([
    { name: 'total', rowsBefore: 1, rowsAfter: 3, pages: 1 },
    { name: 'note', rowsBefore: 3_000, rowsAfter: 3_000, pages: expect.any(Number) },
  ]);
  expect(tables[1]?.pages).toBeGreaterThan(0);
  expect(tables[1]?.pages).toBeLessThan(6);
  expect(bytes % 4096).toBe(0);
  expect(bytes).toBeLessThan(10 * 4096);
});

test('definitions that came, went and changed', async () => {
  change(`ALTER TABLE total ADD COLUMN currency; DROP INDEX by_text; CREATE VIEW seen AS SELECT 1;
    CREATE TRIGGER watch AFTER INSERT ON total BEGIN SELECT 1; END`);
  const { schemaChanged, added, removed, tables } = await differences();
  expect({ added, removed, tables: tables.map((one) => one.name) }).toEqual({ added: [], removed: [], tables: [] });
  expect(schemaChanged).toEqual([
    {
      type: 'table',
      name: 'total',
      before: 'CREATE TABLE total (amount)',
      after: 'CREATE TABLE total (amount, currency)',
    },
    { type: 'view', name: 'seen', after: 'CREATE VIEW seen AS SELECT 1' },
    { type: 'trigger', name: 'watch', after: expect.stringContaining('CREATE TRIGGER watch') },
    { type: 'index', name: 'by_text', before: 'CREATE INDEX by_text ON note (text)' },
  ]);
});

test('with pages of another size, rows still tell', async () => {
  change('PRAGMA page_size = 8192; VACUUM; DELETE FROM note WHERE id > 10');
  expect(await differences()).toEqual({
    added: [],
    removed: [],
    tables: [{ name: 'note', rowsBefore: 3_000, rowsAfter: 10 }],
    schemaChanged: [],
  });
});

test('a database in WAL mode, with names that have to be quoted', async () => {
  change('PRAGMA journal_mode = wal; CREATE TABLE "a ""b"" c" (x); INSERT INTO "a ""b"" c" VALUES (1)');
  expect((await differences()).added).toEqual([{ name: 'a "b" c', rows: 1 }]);
  expect(folder.names()).toEqual(['after.db', 'before.db']);
});

test('a table whose module only its application has is told without rows', async () => {
  withDatabase(folder.file('after.db'), (database) => {
    database.unsafeMode();
    database.exec(`PRAGMA writable_schema = on; INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
      VALUES ('table', 'own', 'own', 0, 'CREATE VIRTUAL TABLE own USING application_module()')`);
  });
  expect((await differences()).added).toEqual([{ name: 'own' }]);
});

test('what is no database is an error', async () => {
  writeFileSync(folder.file('after.db'), 'x'.repeat(5_000));
  await expect(differences()).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
});
