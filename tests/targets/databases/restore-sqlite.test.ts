import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { startWriter, type Writer } from '../../support/start-writer.ts';
import type { WriterOptions } from '../../support/sqlite-writer.ts';
import { copySqlite, restoreSqlite, type SqliteRestoreProof } from '../../../lib/targets/databases/sqlite-driver.ts';
import { restoreJob } from '../../../lib/targets/databases/restore-job.ts';
import type { SqliteReply } from '../../../lib/targets/databases/sqlite-job.ts';
import { readSqliteHeader } from '../../../lib/targets/databases/sqlite-header.ts';
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

const restore = (timeoutMs?: number): Promise<SqliteRestoreProof> =>
  restoreSqlite({ staged: folder.file('staged.db'), live: folder.file('live.db'), ...patience(timeoutMs) });

const query = (sql: string): unknown =>
  withDatabase(folder.file('live.db'), (database) => database.prepare(sql).pluck().get());

describe.each(['delete', 'wal'] as const)('into a database in %s mode', (journalMode) => {
  const start = async (work: WriterOptions['work']): Promise<Writer> =>
    (writer = await startWriter({ path: folder.file('live.db'), journalMode, work }));

  /** Stages what the live database is now, under the name of a generation, and lets the live one go on from there. */
  const stage = async (): Promise<void> => {
    await copySqlite({ source: folder.file('live.db'), destination: folder.file('staged.db'), ...patience() });
    withDatabase(folder.file('staged.db'), (database) => {
      database.exec("UPDATE generation SET name = 'restored'");
      database.pragma('journal_mode = delete');
      database.pragma(`journal_mode = ${journalMode}`);
    });
  };

  test('at rest: the content is the staged one to the byte, and no log stays', async () => {
    makeDatabase(folder.file('staged.db'), `PRAGMA journal_mode = ${journalMode}`);
    makeDatabase(
      folder.file('live.db'),
      `PRAGMA journal_mode = ${journalMode}; CREATE TABLE other (a); PRAGMA user_version = 3`,
    );
    const inode = statSync(folder.file('live.db')).ino;
    expect((await restore()).isIdentical).toBe(true);
    expect(folder.names()).toEqual(['live.db', 'staged.db']);
    expect(
      readFileSync(folder.file('live.db'))
        .subarray(100)
        .equals(readFileSync(folder.file('staged.db')).subarray(100)),
    ).toBe(true);
    expect(statSync(folder.file('live.db')).ino).toBe(inode);
    expect(query('PRAGMA user_version')).toBe(0);
    expect(query('PRAGMA journal_mode')).toBe(journalMode);
  });

  test('a larger one becomes small, a smaller one large', async () => {
    makeDatabase(folder.file('staged.db'), `PRAGMA journal_mode = ${journalMode}`);
    withDatabase(folder.file('live.db'), (database) =>
      database.exec(`PRAGMA journal_mode = ${journalMode}; CREATE TABLE a (b)`),
    );
    expect((await restore()).isIdentical).toBe(true);
    withDatabase(folder.file('staged.db'), (database) => database.exec('DROP TABLE note; VACUUM'));
    expect(await restore()).toEqual({ pages: 1, isIdentical: true });
  });

  test('an application that reads and writes all the time sees the old content, then the new, and never a mixture', async () => {
    const application = await start('watch');
    await stage();
    const { pages } = await restore();
    expect(pages).toBeGreaterThan(0);
    const report = await application.stop();
    writer = undefined;
    expect(report.violations).toEqual([]);
    expect(report.generations).toEqual(['first', 'restored']);
    expect(query('SELECT name FROM generation')).toBe('restored');
    expect(invariantOf(folder.file('live.db')).isHeld).toBe(true);
  });

  test('a connection that is open but quiet does not bring back what it has cached', async () => {
    const application = await start('open');
    await stage();
    expect((await restore()).isIdentical).toBe(true);
    await application.stop();
    writer = undefined;
    expect(query('SELECT name FROM generation')).toBe('restored');
    expect(folder.names()).toEqual(['live.db', 'staged.db']);
  });

  test('a lock that stays is an error, and the old content is there', async () => {
    await (await start('open')).stop();
    await stage();
    const application = await start('lock');
    await expect(restore(600)).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      params: { database: folder.file('live.db') },
    });
    await application.stop();
    writer = undefined;
    expect(query('SELECT name FROM generation')).toBe('first');
  });

  test('a lock that goes is waited for', async () => {
    await (await start('open')).stop();
    await stage();
    const application = await start('lock');
    const attempt = restore();
    await application.stop();
    writer = undefined;
    expect((await attempt).isIdentical).toBe(true);
    expect(query('SELECT name FROM generation')).toBe('restored');
  });

  test('what a killed writer left half-done is gone with the rest of the old content', async () => {
    await (await start('open')).stop();
    await stage();
    await (await start('unfinished')).kill();
    writer = undefined;
    expect((await restore()).isIdentical).toBe(true);
    expect(folder.names()).toEqual(['live.db', 'staged.db']);
    expect(invariantOf(folder.file('live.db'))).toEqual({ isHeld: true, count: 1 });
  });

  test('a restore that is stopped half-way leaves the old content', async () => {
    withDatabase(folder.file('staged.db'), (database) => database.exec('CREATE TABLE a AS SELECT zeroblob(40000000)'));
    withDatabase(folder.file('live.db'), (database) =>
      database.exec(`PRAGMA journal_mode = ${journalMode}; CREATE TABLE old (a)`),
    );
    let bytes = 0;
    const context = {
      isAborted: () => bytes > 0,
      report: (reply: SqliteReply) => {
        if (typeof reply === 'object' && 'bytes' in reply) bytes = reply.bytes;
      },
    };
    const attempt = restoreJob({ staged: folder.file('staged.db'), live: folder.file('live.db') }, context);
    await expect(attempt).rejects.toMatchObject({ reason: 'aborted' });
    expect(bytes).toBeGreaterThan(16_000_000);
    expect(query('SELECT group_concat(name) FROM sqlite_schema')).toBe('old');
    expect(query('PRAGMA integrity_check')).toBe('ok');
    expect(folder.names()).toEqual(['live.db', 'staged.db']);
  });

  test('a restore that is stopped while it waits for a lock ends at once', async () => {
    await (await start('open')).stop();
    await stage();
    await start('lock');
    const controller = new AbortController();
    const attempt = restoreSqlite({
      staged: folder.file('staged.db'),
      live: folder.file('live.db'),
      ...patience(),
      signal: controller.signal,
    });
    controller.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

test.each([
  ['wal', 'delete'],
  ['delete', 'wal'],
])('a %s-mode backup goes into a database in %s mode that is open', async (stagedMode, liveMode) => {
  makeDatabase(folder.file('staged.db'), `PRAGMA journal_mode = ${stagedMode}`);
  writer = await startWriter({ path: folder.file('live.db'), journalMode: liveMode as 'wal' | 'delete', work: 'open' });
  expect((await restore()).isIdentical).toBe(true);
  await writer.stop();
  writer = undefined;
  expect(query('SELECT count(*) FROM note')).toBe(3_000);
  expect(folder.names()).toEqual(['live.db', 'staged.db']);
});

describe('another page size', () => {
  test('is taken over outside WAL mode', async () => {
    makeDatabase(folder.file('staged.db'), 'PRAGMA page_size = 1024');
    makeDatabase(folder.file('live.db'));
    expect((await restore()).isIdentical).toBe(true);
    expect(readSqliteHeader(folder.file('live.db'))).toMatchObject({ pageSize: 1024 });
    expect(query('PRAGMA integrity_check')).toBe('ok');
  });

  test('is an error in WAL mode that says so, and nothing changes', async () => {
    makeDatabase(folder.file('staged.db'), 'PRAGMA page_size = 1024');
    makeDatabase(folder.file('live.db'), 'PRAGMA journal_mode = wal');
    const before = readFileSync(folder.file('live.db'));
    await expect(restore()).rejects.toMatchObject({
      code: 'DATABASE_COPY_FAILED',
      params: { problem: expect.stringMatching(/WAL mode with pages of 4096 bytes.*1024/) },
    });
    expect(readFileSync(folder.file('live.db')).equals(before)).toBe(true);
  });
});

describe('a live file that is no database', () => {
  test.each([
    ['noise', randomBytes(8192)],
    ['a header and then noise', Buffer.concat([Buffer.from('SQLite format 3\0'), randomBytes(8176)])],
  ])('%s: the error says that it is the live one that is corrupt, and nothing changes', async (_, bytes) => {
    makeDatabase(folder.file('staged.db'));
    writeFileSync(folder.file('live.db'), bytes);
    await expect(restore()).rejects.toMatchObject({
      code: 'DATABASE_CORRUPT',
      params: { database: folder.file('live.db') },
    });
    expect(readFileSync(folder.file('live.db')).equals(bytes)).toBe(true);
  });

  test('an empty one is an empty database, and is filled', async () => {
    makeDatabase(folder.file('staged.db'));
    writeFileSync(folder.file('live.db'), '');
    expect((await restore()).isIdentical).toBe(true);
  });

  test('one that is not there is told apart', async () => {
    makeDatabase(folder.file('staged.db'));
    await expect(restore()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a staged copy that is damaged does not make the live one corrupt', async () => {
    writeFileSync(folder.file('staged.db'), randomBytes(8192));
    makeDatabase(folder.file('live.db'));
    await expect(restore()).rejects.toMatchObject({ code: 'DATABASE_COPY_FAILED' });
  });
});

test('a database that is damaged inside gets the whole content of the backup', async () => {
  makeDatabase(folder.file('staged.db'));
  makeDatabase(folder.file('live.db'));
  const bytes = readFileSync(folder.file('live.db'));
  randomBytes(4096).copy(bytes, 8 * 4096);
  writeFileSync(folder.file('live.db'), bytes);
  expect((await restore()).isIdentical).toBe(true);
  expect(query('PRAGMA integrity_check')).toBe('ok');
});
