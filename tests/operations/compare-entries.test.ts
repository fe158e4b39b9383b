import { describe, expect, test } from '@jest/globals';
import { compareEntries, moved, oneSided } from '../../lib/operations/compare-entries.ts';
import type { ManifestEntry } from '../../lib/store/manifest.ts';

const file: ManifestEntry = {
  path: 'state/queue/a.json',
  origin: 'queue/a.json',
  kind: 'file',
  mode: 0o644,
  mtimeNs: 5n,
  ctimeNs: 5n,
  inode: 7n,
  uid: 1,
  gid: 2,
  size: 10,
  sha256: 'a'.repeat(64),
};
const named = { change: 'changed', path: 'queue/a.json', target: 'state', kind: 'file' };

describe('what makes an entry another one', () => {
  test('not its times, nor the inode', () => {
    expect(compareEntries(file, { ...file, mtimeNs: 9n, ctimeNs: 9n, inode: 8n })).toBeUndefined();
  });

  test.each<[string, Partial<ManifestEntry>, object]>([
    ['content', { sha256: 'b'.repeat(64) }, { sizeBefore: 10, sizeAfter: 10 }],
    ['size', { size: 11 }, { sizeBefore: 10, sizeAfter: 11 }],
    ['mode', { mode: 0o600 }, { mode: { before: '0644', after: '0600' } }],
    ['owner', { uid: 3 }, { owner: { before: '1:2', after: '3:2' } }],
    ['group', { gid: 3 }, { owner: { before: '1:2', after: '1:3' } }],
    [
      'content and mode',
      { size: 0, mode: 0 },
      { sizeBefore: 10, sizeAfter: 0, mode: { before: '0644', after: '0000' } },
    ],
  ])('%s', (_, other, told) => {
    expect(compareEntries(file, { ...file, ...other })).toEqual({ ...named, ...told });
  });

  test('a file of another size has no hash yet', () => {
    const { sha256: _, ...unread } = { ...file, size: 3 };
    expect(compareEntries(file, unread)).toEqual({ ...named, sizeBefore: 10, sizeAfter: 3 });
  });

  test('the kind: then mode and owner say nothing', () => {
    const { sha256: _, ...rest } = file;
    const folder: ManifestEntry = { ...rest, kind: 'directory', mode: 0o755, uid: 9, size: 0 };
    const link: ManifestEntry = { ...rest, kind: 'symlink', mode: 0o777, size: 0, linkTarget: 'b' };
    expect(compareEntries(file, folder)).toEqual({
      ...named,
      kind: 'directory',
      kindBefore: 'file',
      sizeBefore: 10,
      sizeAfter: 0,
    });
    expect(compareEntries(folder, link)).toEqual({ ...named, kind: 'symlink', kindBefore: 'directory' });
    expect(compareEntries(link, { ...link, mode: 0o700 })).toBeUndefined();
    expect(compareEntries(link, { ...link, linkTarget: 'c' })).toEqual({
      ...named,
      kind: 'symlink',
      linkTarget: { before: 'b', after: 'c' },
    });
  });

  test('a changed database is known as one', () => {
    const database: ManifestEntry = { ...file, database: 'sqlite' };
    expect(compareEntries(database, { ...database, size: 12 })).toMatchObject({ database: 'sqlite' });
  });
});

test('what was made for the backup is named by its path there', () => {
  const { origin: _, ...made } = file;
  expect(oneSided('added', made)).toMatchObject({ path: 'state/queue/a.json', target: 'state', size: 10 });
});

test('a move tells both places, and a mode that changed with it', () => {
  const after = { ...file, path: 'config/b', origin: 'config/b', mode: 0o600 };
  expect(moved(file, after)).toEqual({
    change: 'moved',
    from: 'queue/a.json',
    to: 'config/b',
    target: 'config',
    kind: 'file',
    size: 10,
    mode: { before: '0644', after: '0600' },
  });
});
