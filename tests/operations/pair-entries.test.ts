import { describe, expect, test } from '@jest/globals';
import { EntryPairs } from '../../lib/operations/pair-entries.ts';
import type { ManifestEntry } from '../../lib/store/manifest.ts';

const entry = (path: string, content: string | undefined, more: Partial<ManifestEntry> = {}): ManifestEntry => ({
  path,
  origin: path,
  kind: 'file',
  mode: 0o644,
  mtimeNs: 0n,
  uid: 0,
  gid: 0,
  size: content?.length ?? 4,
  ...(content === undefined ? {} : { sha256: content.padEnd(64, '0') }),
  ...more,
});

async function find(
  removed: readonly ManifestEntry[],
  added: readonly ManifestEntry[],
  hashes: Record<string, string> = {},
): Promise<{ pairs: string[]; removed: string[]; added: string[]; hashed: string[] }> {
  const pairs = new EntryPairs();
  for (const one of removed) pairs.keepRemoved(one);
  for (const one of added) pairs.keepAdded(one);
  const hashed: string[] = [];
  const found = await pairs.find(({ path }) => {
    hashed.push(path);
    return Promise.resolve(hashes[path]?.padEnd(64, '0'));
  });
  return {
    pairs: found.pairs.map(({ before, after, isMoved }) => `${before.path} ${isMoved ? '→' : '='} ${after.path}`),
    removed: [...found.removed].map((one) => one.path),
    added: [...found.added].map((one) => one.path),
    hashed,
  };
}

describe('what was moved', () => {
  test('is a file with the same content, across targets too', async () => {
    expect(
      await find([entry('a/x', 'same'), entry('a/y', 'gone')], [entry('b/z', 'same'), entry('b/w', 'new')]),
    ).toEqual({ pairs: ['a/x → b/z'], removed: ['a/y'], added: ['b/w'], hashed: [] });
  });

  test('is told one by one where several have that content', async () => {
    const found = await find(
      [entry('a/x', 'same'), entry('a/y', 'same')],
      [entry('b/x', 'same'), entry('b/y', 'same'), entry('b/z', 'same')],
    );
    expect(found).toMatchObject({ pairs: ['a/x → b/x', 'a/y → b/y'], removed: [], added: ['b/z'] });
  });

  test('is never an empty file, a folder or a link', async () => {
    const folder = { kind: 'directory', size: 0 } as const;
    const found = await find(
      [entry('a/empty', ''), entry('a/folder', undefined, folder)],
      [entry('b/empty2', ''), entry('b/folder2', undefined, folder)],
    );
    expect(found.pairs).toEqual([]);
  });

  test('may still have to be read, where the size fits and only there', async () => {
    const found = await find(
      [entry('a/x', 'same')],
      [entry('b/z', undefined), entry('b/w', undefined, { size: 5 }), entry('b/v', undefined)],
      { 'b/z': 'same' },
    );
    expect(found).toEqual({ pairs: ['a/x → b/z'], removed: [], added: ['b/w', 'b/v'], hashed: ['b/z', 'b/v'] });
  });

  test('a live database is read where a database went, whatever its size', async () => {
    const database = { database: 'sqlite' } as const;
    const live = entry('b/app.db', undefined, { ...database, size: 99 });
    const found = await find([entry('a/old.db', 'copy', database)], [live], { 'b/app.db': 'copy' });
    expect(found.pairs).toEqual(['a/old.db → b/app.db']);
    expect((await find([entry('a/old', 'copy')], [live], { 'b/app.db': 'copy' })).hashed).toEqual([]);
  });
});

test('what stands at its old place in the project is the same thing, whatever its content', async () => {
  const before = entry('state/app.db', 'old', { origin: 'data/app.db' });
  const after = entry('database/app.db', 'new', { origin: 'data/app.db' });
  const other = entry('database/copy.db', 'old', { origin: 'data/copy.db' });
  expect(await find([before], [other, after])).toEqual({
    pairs: ['state/app.db = database/app.db'],
    removed: [],
    added: ['database/copy.db'],
    hashed: [],
  });
});

test('entries without a place in the project are not one and the same for that', async () => {
  const made = (path: string, content: string): ManifestEntry => {
    const { origin: _, ...rest } = entry(path, content);
    return rest;
  };
  expect((await find([made('a/x', 'one')], [made('b/y', 'two')])).pairs).toEqual([]);
});

test('no more than 50,000 of each side are kept', () => {
  const pairs = new EntryPairs();
  for (let at = 0; at < 50_000; at += 1) expect(pairs.keepAdded(entry(`a/${at}`, 'same'))).toBe(true);
  expect(pairs.keepAdded(entry('a/one-more', 'same'))).toBe(false);
  expect(pairs.keepRemoved(entry('a/removed', 'same'))).toBe(true);
});
