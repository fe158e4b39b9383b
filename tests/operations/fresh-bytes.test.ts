import { expect, test } from '@jest/globals';
import { freshBytesSince } from '../../lib/operations/fresh-bytes.ts';
import type { OpenBackup } from '../../lib/operations/opened-backup.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import type { ManifestEntry, ManifestHeader } from '../../lib/store/manifest.ts';
import { sampleMetadata } from '../support/sample-metadata.ts';

const backup = (id: string, chain: string[]): OpenBackup => ({
  kind: 'backup',
  id,
  metadata: { ...sampleMetadata({ id }), chain },
  isEncrypted: false,
  unlock: () => Promise.reject(new Error('it is not encrypted')),
  unlockArchive: () => Promise.reject(new Error('it is not encrypted')),
  readManifest: () => {
    throw new Error('nobody reads it');
  },
  readManifestBytes: () => {
    throw new Error('nobody reads it');
  },
});

const full = backup('full', ['full']);
const first = backup('first', ['full', 'first']);
const second = backup('second', ['full', 'first', 'second']);
/** Of the second one: its own archive comes first, then the others, oldest first. */
const header: ManifestHeader = {
  manifest: 1,
  backup: 'second',
  layout: 'tar',
  compression: 'gzip',
  archives: ['second', 'full', 'first'].map((id) => ({ backup: id, file: `${id}.tar.gz` })),
  owner: { uid: 0, gid: 0 },
  targets: [],
};
const frames = new FrameTable();
for (const [frame, archive] of [1, 1, 2, 0].entries()) {
  frames.add({ frame, archive, offset: 0, storedSize: 1, size: 100, sha256: '0'.repeat(64) });
}

const file = { path: 'a/b', kind: 'file', mode: 0, mtimeNs: 0n, uid: 0, gid: 0, size: 150 } as const;
const since = (before: OpenBackup, entry: Partial<ManifestEntry>, after = second): number | undefined =>
  freshBytesSince(before, after, header, frames)({ ...file, ...entry });

test('of a file in parts, those count that the earlier backup and what it builds on do not hold', () => {
  const extents = Float64Array.from([1, 0, 50, 2, 10, 30, 3, 0, 70]);
  expect(since(first, { extents })).toBe(70);
  expect(since(full, { extents })).toBe(100);
});

test('of a whole file, all or nothing', () => {
  expect(since(first, { at: { frame: 3, offset: 0 } })).toBe(150);
  expect(since(first, { at: { frame: 2, offset: 0 } })).toBe(0);
  expect(since(full, { at: { frame: 2, offset: 0 } })).toBe(150);
});

test('nothing is known without frames, and between backups that do not build on each other', () => {
  expect(since(first, {})).toBeUndefined();
  const at = { frame: 3, offset: 0 };
  expect(since(backup('other', ['other']), { at })).toBeUndefined();
  expect(since(second, { at })).toBeUndefined();
  expect(since(second, { at }, first)).toBeUndefined();
});
