import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { comparePaths, decodePath, pathToBytes, printablePath } from '../../lib/core/path-bytes.ts';

describe('paths of any encoding', () => {
  test('any bytes survive the way to a string, through JSON, and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const path = decodePath(Buffer.from(bytes));
        const again = JSON.parse(JSON.stringify(path)) as string;
        expect(pathToBytes(again).equals(Buffer.from(bytes))).toBe(true);
      }),
    );
  });

  test('UTF-8 names, emoji included, stay as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(decodePath(Buffer.from(name, 'utf8'))).toBe(name);
        expect(pathToBytes(name).equals(Buffer.from(name, 'utf8'))).toBe(true);
      }),
    );
  });

  test('a Latin-1 name beside an emoji keeps both', () => {
    const bytes = Buffer.concat([Buffer.from('😀caf'), Buffer.from([0xe9])]);
    expect(pathToBytes(decodePath(bytes)).equals(bytes)).toBe(true);
    expect(printablePath(decodePath(bytes))).toBe('😀caf\\xe9');
  });

  test('control characters and direction marks cannot drive a terminal', () => {
    expect(printablePath('a\u001b[31mb\n\u202ec')).toBe('a\\x1b[31mb\\x0a\\u202ec');
  });

  test('the order is that of a depth-first walk', () => {
    const sorted = ['a', 'a/b', 'a/b/c', 'a/z', 'a-b', 'a.b', 'b'];
    expect([...sorted].reverse().sort(comparePaths)).toEqual(sorted);
  });
});
