import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { startWriter, type Writer } from '../../support/start-writer.ts';
import { backUpPages } from '../../../lib/targets/databases/back-up-pages.ts';
import { copySqlite } from '../../../lib/targets/databases/sqlite-driver.ts';
import { numberOf } from '../../../lib/targets/databases/sqlite-shape.ts';
import { invariantOf, makeDatabase, patience, SqliteFolder, withDatabase } from './sqlite-folder.ts';

let folder: SqliteFolder;
let writer: Writer | undefined;
beforeEach(() => {
  folder = new SqliteFolder();
});
afterEach(async () => {
  await writer?.kill();
  writer = undefined;
  folder.remove();
});

describe.each(['delete', 'wal'] as const)('while an application uses it in %s mode', (journalMode) => {
  const start = async (work: 'steady' | 'lock' | 'unfinished' | 'open'): Promise<Writer> =>
    (writer = await startWriter({ path: folder.file('live.db'), journalMode, work }));
  const copy = (name: string, timeoutMs?: number) =>
    copySqlite({ source: folder.file('live.db'), destination: folder.file(name), ...patience(timeoutMs) });

  test('every one of twenty copies is the database of one moment', async () => {
    const application = await start('steady');
    const counts: number[] = [];
    for (let times = 0; times < 20; times += 1) {
      await copy(`copy-${times}.db`);
      const seen = invariantOf(folder.file(`copy-${times}.db`));
      expect(seen.isHeld).toBe(true);
      counts.push(seen.count);
    }
    const report = await application.stop();
    writer = undefined;
    expect(report.commits).toBeGreaterThan(0);
    // It did write all the time, and was not stopped by the copies.
    expect(new Set(counts).size).toBeGreaterThan(1);
    expect(invariantOf(folder.file('live.db')).isHeld).toBe(true);
  });

  test('a lock that stays is an error that names the database, and leaves no copy', async () => {
    await start('lock');
    await expect(copy('copy.db', 600)).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      params: { database: folder.file('live.db') },
    });
    expect(existsSync(folder.file('copy.db'))).toBe(false);
  });

  test('a lock that goes is waited for', async () => {
    const application = await start('lock');
    const attempt = copy('copy.db');
    await application.stop();
    writer = undefined;
    expect(await attempt).toMatchObject({ tables: ['movement', 'total', 'generation'] });
    expect(invariantOf(folder.file('copy.db'))).toEqual({ isHeld: true, count: 0 });
  });

  test('a killed writer leaves what it had committed, and not what it was about to', async () => {
    const application = await start('unfinished');
    await application.kill();
    writer = undefined;
    expect(existsSync(folder.file(journalMode === 'wal' ? 'live.db-wal' : 'live.db-journal'))).toBe(true);
    await copy('copy.db');
    expect(invariantOf(folder.file('copy.db'))).toEqual({ isHeld: true, count: 450 });
    expect(invariantOf(folder.file('live.db')).isHeld).toBe(true);
  });

  test('its companions stay with it, and the copy has none', async () => {
    await start('open');
    const before = folder.names();
    await copy('copy.db');
    expect(folder.names()).toEqual(['copy.db', ...before].sort());
    expect(invariantOf(folder.file('copy.db'))).toEqual({ isHeld: true, count: 1 });
  });
});

test('a backup from or into a locked database resolves without a page: that is not believed', async () => {
  makeDatabase(folder.file('a.db'));
  makeDatabase(folder.file('live.db'));
  writer = await startWriter({ path: folder.file('live.db'), journalMode: 'delete', work: 'lock' });
  const progress = { isAborted: () => false, report: () => {} };
  for (const [from, to] of [
    ['a.db', 'live.db'],
    ['live.db', 'new.db'],
  ] as const) {
    const database = new Database(folder.file(from), { readonly: true, timeout: 0 });
    const trap = await database.backup(folder.file(to));
    // What better-sqlite3 says of a backup that did nothing. If this changes, so may the code around it.
    expect(trap).toEqual({ totalPages: 0, remainingPages: 0 });
    expect(await backUpPages(database, folder.file(to), { pageSize: 4096, pages: 100 }, progress)).toBe(false);
    database.close();
  }
});

test('a read transaction that is held does not restart or stop a copy in WAL mode', async () => {
  writer = await startWriter({ path: folder.file('live.db'), journalMode: 'wal', work: 'steady' });
  const reader = new Database(folder.file('live.db'), { readonly: true });
  reader.exec('BEGIN');
  const pages = numberOf(reader, 'page_count');
  const count = reader.prepare('SELECT count FROM total').pluck().get();
  const steps: number[] = [];
  await reader.backup(folder.file('copy.db'), {
    progress: ({ totalPages, remainingPages }) => {
      expect(totalPages).toBe(pages);
      steps.push(remainingPages);
      return 1;
    },
  });
  reader.close();
  expect(steps).toEqual([...steps].sort((a, b) => b - a));
  expect(
    withDatabase(folder.file('copy.db'), (database) => database.prepare('SELECT count FROM total').pluck().get()),
  ).toBe(count);
});
