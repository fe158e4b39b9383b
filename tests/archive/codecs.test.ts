import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codecOf } from '../../lib/archive/codecs.ts';
import { highestLevel, lowestLevel } from '../../lib/config/default-settings.ts';
import { compressions } from '../../lib/config/settings.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { hasZstd } from '../support/payload-room.ts';

const names = compressions.filter((name) => name !== 'zstd' || hasZstd);
const endings = { none: '', gzip: '.gz', bzip2: '.bz2', xz: '.xz', zstd: '.zst' };
const unpackers = {
  none: ['cat'],
  gzip: ['gzip', '-dc'],
  bzip2: ['bzip2', '-dc'],
  xz: ['xz', '-dc'],
  zstd: ['zstd', '-dc'],
};
const megabytes = 1 << 20;

describe.each(names)('frames of %s', (name) => {
  const codec = codecOf(name);
  // Of a program of the system each frame is a process.
  const numRuns = codec.stop === undefined ? 40 : 12;

  test('are named by their ending', () => {
    expect(codec.name).toBe(name);
    expect(codec.ending).toBe(endings[name]);
  });

  const contents = fc.oneof(
    fc.uint8Array({ maxLength: 5_000 }),
    // Runs, which shrink a thousandfold, up to a whole frame.
    fc.tuple(fc.nat(255), fc.nat(codec.frameBytes)).map(([byte, size]) => new Uint8Array(size).fill(byte)),
    // Noise, which does not shrink at all.
    fc.nat(300_000).map((size) => new Uint8Array(randomBytes(size))),
  );

  test('give back the bytes, compressed or stored, at any level', async () => {
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.integer({ min: lowestLevel[name], max: Math.min(9, highestLevel[name]) }),
        async (bytes, level) => {
          for (const stored of [await codec.compress(bytes, level), await codec.store(bytes)]) {
            expect((await codec.decompress(stored, bytes.length)).equals(bytes)).toBe(true);
            if (codec.magic !== undefined) {
              expect(stored.subarray(0, codec.magic.length).equals(codec.magic)).toBe(true);
            }
          }
        },
      ),
      { numRuns },
    );
  });

  test('refuse any other size than the declared one', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(1_000_000), async (bytes, declared) => {
        fc.pre(declared !== bytes.length);
        await expect(codec.decompress(await codec.compress(bytes, 1), declared)).rejects.toThrow();
      }),
      { numRuns },
    );
  });

  test('stand alone, and one after the other they are one file of their kind', async () => {
    const parts = [Buffer.from('one '), randomBytes(1_000), Buffer.alloc(0), Buffer.alloc(9_999, 'x')];
    const stored = [];
    for (const part of parts) stored.push(await codec.compress(part, 6), await codec.store(part));
    const whole = Buffer.concat(parts.flatMap((part) => [part, part]));
    const [tool, ...options] = unpackers[name];
    expect(execFileSync(tool ?? '', options, { input: Buffer.concat(stored) }).equals(whole)).toBe(true);
  });

  test('do not grow by more than a hundredth where the bytes do not shrink', async () => {
    const noise = randomBytes(codec.frameBytes);
    expect((await codec.store(noise)).length).toBeLessThan(noise.length * 1.01 + 100);
  });

  test('do not depend on what was compressed before, nor on what is compressed beside', async () => {
    const rows = Buffer.from('a row that repeats; '.repeat(50_000)).subarray(0, megabytes);
    const inputs = [rows, randomBytes(megabytes), Buffer.alloc(megabytes), Buffer.from('x'), rows];
    const alone: Buffer[] = [];
    for (const input of inputs) alone.push(await codec.compress(input, 6));
    const beside = await Promise.all(inputs.map((input) => codec.compress(input, 6)));
    expect(beside.map((one, at) => one.equals(alone[at] ?? one))).toEqual(inputs.map(() => true));
  });
});

const packed = names.filter((name) => name !== 'none');

describe.each(packed)('a frame of %s that lies', (name) => {
  const text = Buffer.from('some text, some more text'.repeat(100));

  test('a bomb is stopped at the declared size', async () => {
    const codec = codecOf(name);
    const bomb = await codec.compress(Buffer.alloc(64 * megabytes), 6);
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().arrayBuffers;
    await expect(codec.decompress(bomb, 1_000)).rejects.toThrow();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * megabytes);
  });

  test('an empty frame may be declared empty only', async () => {
    const codec = codecOf(name);
    const empty = await codec.compress(Buffer.alloc(0), 6);
    expect((await codec.decompress(empty, 0)).length).toBe(0);
    await expect(codec.decompress(await codec.compress(Buffer.from('x'), 6), 0)).rejects.toThrow();
  });

  test.each(['flipped', 'cut short', 'empty', 'noise', 'of nothing but its first bytes'])(
    'what is %s is refused',
    async (damage) => {
      const codec = codecOf(name);
      const whole = await codec.compress(text, 6);
      const flipped = Buffer.from(whole);
      flipped[30] = (flipped[30] ?? 0) ^ 1;
      const damaged: Record<string, Buffer> = {
        flipped,
        'cut short': whole.subarray(0, -1),
        empty: Buffer.alloc(0),
        noise: Buffer.alloc(99, 7),
        'of nothing but its first bytes': codec.magic ?? Buffer.alloc(0),
      };
      await expect(codec.decompress(damaged[damage] ?? whole, text.length)).rejects.toThrow();
      await expect(codec.decompress(damaged[damage] ?? whole, 0)).rejects.toThrow();
    },
  );
});

test('gzip frames are what every gunzip reads', async () => {
  const gzip = codecOf('gzip');
  const bytes = randomBytes(10_000);
  expect(gunzipSync(await gzip.compress(bytes, 9)).equals(bytes)).toBe(true);
  expect(gunzipSync(await gzip.store(bytes)).equals(bytes)).toBe(true);
});

test('zstd is there, or says which Node it needs', () => {
  if (hasZstd) {
    expect(codecOf('zstd').name).toBe('zstd');
    return;
  }
  let thrown: unknown;
  try {
    codecOf('zstd');
  } catch (error) {
    thrown = error;
  }
  expect(isBackupError(thrown, 'CODEC_UNAVAILABLE') && thrown.message).toMatch(/zstd.*Node 22\.15 or later/);
});
