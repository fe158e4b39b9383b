import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { ChainRoom } from '../support/chain-room.ts';

let room: ChainRoom;
const open: Database.Database[] = [];

beforeEach(() => {
  room = new ChainRoom();
  room.write('config/app.json', '{}');
});
afterEach(() => {
  for (const database of open.splice(0)) database.close();
  room.remove();
});

/** A database of some four megabytes. */
function makeDatabase(journal: 'wal' | 'delete' | 'truncate' | 'persist', pageSize = 4096): Database.Database {
  const database = new Database(room.path('app.db'));
  open.push(database);
  database.pragma(`page_size = ${pageSize}`);
  database.pragma(`journal_mode = ${journal}`);
  database.pragma('wal_autocheckpoint = 0');
  database.exec('CREATE TABLE fact (id INTEGER PRIMARY KEY, name TEXT, filling BLOB)');
  const insert = database.prepare("INSERT INTO fact (name, filling) VALUES ('first', randomblob(900))");
  database.transaction(() => {
    for (let row = 0; row < 4000; row += 1) insert.run();
  })();
  return database;
}

function close(database: Database.Database): void {
  open.splice(open.indexOf(database), 1);
  database.close();
}

/** What the database says, row by row. */
function dump(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    // Hashed: comparing megabytes of rows value by value takes its time.
    const digest = createHash('sha256');
    const rows = database.prepare<[], string>("SELECT id || ' ' || name || ' ' || hex(filling) FROM fact ORDER BY id");
    for (const row of rows.pluck().iterate()) digest.update(row);
    return [database.pragma('integrity_check', { simple: true }), digest.digest('hex')];
  } finally {
    database.close();
  }
}

async function expectWhole(made: CreateResult): Promise<void> {
  const expected = dump(room.path('app.db'));
  expect(dump(`${await room.restore(made.id)}/app.db`)).toEqual(expected);
  expect(await room.verify(made.id)).toMatchObject({ ok: true });
}

const blocksMember = '.backup/blocks/database/app.db';

describe.each(['wal', 'delete', 'truncate', 'persist'] as const)('a database in journal mode %s', (journal) => {
  test.each([true, false])('to which nothing was committed is taken over; in use: %s', async (isInUse) => {
    const database = makeDatabase(journal);
    if (!isInUse) close(database);
    const full = await room.full();
    const next = await room.incremental();
    // A journal that stays might have to be rolled back: only a copy tells then.
    const isTakenOver = !(journal === 'persist');
    if (isTakenOver)
      expect(room.entries(next).get('database/app.db')).toEqual(room.entries(full).get('database/app.db'));
    expect(room.members(next)).toEqual([]);
    expect(next.storedSize).toBeLessThan(20_000);
    await expectWhole(next);
    // Read backups, and SQLite looking into it, are no commits either.
    dump(room.path('app.db'));
    expect(room.members(await room.incremental())).toEqual([]);
  });

  test('is stored as its changed pages, whether its log is checkpointed or not', async () => {
    const database = makeDatabase(journal);
    await room.full();
    for (let day = 0; day < 3; day += 1) {
      database.prepare('UPDATE fact SET name = ? WHERE id % 1000 = ?').run(`day ${day}`, day);
      database.prepare("INSERT INTO fact (name, filling) VALUES ('new', randomblob(900))").run();
      if (day === 1) database.pragma('wal_checkpoint(TRUNCATE)');
      const next = await room.incremental();
      expect(room.members(next)).toEqual([blocksMember]);
      expect(next.storedSize).toBeLessThan(100_000);
      await expectWhole(next);
    }
  });

  test('is read again after a commit of the same size, also when its program has ended', async () => {
    const database = makeDatabase(journal);
    await room.full();
    database.prepare("UPDATE fact SET name = 'third' WHERE id = 7").run();
    close(database);
    const next = await room.incremental();
    expect(room.members(next)).toEqual([blocksMember]);
    await expectWhole(next);
  });
});

test('VACUUM after half of the rows went stores it whole, and the chain goes on', async () => {
  const database = makeDatabase('delete');
  await room.full();
  database.exec('DELETE FROM fact WHERE id % 2 = 0; VACUUM');
  const vacuumed = await room.incremental();
  expect(room.members(vacuumed)).toEqual(['database/app.db']);
  await expectWhole(vacuumed);
  database.exec("UPDATE fact SET name = 'later' WHERE id = 9");
  const next = await room.incremental();
  expect(room.members(next)).toEqual([blocksMember]);
  await expectWhole(next);
});

test('another page size is another file', async () => {
  const database = makeDatabase('delete');
  await room.full();
  database.exec('PRAGMA page_size = 8192; VACUUM');
  const next = await room.incremental();
  expect(room.members(next)).toEqual(['database/app.db']);
  await expectWhole(next);
});

test.each([512, 1024, 65_536])('pages of %d bytes are its blocks', async (pageSize) => {
  const database = makeDatabase('delete', pageSize);
  await room.full();
  database.exec("UPDATE fact SET name = 'later' WHERE id = 9");
  const next = await room.incremental();
  expect(room.members(next)).toEqual([blocksMember]);
  expect(next.storedSize).toBeLessThan(pageSize * 4 + 20_000);
  await expectWhole(next);
});

test('one that was deleted and made anew is not taken for the old one', async () => {
  close(makeDatabase('wal'));
  await room.full();
  rmSync(room.path('app.db'));
  const database = makeDatabase('wal');
  database.exec("UPDATE fact SET name = 'anew'");
  await expectWhole(await room.incremental());
});

test('what is committed while it is copied, or right after, is the next backup’s', async () => {
  const database = makeDatabase('wal');
  await room.full();
  for (let round = 0; round < 5; round += 1) {
    const write = database.prepare("UPDATE fact SET name = 'round' || ? WHERE id = ?");
    write.run(round, round + 1);
    const making = room.incremental();
    write.run(round, round + 100);
    await making;
  }
  await expectWhole(await room.incremental());
});
