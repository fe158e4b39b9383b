import { expect, test } from '@jest/globals';
import type { OpenBackup } from '../../lib/operations/opened-backup.ts';
import { ManifestEntries } from '../../lib/operations/target-entries.ts';
import type { ManifestLine } from '../../lib/store/manifest.ts';
import { sampleMetadata } from '../support/sample-metadata.ts';

const entry = (path: string): ManifestLine => ({
  type: 'entry',
  entry: { path, kind: 'directory', mode: 0, mtimeNs: 0n, uid: 0, gid: 0, size: 0 },
});

const frame = (number: number): ManifestLine => ({
  type: 'frame',
  frame: { frame: number, archive: 0, offset: 0, storedSize: 1, size: 512, sha256: '0'.repeat(64) },
});

/** A manifest in batches of two lines, and how often it was begun to be read. */
function manifestOf(
  targets: readonly string[],
  lines: readonly ManifestLine[],
): { backup: OpenBackup; readings: number } {
  const header: ManifestLine = {
    type: 'header',
    header: {
      manifest: 1,
      backup: 'b',
      layout: 'tar',
      compression: 'gzip',
      archives: [],
      owner: { uid: 0, gid: 0 },
      targets: targets.map((name) => ({ name, sources: [], exclude: [] })),
    },
  };
  const all = [header, ...lines, { type: 'end', end: { entries: 0, frames: 0 } } as const];
  const counted = { readings: 0 };
  const backup: OpenBackup = {
    kind: 'backup',
    id: 'b',
    metadata: sampleMetadata({ id: 'b' }),
    isEncrypted: false,
    unlock: () => Promise.reject(new Error('it is not encrypted')),
    unlockArchive: () => Promise.reject(new Error('it is not encrypted')),
    readManifest: async function* () {
      counted.readings += 1;
      for (let at = 0; at < all.length; at += 2) yield await Promise.resolve(all.slice(at, at + 2));
    },
    readManifestBytes: () => {
      throw new Error('nobody reads it');
    },
  };
  return Object.assign(counted, { backup });
}

async function pathsOf(entries: ManifestEntries, target: string): Promise<string[]> {
  const paths: string[] = [];
  await entries.begin(target);
  for (let one = entries.current; one !== undefined; one = entries.current) {
    paths.push(one.path);
    await entries.advance();
  }
  return paths;
}

const lines = [frame(0), entry('a/1'), entry('a/2'), frame(1), entry('c/1'), entry('d/1'), entry('d/2'), frame(2)];

test('asked for targets in their order, empty ones among them, a manifest is read once', async () => {
  const manifest = manifestOf(['a', 'b', 'c', 'd', 'e'], lines);
  const entries = new ManifestEntries(manifest.backup);
  expect((await entries.header()).targets).toHaveLength(5);
  expect(await pathsOf(entries, 'a')).toEqual(['a/1', 'a/2']);
  expect(await pathsOf(entries, 'b')).toEqual([]);
  expect(await pathsOf(entries, 'd')).toEqual(['d/1', 'd/2']);
  expect(await pathsOf(entries, 'e')).toEqual([]);
  await entries.finish();
  expect([manifest.readings, entries.frames.length]).toEqual([1, 3]);
});

test('any other order gives the same entries, and each frame once', async () => {
  const manifest = manifestOf(['a', 'b', 'c', 'd'], lines);
  const entries = new ManifestEntries(manifest.backup);
  expect(await pathsOf(entries, 'd')).toEqual(['d/1', 'd/2']);
  expect(await pathsOf(entries, 'a')).toEqual(['a/1', 'a/2']);
  expect(await pathsOf(entries, 'a')).toEqual(['a/1', 'a/2']);
  expect(await pathsOf(entries, 'c')).toEqual(['c/1']);
  await entries.finish();
  expect([manifest.readings, entries.frames.length]).toEqual([3, 3]);
});

test.each([[['d', 'c', 'a']], [['a', 'c']]])(
  'targets that are not those of the header (%j) are damage',
  async (targets) => {
    const entries = new ManifestEntries(manifestOf(targets, lines).backup);
    await entries.header();
    await expect(entries.finish()).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
  },
);
