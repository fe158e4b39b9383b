import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { blockSizeFor, BlockHasher, changedRuns } from '../../lib/archive/block-hashes.ts';

const gibibyte = 2 ** 30;

test.each([
  [1 << 20, undefined, 16_384],
  [32 * gibibyte, undefined, 16_384],
  [32 * gibibyte + 1, undefined, 32_768],
  [8 * gibibyte, 4096, 4096],
  [100 * gibibyte, 4096, 65_536],
  [2 ** 50, 512, 2 ** 29],
])('a file of %d bytes with pages of %s has blocks of %d: hashes of 32 MB at the most', (size, page, block) => {
  expect(blockSizeFor(size, page)).toBe(block);
});

describe('blocks of a content that comes in pieces', () => {
  const content = randomBytes(10_000);
  const hash = (pieces: readonly Buffer[], expected = 0): Buffer => {
    const hasher = new BlockHasher(1024, expected);
    for (const piece of pieces) hasher.update(piece);
    return hasher.finish().hashes;
  };

  test.each([1, 7, 1023, 1024, 1025, 3000, 10_000])('are the same in pieces of %d bytes', (length) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < content.length; at += length) pieces.push(content.subarray(at, at + length));
    expect(hash(pieces)).toEqual(hash([content], content.length));
  });

  test('of an empty content there are none', () => {
    expect(hash([])).toHaveLength(0);
  });

  test('that are cut short differ from whole ones, whatever their hashes say', () => {
    const blocks = (bytes: Buffer) => {
      const hasher = new BlockHasher(1024, bytes.length);
      hasher.update(bytes);
      return hasher.finish();
    };
    expect(changedRuns(blocks(content), blocks(content.subarray(0, 9000)))).toEqual([{ from: 8192, to: 9000 }]);
    expect(changedRuns(blocks(content.subarray(0, 9000)), blocks(content))).toEqual([{ from: 8192, to: 10_000 }]);
  });
});
