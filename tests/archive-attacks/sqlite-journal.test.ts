import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { openSqlite } from '../../lib/core/open-sqlite.ts';
import { strangeSuperJournal } from '../../lib/core/super-journal.ts';
import { AttackRoom } from '../support/attack-room.ts';

/**
 * A database with a journal that names a "super-journal": SQLite rolls the journal back when the database is opened, and then
 * deletes the file of that name, whatever it is.
 */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
  mkdirSync(room.destination);
});
afterEach(() => room.remove());

const magic = Buffer.from('d9d505f920a163d7', 'hex');
const pageBytes = 4096;

/** A database, and a journal of it that is to be rolled back and names that file. */
function databaseAndJournal(superJournal: string): { database: Buffer; journal: Buffer } {
  const path = room.project.beside('made.db');
  const made = new Database(path);
  made.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('in')");
  made.close();
  const database = readFileSync(path);
  const pages = database.length / pageBytes;
  const header = Buffer.alloc(512);
  magic.copy(header);
  header.writeUInt32BE(0, 8);
  header.writeUInt32BE(0, 12);
  header.writeUInt32BE(pages, 16);
  header.writeUInt32BE(512, 20);
  header.writeUInt32BE(pageBytes, 24);
  const name = Buffer.from(superJournal);
  const trailer = Buffer.alloc(16);
  trailer.writeUInt32BE(name.length, 0);
  trailer.writeUInt32BE(
    name.reduce((sum, byte) => (sum + byte) >>> 0, 0),
    4,
  );
  magic.copy(trailer, 8);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(0x40000000 / pageBytes + 1);
  return { database, journal: Buffer.concat([header, number, name, trailer]) };
}

test('SQLite by itself does that', () => {
  const victim = join(room.outside, 'theirs');
  const { database, journal } = databaseAndJournal(victim);
  writeFileSync(room.project.beside('x.db'), database);
  writeFileSync(room.project.beside('x.db-journal'), journal);
  const opened = new Database(room.project.beside('x.db'));
  opened.prepare('SELECT * FROM t').all();
  opened.close();
  expect(existsSync(victim)).toBe(false);
});

describe('the toolkit', () => {
  test.each(['tar', 'zip'] as const)('does not open such a database of a %s', async (kind) => {
    const { database, journal } = databaseAndJournal(join(room.outside, 'theirs'));
    const parts = [
      { name: 'data/app.db', content: database },
      { name: 'data/app.db-journal', content: journal },
    ];
    const file = kind === 'tar' ? room.tar(...parts) : room.zip(...parts);
    const before = room.around();
    const restored = await room.restore(file);
    expect([restored.code, restored.stderr]).toEqual([4, expect.stringContaining('SQLite did not make')]);
    room.expectUntouched(before);
  });

  test('does not open one that lies in the project', async () => {
    const { database, journal } = databaseAndJournal(join(room.outside, 'theirs'));
    room.project.write('data/app.db', database);
    room.project.write('data/app.db-journal', journal);
    const before = room.around();
    const created = await room.project.tool('create', '--json');
    expect(JSON.stringify(created.json<{ warnings: unknown[] }>().warnings)).toContain('SQLite did not make');
    room.expectUntouched(before);
  });

  test('opens a database whose journal names what SQLite calls its own', () => {
    const own = `${room.project.beside('y.db')}-mj0123AB9CD`;
    const { database, journal } = databaseAndJournal(own);
    const path = room.project.beside('y.db');
    writeFileSync(path, database);
    writeFileSync(`${path}-journal`, journal);
    expect(strangeSuperJournal(`${path}-journal`)).toBeUndefined();
    const opened = openSqlite(path);
    expect(opened.prepare('SELECT x FROM t').pluck().all()).toEqual(['in']);
    opened.close();
  });

  test('is not misled by journals of other kinds', () => {
    const path = room.project.beside('journal');
    for (const bytes of [Buffer.alloc(0), magic, Buffer.alloc(600), Buffer.concat([Buffer.alloc(8), magic])]) {
      writeFileSync(path, bytes);
      expect(strangeSuperJournal(path)).toBeUndefined();
    }
    expect(strangeSuperJournal(room.project.beside('none'))).toBeUndefined();
  });
});
