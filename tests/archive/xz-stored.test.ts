import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { storedXz } from '../../lib/archive/codecs/xz-stored.ts';

const unpack = (stored: Buffer): Buffer => execFileSync('xz', ['-dc'], { input: stored, maxBuffer: 1 << 26 });

// Around a chunk of 64 KiB, around each length of padding, and where the index's numbers get a byte longer.
const sizes = [0, 1, 2, 3, 4, 5, 110, 111, 112, 127, 128, 16_383, 16_384, 65_535, 65_536, 65_537, 2_097_152, 4_194_304];

test.each(sizes)('%d bytes that are stored are an xz stream', (size) => {
  const bytes = randomBytes(size);
  const stored = storedXz(bytes);
  expect(unpack(stored).equals(bytes)).toBe(true);
  expect(stored.length).toBeLessThan(size + 100 + 3 * (size >> 16));
});

test('one after the other they are one file, and a changed byte is found', () => {
  const [one, two] = [randomBytes(70_001), randomBytes(9)];
  const stored = Buffer.concat([storedXz(one), storedXz(two)]);
  expect(unpack(stored).equals(Buffer.concat([one, two]))).toBe(true);
  stored[40_000] = (stored[40_000] ?? 0) ^ 1;
  expect(() => execFileSync('xz', ['-t'], { input: stored, stdio: ['pipe', 'ignore', 'ignore'] })).toThrow();
});

test('their memory may be given away', () => {
  const { buffer, byteOffset, length } = storedXz(Buffer.from('few'));
  expect([byteOffset, buffer.byteLength]).toEqual([0, length]);
});
