/**
 * Large files that change, or cannot be read to their end, while they are packed into an encrypted archive: what is in it stays
 * there, as other bytes in its place would be encrypted with the same keystream.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { fileKeyOf, opensslOpened } from '../support/file-key.ts';
import { frameBytes, overwrite, Packing, sourceFile } from '../support/packing.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const key = fileKeyOf(12);
let folder: string;
/** What the archive held each time that a frame was compressed. */
let states: Buffer[];
beforeEach(() => {
  folder = makeTemporaryFolder('left-behind');
  states = [];
});
afterEach(() => removeTemporaryFolder(folder));

const file = (path: string, content: Buffer | string): SourceEntry => sourceFile(folder, path, content);
const now = (entry: SourceEntry): Buffer => readFileSync(entry.readFrom ?? '');

function pack(onFrame: (frame: number) => void, parallel = 1): Packing {
  const step = (frame: number): void => {
    states.push(readFileSync(join(folder, 'archive.tar.gz')));
    onFrame(frame);
  };
  return new Packing(folder, step, { key, parallel });
}

/** Frames follow each other without a gap, as they are numbered; and no byte of the file was ever another one. */
function expectGrown(packing: Packing): void {
  const archive = readFileSync(packing.archive);
  expect(states.length).toBeGreaterThan(3);
  for (const state of states) expect(archive.subarray(0, state.length).equals(state)).toBe(true);
  const { frames } = packing.lines;
  expect(frames.map(({ frame }) => frame)).toEqual(frames.map((_, at) => at));
  let offset = 16;
  for (const frame of frames) {
    expect(frame.offset).toBe(offset);
    offset += frame.storedSize;
  }
  const raw = gunzipSync(opensslOpened(packing.archive, key));
  expect(raw.length).toBe(frames.reduce((sum, { size }) => sum + size, 0) + 1024);
  expect(raw.length % 512).toBe(0);
}

/** The whole archive by openssl and tar, without a word of complaint. */
function extract(packing: Packing): (path: string) => Buffer {
  const to = join(folder, 'extracted');
  mkdirSync(to);
  const input = opensslOpened(packing.archive, key);
  const { status, stderr } = spawnSync('tar', ['xzf', '-', '-C', to], { input, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return (path) => readFileSync(join(to, path));
}

describe.each([1, 3])('with %i frames under way', (parallel) => {
  test('a file that changes is read again; both readings are in the archive, and the second counts', async () => {
    const before = file('data/before', randomBytes(1_000));
    const large = file('data/large', randomBytes(8 * frameBytes + 77));
    const after = file('data/other', randomBytes(5 * frameBytes));
    const packing = pack((frame) => {
      // Frame 0 holds what came before; 3 is in the middle of the first reading.
      if (frame === 3) overwrite(large, 100, Buffer.from('changed in its first frame, which is written'));
    }, parallel);
    await packing.add(before, large, after);
    await packing.finish();

    expect(packing.findings).toEqual([]);
    expectGrown(packing);
    expect(packing.listed()).toEqual(['data/before', 'data/large', 'data/large', 'data/other']);
    expect(packing.lines.entries.map(({ path }) => path)).toEqual(['data/before', 'data/large', 'data/other']);
    const [contents, extracted] = [await packing.contents(), extract(packing)];
    for (const entry of [before, large, after]) {
      expect(contents.get(entry.path)?.equals(now(entry))).toBe(true);
      expect(extracted(entry.path).equals(now(entry))).toBe(true);
    }
  });

  test('a file that never rests is kept as it was read last', async () => {
    const large = file('data/large', randomBytes(6 * frameBytes));
    let change = 0;
    const packing = pack(() => {
      change += 1;
      overwrite(large, large.size - 100, Buffer.alloc(100, change));
    }, parallel);
    await packing.add(large, file('data/next', 'next'));
    await packing.finish();
    expect(packing.findings).toMatchObject([{ code: 'file-changed', path: 'data/large' }]);
    expectGrown(packing);
    const [contents, extracted] = [await packing.contents(), extract(packing)];
    expect(packing.lines.entries).toHaveLength(2);
    expect(contents.get('data/large')?.length).toBe(large.size);
    expect(contents.get('data/large')?.equals(extracted('data/large'))).toBe(true);
    expect(contents.get('data/next')?.toString()).toBe('next');
  });

  test('a file that is cut short at each reading is filled up with zeros', async () => {
    const large = file('data/large', Buffer.alloc(10 * frameBytes, 'x'));
    let length = large.size;
    const packing = pack(() => {
      length -= frameBytes;
      truncateSync(large.readFrom ?? '', Math.max(0, length));
    }, parallel);
    await packing.add(large, file('data/next', 'next'));
    await packing.finish();
    expect(packing.findings.map(({ code }) => code)).toEqual(['file-changed']);
    expectGrown(packing);
    const [contents, extracted] = [await packing.contents(), extract(packing)];
    expect(contents.get('data/large')?.equals(extracted('data/large'))).toBe(true);
    expect(contents.get('data/large')?.length).toBe(packing.lines.entries[0]?.size);
  });

  test.each([1, 2, 5])(
    'a file that cannot be read behind its frame %i is noted, and what follows is whole',
    async (frames) => {
      const before = file('data/before', 'before');
      const large = file('data/large', randomBytes(6 * frameBytes + 1));
      const after = file('data/other', randomBytes(3 * frameBytes));
      let read = 0;
      const failing: SourceEntry = {
        ...large,
        onRead: (bytes) => {
          read += bytes;
          if (read > frames * frameBytes) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
        },
      };
      const packing = pack(() => undefined, parallel);
      await packing.add(before, failing, after, file('data/last', 'last'));
      await packing.finish();
      expect(packing.findings).toMatchObject([
        { code: 'file-unreadable', path: 'data/large', params: { reason: 'EIO' } },
      ]);
      expectGrown(packing);
      expect(packing.lines.entries.map(({ path }) => path)).toEqual(['data/before', 'data/other', 'data/last']);
      const [contents, extracted] = [await packing.contents(), extract(packing)];
      expect(contents.get('data/other')?.equals(now(after))).toBe(true);
      expect(extracted('data/other').equals(now(after))).toBe(true);
      expect(extracted('data/last').toString()).toBe('last');
      // What was read of it is there, and has the length that its header names.
      const left = extracted('data/large');
      expect(left.length).toBe(large.size);
      expect(
        left.subarray(0, (frames - 1) * frameBytes).equals(now(large).subarray(0, (frames - 1) * frameBytes)),
      ).toBe(true);
      expect(left.subarray((frames + 1) * frameBytes).every((byte) => byte === 0)).toBe(true);
    },
  );

  test('a file that cannot be read in its first frame leaves nothing behind', async () => {
    const large = file('data/large', randomBytes(6 * frameBytes));
    const failing: SourceEntry = {
      ...large,
      onRead: () => {
        throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      },
    };
    const after = file('data/other', randomBytes(4 * frameBytes));
    const packing = pack(() => undefined, parallel);
    await packing.add(failing, after);
    await packing.finish();
    expect(packing.findings.map(({ code }) => code)).toEqual(['file-unreadable']);
    expectGrown(packing);
    expect(packing.listed()).toEqual(['data/other']);
    expect((await packing.contents()).get('data/other')?.equals(now(after))).toBe(true);
  });

  test('a file that vanishes before it is read again is noted', async () => {
    const large = file('data/large', randomBytes(6 * frameBytes));
    const packing = pack((frame) => {
      if (frame !== 2) return;
      overwrite(large, 0, Buffer.from('changed'));
      rmSync(large.readFrom ?? '');
    }, parallel);
    const after = file('data/next', randomBytes(3 * frameBytes));
    await packing.add(file('data/before', 'before'), large, after);
    await packing.finish();
    expect(existsSync(large.readFrom ?? '')).toBe(false);
    expect(packing.findings.map(({ code }) => code)).toEqual(['file-vanished']);
    expectGrown(packing);
    expect(packing.lines.entries.map(({ path }) => path)).toEqual(['data/before', 'data/next']);
    expect((await packing.contents()).get('data/next')?.equals(now(after))).toBe(true);
    expect(extract(packing)('data/next').equals(now(after))).toBe(true);
  });

  test('several in a row keep every frame its number', async () => {
    const entries = Array.from({ length: 5 }, (_, at) => file(`data/${at}`, randomBytes((3 + at) * frameBytes + at)));
    const packing = pack((frame) => {
      const entry = entries[frame % entries.length];
      if (entry !== undefined && frame % 3 === 0) overwrite(entry, frame, Buffer.from([frame % 256]));
    }, parallel);
    await packing.add(...entries);
    await packing.finish();
    expectGrown(packing);
    const [contents, extracted] = [await packing.contents(), extract(packing)];
    expect([...contents.keys()]).toEqual(entries.map(({ path }) => path));
    for (const { path } of entries) expect(extracted(path).equals(contents.get(path) ?? Buffer.alloc(0))).toBe(true);
  });
});

test('the two readings are not encrypted with the same keystream', async () => {
  const large = file('data/large', Buffer.alloc(8 * frameBytes, 'x'));
  const packing = pack((frame) => {
    if (frame === 3) overwrite(large, 7 * frameBytes, Buffer.from('y'));
  });
  await packing.add(large);
  await packing.finish();
  expectGrown(packing);
  // The same content twice, and the same compressed bytes: nowhere are the same bytes in the file again.
  const hashes = packing.lines.frames.map(({ sha256 }) => sha256);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(execFileSync('gunzip', ['-t'], { input: opensslOpened(packing.archive, key) })).toHaveLength(0);
});
