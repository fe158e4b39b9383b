import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { codecOf, type Codec } from '../../lib/archive/codecs.ts';
import { FrameWriter, isZero, type Mark } from '../../lib/archive/frame-writer.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = makeTemporaryFolder('frames');
  file = join(folder, 'archive');
});
afterEach(() => removeTemporaryFolder(folder));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Written {
  offset: number;
  storedSize: number;
  size: number;
  sha256: string;
}

function open(codec: Codec, parallel = 3): FrameWriter {
  return new FrameWriter({ file, mode: 0o600, codec, level: 6, parallel });
}

async function writeFrame(frames: FrameWriter, bytes: Uint8Array, told: Written[], mark?: Mark): Promise<void> {
  const buffer = frames.takeBuffer();
  buffer.set(bytes);
  await frames.write(buffer, bytes.length, (frame) => told.push(frame), mark);
}

describe('frames', () => {
  test('rest one after the other, each told with its place and hash, in the order in which they came', async () => {
    const frames = open(codecOf('gzip'));
    const contents = Array.from({ length: 20 }, (_, at) => randomBytes(1_000 + at * 10_000));
    const told: Written[] = [];
    for (const content of contents) await writeFrame(frames, content, told);
    const { size, sha256: whole } = await frames.finish();

    const archive = readFileSync(file);
    expect(archive.length).toBe(size);
    expect(sha256(archive)).toBe(whole);
    expect(told.map((one) => one.size)).toEqual(contents.map((content) => content.length));
    let offset = 0;
    for (const [at, frame] of told.entries()) {
      expect(frame.offset).toBe(offset);
      const stored = archive.subarray(offset, offset + frame.storedSize);
      expect(sha256(stored)).toBe(frame.sha256);
      expect(gunzipSync(stored).equals(contents[at] ?? stored)).toBe(true);
      offset += frame.storedSize;
    }
    expect(offset).toBe(size);
    expect(gunzipSync(archive).equals(Buffer.concat(contents))).toBe(true);
  });

  test('that are compressed sooner wait for those before them', async () => {
    const gates: (() => void)[] = [];
    const slow: Codec = {
      ...codecOf('none'),
      compress: (bytes) => new Promise((resolve) => gates.push(() => resolve(Buffer.from(bytes)))),
    };
    const frames = open(slow, 10);
    const told: Written[] = [];
    for (const text of ['first', 'second', 'third']) await writeFrame(frames, Buffer.from(text), told);
    for (const gate of gates.reverse()) gate();
    await frames.finish();
    expect(readFileSync(file, 'utf8')).toBe('firstsecondthird');
    expect(told.map((one) => one.offset)).toEqual([0, 5, 11]);
  });

  test('are never more than so many under way at once', async () => {
    let underWay = 0;
    let most = 0;
    const none = codecOf('none');
    const counting: Codec = {
      ...none,
      compress: async (bytes, level) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise(setImmediate);
        underWay -= 1;
        return none.compress(bytes, level);
      },
    };
    const frames = open(counting, 4);
    for (let at = 0; at < 50; at += 1) await writeFrame(frames, randomBytes(100), []);
    await frames.finish();
    expect(most).toBe(4);
  });

  test('share a few buffers', async () => {
    const frames = open(codecOf('gzip'), 2);
    const seen = new Set<Buffer>();
    for (let at = 0; at < 30; at += 1) {
      const buffer = frames.takeBuffer();
      seen.add(buffer);
      await frames.write(buffer, 100, () => undefined);
    }
    await frames.finish();
    expect(seen.size).toBeLessThanOrEqual(3);
  });

  test('that do not shrink are stored, and holes cost next to nothing', async () => {
    const frames = open(codecOf('gzip'));
    const told: Written[] = [];
    const { frameBytes } = frames.codec;
    const noise = randomBytes(frameBytes);
    await writeFrame(frames, noise, told);
    for (let at = 0; at < 5; at += 1) await writeFrame(frames, Buffer.alloc(frameBytes), told);
    // Noise with one part that does shrink.
    await writeFrame(frames, Buffer.concat([noise.subarray(0, frameBytes / 2), Buffer.alloc(frameBytes / 2)]), told);
    await frames.finish();
    expect(told[0]?.storedSize).toBeGreaterThan(frameBytes);
    expect(told[0]?.storedSize).toBeLessThan(frameBytes * 1.001);
    expect(told[5]?.storedSize).toBeLessThan(2_000);
    expect(told[6]?.storedSize).toBeLessThan(frameBytes * 0.6);
    expect(gunzipSync(readFileSync(file)).length).toBe(frameBytes * 7);
  });
});

describe('taking frames back', () => {
  test('leaves the file, its size and its hash as if they had never been', async () => {
    const frames = open(codecOf('gzip'));
    const told: Written[] = [];
    const [kept, wrong, right] = [randomBytes(50_000), randomBytes(90_000), randomBytes(20_000)];
    const mark: Mark = {};
    await writeFrame(frames, kept, told);
    for (let at = 0; at < 6; at += 1) await writeFrame(frames, wrong, told, mark);
    await frames.rewind(mark);
    expect(frames.storedBytes).toBe(told[0]?.storedSize);
    await writeFrame(frames, right, told);
    const { size, sha256: whole } = await frames.finish();
    const archive = readFileSync(file);
    expect(gunzipSync(archive).equals(Buffer.concat([kept, right]))).toBe(true);
    expect([archive.length, sha256(archive)]).toEqual([size, whole]);
    expect(told.at(-1)?.offset).toBe(told[0]?.storedSize);
  });

  test('waits for those that are under way', async () => {
    const frames = open(codecOf('gzip'), 10);
    const mark: Mark = {};
    await writeFrame(frames, Buffer.from('kept'), []);
    await writeFrame(frames, Buffer.from('wrong'), [], mark);
    await frames.rewind(mark);
    await frames.finish();
    expect(gunzipSync(readFileSync(file)).toString()).toBe('kept');
  });

  test('without a written frame is a mistake', async () => {
    const frames = open(codecOf('gzip'));
    await expect(frames.rewind({})).rejects.toThrow('never written');
    await frames.abort();
  });
});

describe('the file', () => {
  test.each([0o000, 0o022, 0o777])('is private, with the umask %o', async (umask) => {
    const before = process.umask(umask);
    try {
      const frames = new FrameWriter({ file, mode: 0o640, codec: codecOf('gzip'), level: 6, parallel: 2 });
      expect(statSync(file).mode & 0o7777).toBe(0o640);
      await frames.finish();
    } finally {
      process.umask(before);
    }
  });

  test('must not exist yet', () => {
    writeFileSync(file, 'something of somebody');
    expect(() => open(codecOf('gzip'))).toThrow('EEXIST');
    expect(readFileSync(file, 'utf8')).toBe('something of somebody');
  });

  test('is closed once, whatever order of ending is tried', async () => {
    const frames = open(codecOf('gzip'));
    await frames.finish();
    // Takes the number that has become free: an abort must not close it.
    const other = open2(join(folder, 'other'));
    await frames.abort();
    await writeFrame(other, Buffer.from('still open'), []);
    await other.finish();
    expect(gunzipSync(readFileSync(join(folder, 'other'))).toString()).toBe('still open');
  });

  const open2 = (path: string): FrameWriter =>
    new FrameWriter({ file: path, mode: 0o600, codec: codecOf('gzip'), level: 6, parallel: 2 });
});

test('a failing compression fails the run, and only once', async () => {
  const broken: Codec = { ...codecOf('none'), compress: () => Promise.reject(new Error('no more memory')) };
  const frames = open(broken, 2);
  await writeFrame(frames, Buffer.from('a'), []);
  await expect(writeFrame(frames, Buffer.from('b'), [])).rejects.toThrow('no more memory');
  await frames.abort();
});

test('what is all zeros is known', () => {
  expect(isZero(Buffer.alloc(1))).toBe(true);
  expect(isZero(Buffer.alloc(4096))).toBe(true);
  expect(isZero(Buffer.alloc(0))).toBe(false);
  for (const at of [0, 1, 2048, 4095]) {
    const bytes = Buffer.alloc(4096);
    bytes[at] = 1;
    expect(isZero(bytes)).toBe(false);
  }
});
