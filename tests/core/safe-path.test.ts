import { posix, win32 } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { unsafeReason, unsafeReasonHere } from '../../lib/core/safe-path.ts';

describe('a path that an archive names', () => {
  test.each([
    'a',
    'a/b',
    '.hidden',
    '..x',
    'x..',
    '...',
    'a/..b/c',
    ' ',
    'a b/名前',
    'caf\udce9',
    'new\nline',
    '-rf',
    'C:',
    'c:x',
  ])('may be %j', (path) => {
    expect(unsafeReason(path)).toBeUndefined();
    expect(unsafeReasonHere(path, 'linux')).toBeUndefined();
  });

  test.each([
    ['', 'empty name'],
    ['/', 'absolute path'],
    ['/etc/passwd', 'absolute path'],
    ['..', '".." in the path'],
    ['../x', '".." in the path'],
    ['a/../../x', '".." in the path'],
    ['a/..', '".." in the path'],
    ['.', 'empty component in the path'],
    ['./a', 'empty component in the path'],
    ['a//b', 'empty component in the path'],
    ['a/', 'empty component in the path'],
    ['a\0', 'NUL in the name'],
    ['a/b\0/../c', 'NUL in the name'],
  ])('may not be %j: %s', (path, reason) => {
    expect(unsafeReason(path)).toBe(reason);
    expect(unsafeReasonHere(path, 'linux')).toBe(reason);
  });

  test.each([
    'C:\\x',
    'C:/x',
    'z:\\',
    '\\\\server\\share',
    '..\\x',
    'a\\..\\..\\x',
    'a/b\\..\\c',
    'a/..\\/..\\x',
    '\\x',
  ])('may not be %j where Windows is, nor where it could come to', (path) => {
    expect(unsafeReason(path)).toBeDefined();
    expect(unsafeReasonHere(path, 'win32')).toBeDefined();
    // On Linux it is a name like any other: a backup of it must be readable.
    expect(unsafeReasonHere(path, 'linux')).toBeUndefined();
  });
});

test('what is safe stays below the destination, on every system', () => {
  const part = fc.constantFrom('..', '.', '', 'a', '\\', '/', 'C:', '..\\', '\0', 'b c');
  const path = fc.oneof(
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/')),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(path, (given) => {
      fc.pre(unsafeReason(given) === undefined);
      expect(posix.join('/destination', given).startsWith('/destination/')).toBe(true);
      expect(`${win32.join('D:\\destination', given)}\\`.startsWith('D:\\destination\\')).toBe(true);
      expect(win32.isAbsolute(given)).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});
