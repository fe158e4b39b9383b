/** Frames in an encrypted archive: what is told of them, who opens them, and which are refused. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { codecOf, type Codec } from '../../lib/archive/codecs.ts';
import { FrameReader } from '../../lib/archive/frame-reader.ts';
import { FrameWriter, type Mark } from '../../lib/archive/frame-writer.ts';
import { openRange } from '../../lib/archive/opened-range.ts';
import { headBytes } from '../../lib/crypto/salted-layout.ts';
import { SaltedSealer } from '../../lib/crypto/salted-stream.ts';
import type { FileKey } from '../../lib/crypto/derive-keys.ts';
import type { Compression } from '../../lib/config/settings.ts';
import type { FrameLine } from '../../lib/store/manifest.ts';
import { fileKeyOf, openerOf, opensslOpened, sealerOf } from '../support/file-key.ts';
import { hasZstd } from '../support/payload-room.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const key = fileKeyOf(8);
let folder: string;
let file: string;
beforeEach(() => {
  folder = makeTemporaryFolder('sealed-frames');
  file = join(folder, 'archive');
});
afterEach(() => removeTemporaryFolder(folder));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const openWriter = (codec: Codec, sealer = sealerOf(key)): FrameWriter =>
  new FrameWriter({ file, mode: 0o600, codec, level: 6, parallel: 3, sealer });

async function writeFrame(frames: FrameWriter, bytes: Uint8Array, told: FrameLine[]): Promise<void> {
  const buffer = frames.takeBuffer();
  buffer.set(bytes);
  await frames.write(buffer, bytes.length, (frame) => told.push({ frame: told.length, archive: 0, ...frame }));
}

const codecs: [Compression, string[] | undefined][] = [
  ['none', undefined],
  ['gzip', ['gunzip']],
  ['bzip2', ['bunzip2']],
  ['xz', ['xz', '-d']],
  ...(hasZstd ? [['zstd', undefined] as [Compression, undefined]] : []),
];

describe.each(codecs)('frames of %s', (compression, unpack) => {
  test('are given back, and are on the disk as they were told', async () => {
    const codec = codecOf(compression);
    const contents = [
      randomBytes(5_000),
      seededBytes(1, 200_000, 'text'),
      Buffer.alloc(codec.frameBytes),
      Buffer.alloc(codec.frameBytes),
      randomBytes(1),
      Buffer.from('x'),
    ];
    const frames = openWriter(codec);
    const told: FrameLine[] = [];
    for (const content of contents) await writeFrame(frames, content, told);
    const finished = await frames.finish();
    codec.stop?.();

    const archive = readFileSync(file);
    expect(finished).toEqual({ size: archive.length, sha256: sha256(archive) });
    let offset = headBytes;
    for (const frame of told) {
      expect(frame.offset).toBe(offset);
      expect(sha256(archive.subarray(offset, offset + frame.storedSize))).toBe(frame.sha256);
      offset += frame.storedSize;
    }
    expect(offset).toBe(archive.length);
    // Two frames of zeros are one and the same before they are encrypted, and tell nobody so.
    expect(told[2]?.storedSize).toBe(told[3]?.storedSize);
    expect(told[2]?.sha256).not.toBe(told[3]?.sha256);

    const reader = new FrameReader(file, codecOf(compression, 'decompress'), Promise.resolve(openerOf(key)));
    for (const at of [5, 0, 3, 1, 4, 2]) {
      const frame = told[at];
      if (frame === undefined) throw new Error('there is no such frame');
      expect((await reader.read(frame)).equals(contents[at] ?? Buffer.alloc(0))).toBe(true);
    }
    reader.close();

    const opened = opensslOpened(file, key);
    const all = Buffer.concat(contents);
    if (compression === 'none') expect(opened.equals(all)).toBe(true);
    const [program = '', ...args] = unpack ?? [];
    if (program !== '')
      expect(execFileSync(program, args, { input: opened, maxBuffer: 1 << 28 }).equals(all)).toBe(true);
  });
});

describe('an encrypted archive', () => {
  test('begins with its head, also one without a frame', async () => {
    await openWriter(codecOf('gzip')).finish();
    expect(readFileSync(file).equals(sealerOf(key).head)).toBe(true);
  });

  test('takes what is appended, and what is packed already, under the same keystream', async () => {
    const gzip = codecOf('gzip');
    const frames = openWriter(gzip);
    const told: FrameLine[] = [];
    await writeFrame(frames, Buffer.from('one '), told);
    const packed = await gzip.compress(Buffer.from('two '), 6);
    const proven = sha256(packed);
    await frames.writePacked(packed, proven, 4, (frame) => told.push({ frame: 1, archive: 0, ...frame }));
    await frames.drain();
    const offset = frames.append(await gzip.compress(Buffer.from('three'), 6));
    await frames.finish();
    expect(offset).toBe((told[1]?.offset ?? 0) + (told[1]?.storedSize ?? 0));
    expect(execFileSync('gunzip', { input: opensslOpened(file, key) }).toString()).toBe('one two three');
    // What was known is the hash of the bytes before they were encrypted.
    expect(told[1]?.sha256).not.toBe(proven);
    const stored = readFileSync(file).subarray(told[1]?.offset, offset);
    expect(told[1]?.sha256).toBe(sha256(stored));
  });

  test('is never rewound: other bytes under the same keystream would show what both are', async () => {
    const frames = openWriter(codecOf('none'));
    expect(frames.canRewind).toBe(false);
    const mark: Mark = {};
    await frames.write(frames.takeBuffer(), 100, () => undefined, mark);
    await frames.drain();
    const before = readFileSync(file);
    await expect(frames.rewind(mark)).rejects.toThrow('never used twice');
    await frames.finish();
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('waits with its frames for a key that is being derived, and fails where none comes', async () => {
    let derived: (known: FileKey) => void = () => undefined;
    const slow = new SaltedSealer(new Promise<FileKey>((resolve) => (derived = resolve)), Buffer.alloc(8));
    const frames = openWriter(codecOf('none'), slow);
    const told: FrameLine[] = [];
    const writing = (async () => {
      for (const text of ['a', 'b', 'c', 'd', 'e']) await writeFrame(frames, Buffer.from(text), told);
    })();
    await new Promise(setImmediate);
    expect(told).toEqual([]);
    derived(key);
    await writing;
    await frames.finish();
    expect(opensslOpened(file, key).toString()).toBe('abcde');

    file = join(folder, 'other');
    const never = openWriter(codecOf('none'), new SaltedSealer(Promise.reject(new Error('no key')), Buffer.alloc(8)));
    await writeFrame(never, Buffer.from('a'), []);
    await expect(never.finish()).rejects.toThrow('no key');
    await never.abort();
    expect(readFileSync(file)).toHaveLength(headBytes);
  });
});

describe('a reader', () => {
  async function oneFrame(): Promise<FrameLine> {
    const frames = openWriter(codecOf('gzip'));
    const told: FrameLine[] = [];
    await writeFrame(frames, Buffer.from('content'), told);
    await frames.finish();
    const [frame] = told;
    if (frame === undefined) throw new Error('nothing was told');
    return frame;
  }

  const problemOf = async (reader: FrameReader, frame: FrameLine): Promise<string> => {
    try {
      await reader.read(frame);
      return '';
    } catch (error) {
      return (error as { params: { problem: string } }).params.problem;
    } finally {
      reader.close();
    }
  };

  test.each([0, 8, 15])('finds no frame in the head, at byte %i', async (offset) => {
    const { storedSize, size } = await oneFrame();
    // Its hash is right: the manifest is what lies.
    const stored = readFileSync(file).subarray(offset, offset + storedSize);
    const reader = new FrameReader(file, codecOf('gzip'), Promise.resolve(openerOf(key)));
    const frame = { frame: 0, archive: 0, offset, storedSize, size, sha256: sha256(stored) };
    expect(await problemOf(reader, frame)).toBe('frame 0: it lies in the head of the archive');
  });

  test('decrypts nothing whose hash is not right', async () => {
    const frame = await oneFrame();
    const bytes = readFileSync(file);
    bytes[frame.offset + 3] = (bytes[frame.offset + 3] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    let opened = 0;
    const opener = openerOf(key);
    const counting = {
      headBytes,
      open: (...args: Parameters<typeof opener.open>) => ((opened += 1), opener.open(...args)),
    };
    expect(await problemOf(new FrameReader(file, codecOf('gzip'), Promise.resolve(counting)), frame)).toBe(
      "frame 0: its SHA-256 is not the manifest's",
    );
    expect(opened).toBe(0);
  });

  test('with another key says that the archive is damaged', async () => {
    const frame = await oneFrame();
    const reader = new FrameReader(file, codecOf('gzip'), Promise.resolve(openerOf(fileKeyOf(9))));
    expect(await problemOf(reader, frame)).toMatch(/^frame 0: /);
  });

  test('whose key never comes says so to who reads, and to nobody else', async () => {
    const frame = await oneFrame();
    const reader = new FrameReader(file, codecOf('gzip'), Promise.reject(new Error('no key')));
    await new Promise(setImmediate);
    await expect(reader.read(frame)).rejects.toThrow('no key');
    reader.close();
  });
});

test('a part of an encrypted file is read as that part of its content', async () => {
  const content = seededBytes(4, 1_000_000);
  const sealer = sealerOf(key);
  writeFileSync(file, Buffer.concat([sealer.head, sealer.seal(content)]));
  for (const [from, to] of [
    [0, 1_000_000],
    [1, 999_999],
    [262_143, 262_145],
    [999_999, 1_000_000],
    [17, 700_001],
  ] as const) {
    const part = await buffer(openRange(file, headBytes + from, headBytes + to - 1, openerOf(key)));
    expect(part.equals(content.subarray(from, to))).toBe(true);
  }
});
