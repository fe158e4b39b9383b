import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { codecOf } from '../../lib/archive/codecs.ts';
import { FrameContent } from '../../lib/archive/frame-content.ts';
import { FrameReader, largestFrameBytes } from '../../lib/archive/frame-reader.ts';
import { BackupError, isBackupError } from '../../lib/core/errors.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import { targetOf, type FrameLine, type ManifestEntry } from '../../lib/store/manifest.ts';
import { PayloadRoom, tarKinds } from '../support/payload-room.ts';

const gzip = codecOf('gzip');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function* batches(...all: ManifestEntry[][]): AsyncGenerator<ManifestEntry[]> {
  for (const batch of all) yield await Promise.resolve(batch);
}

/** What a sink was told, one word a call. */
async function told(reader: FrameContent, entries: ManifestEntry[]): Promise<string[]> {
  const words: string[] = [];
  await reader.read(batches(entries), {
    begin: (entry) => void words.push(`begin ${entry.path}`),
    bytes: (entry, bytes) => void words.push(`${entry.path} ${bytes.length}`),
    end: (entry) => void words.push(`end ${entry.path}`),
    failed: (entry) => void words.push(`failed ${entry.path}`),
  });
  return words;
}

function entryOf(path: string, fields: Partial<ManifestEntry> = {}): ManifestEntry {
  return { path, kind: 'file', mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0, size: 10, sha256: '', ...fields };
}

describe('a restore of one target', () => {
  test.each(tarKinds)('reads its frames only, and each of them once ($name)', async (kind) => {
    const room = new PayloadRoom(kind);
    try {
      for (const target of ['config', 'logs', 'state']) {
        for (let at = 0; at < 40; at += 1) await room.add(room.file(`${target}/${at}`, randomBytes(60_000)));
        await room.add(room.file(`${target}/large`, randomBytes(10_000_000)));
      }
      await room.finish();
      const { contents, failures } = await room.read((entry) => targetOf(entry.path) === 'logs');
      expect(failures).toEqual(new Map());
      expect(contents.size).toBe(41);

      const frames = await room.frames();
      const begins = (await room.entries()).filter((one) => one.at !== undefined);
      const first = begins.find((one) => targetOf(one.path) === 'logs')?.at?.frame ?? -1;
      const next = begins.find((one) => targetOf(one.path) === 'state')?.at?.frame ?? -1;
      expect(first).toBeGreaterThan(0);
      expect(next).toBeLessThan(frames.length);
      expect(room.framesRead).toEqual(Array.from({ length: next - first }, (_, at) => first + at));
    } finally {
      room.remove();
    }
  });

  test('of one file reads the frames that hold it, and those alone', async () => {
    const room = new PayloadRoom({ name: 'tar.gz', layout: 'tar', compression: 'gzip' });
    try {
      for (const name of ['a', 'b', 'c']) await room.add(room.file(`state/${name}`, randomBytes(2_200_000)));
      await room.finish();
      await room.read((entry) => entry.path === 'state/b');
      expect(room.framesRead).toEqual([3, 4, 5]);
    } finally {
      room.remove();
    }
  });
});

describe('entries', () => {
  let room: PayloadRoom;
  beforeEach(() => {
    room = new PayloadRoom({ name: 'tar.gz', layout: 'tar', compression: 'gzip' });
  });
  afterEach(() => room.remove());

  async function reader(frames?: FrameTable): Promise<FrameContent> {
    return new FrameContent({
      frames: frames ?? (await room.frames()),
      openArchive: () => new FrameReader(room.place, gzip),
      parallel: 3,
      signal: new AbortController().signal,
    });
  }

  /** Three files of one frame each, then one of three. */
  async function packed(): Promise<ManifestEntry[]> {
    for (const name of ['a', 'b', 'c']) await room.add(room.file(`${name}/file`, randomBytes(1_000)));
    await room.add(room.file('d/large', randomBytes(2_200_000)), room.file('d/small', 'small'));
    await room.finish();
    return room.entries();
  }

  test('whose frame is damaged fail, and no others', async () => {
    const entries = await packed();
    const frames = await room.frames();
    flip(room.place, frames.get(1).offset + 20);
    flip(room.place, frames.get(4).offset + 20);
    const { contents, failures } = await room.read();
    expect([...contents.keys()]).toEqual(['a/file', 'c/file', 'd/small']);
    expect([...failures.keys()]).toEqual(['b/file', 'd/large']);
    expect(failures.get('b/file')).toMatch(/frame 1: its SHA-256 is not the manifest's/);
    // Each is told of once; what was begun is over by its failure.
    const words = await told(await reader(), entries.slice(3, 4));
    expect(words.map((word) => word.split(' ')[0])).toEqual(['begin', 'd/large', 'failed']);
  });

  test('of an archive that is cut short fail from there on', async () => {
    await packed();
    truncateSync(room.place, (await room.frames()).get(2).offset + 5);
    const { contents, failures } = await room.read();
    expect([...contents.keys()]).toEqual(['a/file', 'b/file']);
    expect([...failures.keys()]).toEqual(['c/file', 'd/large', 'd/small']);
    expect(failures.get('c/file')).toMatch(/cut short/);
  });

  const lies: [string, Partial<ManifestEntry>][] = [
    ['names a frame that does not exist', { at: { frame: 99, offset: 0 } }],
    ['names the frame after the last', { at: { frame: 6, offset: 0 } }],
    ['begins beyond its frame', { at: { frame: 0, offset: 1 << 30 } }],
    ['begins at the very end of its frame', { at: { frame: 0, offset: 2_000_000_000 } }],
    ['runs past the last frame', { size: 100_000_000 }],
    ['has the size of a galaxy', { size: Number.MAX_SAFE_INTEGER }],
  ];
  test.each(lies)('fail where the manifest lies: one %s', async (_, lie) => {
    const [first, ...others] = await packed();
    if (first === undefined) throw new Error('no entry');
    const liar = { ...first, ...lie };
    const words = await told(await reader(), [liar, ...others]);
    expect(words.filter((word) => word.includes(first.path)).at(-1)).toBe('failed a/file');
    expect(words.filter((word) => word.startsWith('failed'))).toHaveLength(1);
    expect(words.filter((word) => word.startsWith('end'))).toEqual([
      'end b/file',
      'end c/file',
      'end d/large',
      'end d/small',
    ]);
  });

  test('without a place, though they have content, fail', async () => {
    await packed();
    expect(await told(await reader(), [entryOf('x')])).toEqual(['failed x']);
  });

  test('without content need no frame', async () => {
    await packed();
    const empty = [
      entryOf('a', { size: 0 }),
      entryOf('b', { kind: 'directory', size: 0 }),
      entryOf('c', { kind: 'symlink', size: 0 }),
    ];
    const words = await told(await reader(new FrameTable()), empty);
    expect(words).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
  });

  test('without content come in their order among the others, however many there are', async () => {
    const [first, , third] = await packed();
    if (first === undefined || third === undefined) throw new Error('no entry');
    const empty = Array.from({ length: 20_000 }, (_, at) => entryOf(`empty/${at}`, { size: 0 }));
    const words = await told(await reader(), [first, ...empty, third]);
    expect(words.length).toBe(2 * (empty.length + 2) + 2);
    expect(words.slice(0, 4)).toEqual([
      `begin ${first.path}`,
      `${first.path} 1000`,
      `end ${first.path}`,
      'begin empty/0',
    ]);
    expect(words.at(-1)).toBe(`end ${third.path}`);
  });

  test('of a missing archive fail one by one', async () => {
    const entries = await packed();
    const missing = new FrameContent({
      frames: await room.frames(),
      openArchive: () => {
        throw new BackupError('ARCHIVE_DAMAGED', { archive: room.place, problem: 'it is missing' });
      },
      parallel: 2,
      signal: new AbortController().signal,
    });
    expect((await told(missing, entries)).filter((word) => !word.startsWith('failed'))).toEqual([]);
  });

  test('are read no further once the run is interrupted', async () => {
    const entries = await packed();
    const stop = new AbortController();
    const content = new FrameContent({
      frames: await room.frames(),
      openArchive: () => new FrameReader(room.place, gzip),
      parallel: 2,
      signal: stop.signal,
    });
    stop.abort();
    await expect(told(content, entries)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    content.close();
  });

  test('that a sink refuses end the reading with its reason', async () => {
    const entries = await packed();
    const content = await reader();
    const reading = content.read(batches(entries), {
      begin: () => undefined,
      bytes: () => undefined,
      end: (entry) => {
        if (entry.path === 'b/file') throw new Error('the disk is full');
      },
      failed: () => undefined,
    });
    await expect(reading).rejects.toThrow('the disk is full');
    content.close();
  });
});

describe('a frame', () => {
  let room: PayloadRoom;
  beforeEach(() => {
    room = new PayloadRoom({ name: 'tar.gz', layout: 'tar', compression: 'gzip' });
  });
  afterEach(() => room.remove());

  async function readFrame(stored: Buffer, line: Partial<FrameLine>): Promise<Buffer> {
    writeFileSync(room.place, stored);
    const frames = new FrameReader(room.place, gzip);
    try {
      return await frames.read({
        frame: 7,
        archive: 0,
        offset: 0,
        storedSize: stored.length,
        size: 100,
        sha256: sha256(stored),
        ...line,
      });
    } finally {
      frames.close();
    }
  }

  const oneHundred = gzipSync(Buffer.alloc(100));

  test('gives its bytes', async () => {
    expect((await readFrame(oneHundred, {})).equals(Buffer.alloc(100))).toBe(true);
  });

  const beyond: Partial<FrameLine>[] = [
    { size: largestFrameBytes + 1 },
    { storedSize: largestFrameBytes + 1 },
    { storedSize: Number.MAX_SAFE_INTEGER },
    { size: Number.MAX_SAFE_INTEGER },
  ];
  test.each(beyond)('of %j is refused before any memory is taken for it', async (line) => {
    const before = process.memoryUsage().arrayBuffers;
    await expect(readFrame(oneHundred, line)).rejects.toThrow(/frame 7: its size, \d+ bytes, is beyond/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  const lies: [string, Partial<FrameLine>, RegExp][] = [
    ['a size that is too small', { size: 99 }, /frame 7: .+/],
    ['a size that is too large', { size: 101 }, /100 bytes where 101 are declared/],
    ['no bytes at all', { size: 0 }, /frame 7: .+/],
    ['an offset beyond the archive', { offset: 1 << 20 }, /cut short/],
    ['an offset beyond every file', { offset: Number.MAX_SAFE_INTEGER }, /frame 7|EINVAL|cut short/],
    ['another hash', { sha256: '0'.repeat(64) }, /its SHA-256 is not the manifest's/],
    ['an end beyond the archive', { storedSize: 10_000 }, /cut short/],
  ];
  test.each(lies)('that is declared with %s is refused', async (_, line, reason) => {
    await expect(readFrame(oneHundred, line)).rejects.toThrow(reason);
  });

  test('that is a bomb is stopped, whatever its hash', async () => {
    await expect(readFrame(gzipSync(Buffer.alloc(100 << 20)), { size: 1_000 })).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
    });
  });

  test('is named with its archive in every complaint', async () => {
    const failure: unknown = await readFrame(oneHundred, { size: 3 }).catch((error: unknown) => error);
    expect(isBackupError(failure, 'ARCHIVE_DAMAGED') && failure.message).toContain(room.place);
  });
});

function flip(file: string, at: number): void {
  const byte = readFileSync(file).subarray(at, at + 1);
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, at);
  closeSync(fd);
}
