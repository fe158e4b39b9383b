import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { comparePaths } from '../../lib/core/path-bytes.ts';
import { ManifestCursor } from '../../lib/store/manifest-cursor.ts';
import { targetOf, type ManifestEntry, type ManifestLine } from '../../lib/store/manifest.ts';

function lineOf(path: string): ManifestLine {
  const entry: ManifestEntry = { path, kind: 'file', mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0, size: 0 };
  return { type: 'entry', entry };
}

/** A manifest of these paths: targets in the order in which they come first, each sorted, in batches with frames between. */
class Manifest {
  openings = 0;
  /** Openings that were neither read to their end nor let go. */
  left = 0;
  private readonly paths: string[];
  private readonly batchSize: number;

  constructor(paths: readonly string[], batchSize: number) {
    const targets = [...new Set(paths.map(targetOf))];
    const rank = (path: string): number => targets.indexOf(targetOf(path));
    this.paths = [...new Set(paths)].sort((a, b) => rank(a) - rank(b) || comparePaths(a, b));
    this.batchSize = batchSize;
  }

  async *open(): AsyncGenerator<ManifestLine[]> {
    this.openings += 1;
    this.left += 1;
    try {
      for (let at = 0; at < this.paths.length; at += this.batchSize) {
        yield await Promise.resolve([]);
        const sha256 = '';
        const frame: ManifestLine = {
          type: 'frame',
          frame: { frame: at, archive: 0, offset: 0, storedSize: 0, size: 0, sha256 },
        };
        yield [frame, ...this.paths.slice(at, at + this.batchSize).map(lineOf)];
      }
    } finally {
      this.left -= 1;
    }
  }

  cursor(): ManifestCursor {
    return new ManifestCursor(() => this.open());
  }
}

// Few names, so that queries meet entries, neighbours, and folders' beginnings.
const paths = fc
  .array(fc.constantFrom('a', 'b', 'c', 'a-b', 'z', '名'), { minLength: 1, maxLength: 4 })
  .map((names) => names.join('/'));

describe('a cursor over a manifest', () => {
  test('finds what a map would, in any order of questions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(paths, { maxLength: 40 }),
        fc.array(paths, { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        async (held, asked, batchSize) => {
          const manifest = new Manifest(held, batchSize);
          const cursor = manifest.cursor();
          for (const path of asked) {
            expect((await cursor.find(path))?.path).toBe(held.includes(path) ? path : undefined);
          }
          await cursor.close();
          expect(manifest.left).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  const held = ['a/1', 'a/2', 'a/2/x', 'a/3', 'b/1', 'b/2', 'c/1'];

  test('reads the manifest once for who asks in its order, and may be asked for what it lacks', async () => {
    const manifest = new Manifest(held, 2);
    const cursor = manifest.cursor();
    const asked = ['a/0', 'a/1', 'a/1', 'a/2/x', 'a/4', 'b/0', 'b/2', 'c/1', 'c/2'];
    const found: (string | undefined)[] = [];
    for (const path of asked) found.push((await cursor.find(path))?.path);
    expect(found).toEqual([undefined, 'a/1', 'a/1', 'a/2/x', undefined, undefined, 'b/2', 'c/1', undefined]);
    expect(manifest.openings).toBe(1);
    await cursor.close();
  });

  test('begins again for what has gone by, also within a target', async () => {
    const manifest = new Manifest(held, 3);
    const cursor = manifest.cursor();
    expect((await cursor.find('a/3'))?.path).toBe('a/3');
    expect((await cursor.find('a/1'))?.path).toBe('a/1');
    expect((await cursor.find('c/1'))?.path).toBe('c/1');
    expect((await cursor.find('b/2'))?.path).toBe('b/2');
    expect(manifest.openings).toBe(3);
    await cursor.close();
    expect(manifest.left).toBe(0);
  });

  test('that was never asked has opened nothing', async () => {
    const manifest = new Manifest(held, 3);
    await manifest.cursor().close();
    expect(manifest.openings).toBe(0);
  });

  test('over an empty manifest finds nothing', async () => {
    const cursor = new Manifest([], 1).cursor();
    expect(await cursor.find('a/1')).toBeUndefined();
    expect(await cursor.find('a/1')).toBeUndefined();
  });

  test('passes on what is wrong with the manifest', async () => {
    const cursor = new ManifestCursor(async function* () {
      yield await Promise.resolve([lineOf('a/1')]);
      throw new Error('it is damaged');
    });
    expect((await cursor.find('a/1'))?.path).toBe('a/1');
    await expect(cursor.find('a/2')).rejects.toThrow('it is damaged');
  });
});
