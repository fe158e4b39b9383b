/** Large files that changed in place are stored as their changed blocks, and come back byte by byte. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { ChainManifest } from '../support/chain-manifest.ts';
import { restoredContent } from '../support/history-databases.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import { seededBytes } from '../support/seeded-bytes.ts';

const MiB = 1 << 20;
const blockBytes = 16_384;

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.settings({ targets: { config: false, logs: false, agents: false, security: false } });
});

afterEach(() => project.remove());

const backUp = (...options: string[]): Promise<Created> => project.done<Created>('create', ...options);

async function restore(id: string, use: (folder: string) => void): Promise<void> {
  const to = project.beside('restored');
  await project.done('restore', id, '--to', to, '--yes');
  use(to);
  rmSync(to, { recursive: true });
}

type Change = (bytes: Buffer) => Buffer;

const overwrite =
  (from: number, to: number): Change =>
  (bytes) => {
    const changed = Buffer.from(bytes);
    // Each byte differs.
    for (let at = from; at < to; at += 1) changed[at] = bytes[at]! ^ 0x55;
    return changed;
  };
const append =
  (length: number): Change =>
  (bytes) =>
    Buffer.concat([bytes, seededBytes(bytes.length + length, length)]);
const cutTo =
  (length: number): Change =>
  (bytes) =>
    bytes.subarray(0, length);
const both =
  (first: Change, second: Change): Change =>
  (bytes) =>
    second(first(bytes));

/** A border between two blocks, in the midst of every file. */
const border = 20 * blockBytes;
const changesOf = (size: number): Record<string, Change> => ({
  nothing: (bytes) => bytes,
  'the first byte': overwrite(0, 1),
  'the first block': overwrite(0, blockBytes),
  'the byte before a border': overwrite(border - 1, border),
  'the byte behind a border': overwrite(border, border + 1),
  'the bytes on both sides of a border': overwrite(border - 1, border + 1),
  'one block': overwrite(border, border + blockBytes),
  'one block and the bytes beside it': overwrite(border - 1, border + blockBytes + 1),
  'every other block of some': both(
    overwrite(border, border + 1),
    both(overwrite(border + 2 * blockBytes, border + 2 * blockBytes + 1), overwrite(border + 65_536, border + 65_537)),
  ),
  'the last byte': overwrite(size - 1, size),
  'half of the blocks': overwrite(0, Math.floor(size / blockBytes / 2) * blockBytes),
  'half of the blocks and one': overwrite(0, (Math.floor(size / blockBytes / 2) + 1) * blockBytes),
  'a byte more': append(1),
  'the last block filled up': append(blockBytes - (size % blockBytes)),
  'the last block filled up, and a byte': append(blockBytes - (size % blockBytes) + 1),
  'as much again': append(size),
  'a byte less': cutTo(size - 1),
  'cut at a border': cutTo(Math.floor((size - 1) / blockBytes) * blockBytes),
  'cut to the least size': cutTo(MiB),
  'cut below the least size': cutTo(MiB - 1),
  'cut to one block': cutTo(blockBytes),
  'cut to a byte': cutTo(1),
  'cut to nothing': cutTo(0),
  'a byte changed, and a byte more': both(overwrite(border, border + 1), append(1)),
  'a byte changed, and a byte less': both(overwrite(border, border + 1), cutTo(size - 1)),
});

/** Bytes of the blocks that are not at the same place of the older content. */
function changedBytes(older: Buffer, newer: Buffer): number {
  let sum = 0;
  for (let from = 0; from < newer.length; from += blockBytes) {
    const block = newer.subarray(from, from + blockBytes);
    if (!block.equals(older.subarray(from, from + blockBytes))) sum += block.length;
  }
  return sum;
}

/** What of the newer content the new archive is to hold. */
function storedBytes(older: Buffer, newer: Buffer): number {
  const changed = changedBytes(older, newer);
  const isWhole = newer.length < MiB || older.length < MiB || changed > newer.length / 2;
  return older.equals(newer) ? 0 : isWhole ? newer.length : changed;
}

const sizes: [string, number][] = [
  ['a byte below the least size', MiB - 1],
  ['the least size', MiB],
  ['a byte more', MiB + 1],
  ['whole blocks', 70 * blockBytes],
  ['a part of a block at its end', 70 * blockBytes + 5000],
];

describe('a file', () => {
  test.each(sizes)('of %s stores what changed, and back again', async (_size, size) => {
    const cases = Object.entries(changesOf(size)).map(([name, change], number) => {
      const before = seededBytes(number, size);
      return { name, file: `state/${name}`, before, after: change(before) };
    });
    const stored = (manifest: ChainManifest): Record<string, number> =>
      Object.fromEntries(cases.map(({ name, file }) => [name, manifest.bytesIn(0, manifest.of(file))]));
    for (const { file, before } of cases) project.write(file, before);
    const full = await backUp('--mode', 'full', '--compression', 'none');

    for (const { file, after } of cases) writeFileSync(project.path(file), after);
    const changed = await backUp('--mode', 'incremental', '--compression', 'none');
    expect(stored(new ChainManifest(changed.directory))).toEqual(
      Object.fromEntries(cases.map(({ name, before, after }) => [name, storedBytes(before, after)])),
    );

    for (const { file, before } of cases) writeFileSync(project.path(file), before);
    const back = await backUp('--mode', 'incremental', '--compression', 'gzip');
    expect(stored(new ChainManifest(back.directory))).toEqual(
      Object.fromEntries(cases.map(({ name, before, after }) => [name, storedBytes(after, before)])),
    );
    // Since the full backup nothing has changed.
    const differential = await backUp('--mode', 'differential', '--compression', 'none');
    expect(Math.max(...Object.values(stored(new ChainManifest(differential.directory))))).toBe(0);

    for (const [{ id }, of] of [
      [full, 'before'],
      [changed, 'after'],
      [back, 'before'],
      [differential, 'before'],
    ] as const) {
      await restore(id, (folder) => {
        const wrong = cases.filter((one) => !readFileSync(join(folder, one.file)).equals(one[of]));
        expect(wrong.map(({ name }) => name)).toEqual([]);
      });
    }
  });

  test('that changed in more places than one line of extents holds', async () => {
    const size = 3200 * blockBytes + 77;
    const before = seededBytes(1, size);
    const after = Buffer.from(before);
    for (let at = 5; at < size; at += 3 * blockBytes) after[at]! ^= 1;
    project.write('state/large', before);
    await backUp('--mode', 'full', '--compression', 'none');
    writeFileSync(project.path('state/large'), after);
    const { id, directory } = await backUp('--mode', 'incremental', '--compression', 'none');
    const manifest = new ChainManifest(directory);
    expect(manifest.of('state/large').extents).toBeGreaterThan(2 * 1024);
    expect(manifest.bytesIn(0, manifest.of('state/large'))).toBe(changedBytes(before, after));
    await restore(id, (folder) => expect(readFileSync(join(folder, 'state/large')).equals(after)).toBe(true));
  });
});

describe('a database', () => {
  const name = 'data/app.db';

  function change(work: (database: Database.Database) => void): void {
    const database = new Database(project.path(name));
    work(database);
    database.close();
  }

  /** Backs up, and gives what the new archive holds of the database, and its size. */
  async function stored(mode = 'incremental'): Promise<{ own: number; size: number; extents: number }> {
    const content = restoredContent(project.root, name);
    const { id, directory } = await backUp('--mode', mode, '--compression', 'none');
    const manifest = new ChainManifest(directory);
    const entry = manifest.of(name);
    await restore(id, (folder) => expect(restoredContent(folder, name)).toBe(content));
    return { own: manifest.bytesIn(0, entry), size: entry.size, extents: entry.extents };
  }

  test.each([512, 4096, 65_536])('with pages of %i B stores its changed pages', async (pageSize) => {
    project.write(name, '');
    change((database) => {
      database.pragma(`page_size = ${pageSize}`);
      database.exec('CREATE TABLE fact (id INTEGER PRIMARY KEY, word TEXT, bytes BLOB)');
      const insert = database.prepare('INSERT INTO fact (word, bytes) VALUES (?, randomblob(?))');
      const rows = Math.ceil((3 * MiB) / pageSize);
      database.transaction(() => {
        for (let row = 0; row < rows; row += 1) insert.run('word', Math.floor(pageSize * 0.8));
      })();
    });
    const whole = await stored('full');
    expect(whole.own).toBe(whole.size);
    expect(whole.size).toBeGreaterThan(3 * MiB);

    expect((await stored()).own).toBe(0);

    change((database) => database.exec("UPDATE fact SET word = 'WORD' WHERE id = 7"));
    // The row's page alone: a copy of a database does not have the counters of its first page.
    expect((await stored()).own).toBe(pageSize);

    change((database) => database.exec("UPDATE fact SET word = 'WoRd' WHERE id % 3 = 0"));
    const many = await stored();
    expect(many.own).toBeGreaterThan(many.size * 0.3);
    expect(many.own).toBeLessThan(many.size * 0.4);
    expect(many.extents).toBeGreaterThan((0.6 * many.size) / pageSize);

    change((database) => database.exec("INSERT INTO fact (word, bytes) VALUES ('new', zeroblob(300000))"));
    const grown = await stored();
    expect(grown.size).toBeGreaterThan(many.size);
    expect(grown.own).toBeLessThan(300_000 + 300_000 * 0.1 + 8 * pageSize);

    change((database) => database.exec('DELETE FROM fact WHERE id % 5 = 0; VACUUM'));
    const shrunk = await stored();
    expect(shrunk.size).toBeLessThan(grown.size);
    expect(shrunk.own).toBe(shrunk.size);

    change((database) => {
      database.pragma(`page_size = ${pageSize === 4096 ? 8192 : 4096}`);
      database.exec('VACUUM');
    });
    const other = await stored();
    expect(other.own).toBe(other.size);
  });
});
