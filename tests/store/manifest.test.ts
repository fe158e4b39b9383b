import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodePath } from '../../lib/core/path-bytes.ts';
import { unsafeReasonHere } from '../../lib/core/safe-path.ts';
import { targetOf, type ManifestEntry } from '../../lib/store/manifest.ts';
import { formatEntry, formatTime, parseManifestLine, parseTime } from '../../lib/store/manifest-lines.ts';
import { hash, header, owner } from '../support/sample-manifest.ts';

// What the system may tell of a file: names of any bytes, times of any sign and size.
const paths = fc
  .array(
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => decodePath(Buffer.from(bytes))),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((names) => names.join('/'))
  .filter((path) => unsafeReasonHere(path) === undefined);
const bytes64 = (1n << 63n) - 1n;
const nanoseconds = fc
  .tuple(fc.bigInt({ min: -bytes64, max: bytes64 }), fc.bigInt({ min: 0n, max: 999_999_999n }))
  .map(([seconds, rest]) => seconds * 1_000_000_000n + rest);
const times = fc.oneof(nanoseconds, fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }));
const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const ids = fc.oneof(fc.constant(1000), fc.constant(0), fc.nat(4_294_967_294));
const optional = fc.record(
  {
    origin: paths,
    ctimeNs: times,
    inode: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    storedAs: paths,
  },
  { requiredKeys: [] },
);
const common = fc.record({ path: paths, mode: fc.nat(0o7777), mtimeNs: times, uid: ids, gid: ids });
const anyText = fc.uint8Array({ maxLength: 300 }).map((bytes) => decodePath(Buffer.from(bytes)));
const entries: fc.Arbitrary<ManifestEntry> = fc.oneof(
  fc
    .tuple(
      common,
      optional,
      hashes,
      fc.maxSafeNat(),
      fc.option(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat())),
      fc.boolean(),
    )
    .map(([first, second, sha256, size, at, isDatabase]) => ({
      ...first,
      ...second,
      kind: 'file' as const,
      size,
      sha256,
      ...(at === null ? {} : { at: { frame: at[0], offset: at[1] } }),
      ...(isDatabase ? { database: 'sqlite' as const } : {}),
    })),
  fc.tuple(common, optional).map(([first, second]) => ({ ...first, ...second, kind: 'directory' as const, size: 0 })),
  fc
    // No system has NUL in a link.
    .tuple(
      common,
      optional,
      anyText.filter((text) => !text.includes('\0')),
    )
    .map(([first, second, linkTarget]) => ({ ...first, ...second, kind: 'symlink' as const, size: 0, linkTarget })),
);
describe('a time', () => {
  test('is written as pax does: seconds rounded down, and nine digits', () => {
    expect(formatTime(0n)).toBe('0.000000000');
    expect(formatTime(1_500_000_000n)).toBe('1.500000000');
    expect(formatTime(-1n)).toBe('-1.999999999');
    expect(formatTime(-1_000_000_000n)).toBe('-1.000000000');
  });

  test('comes back to the nanosecond, before 1970 and far beyond 9999', () => {
    fc.assert(fc.property(times, (ns) => expect(parseTime(formatTime(ns))).toBe(ns)));
  });

  test.each([
    '',
    '1',
    '1.5',
    '1.0000000000',
    'x.000000000',
    '1e9.000000000',
    '1.000000000\n',
    '99999999999999999999.000000000',
  ])('is nothing else: %j', (text) => {
    expect(() => parseTime(text)).toThrow('not a time');
  });
});

describe('an entry’s line', () => {
  test('gives the entry back, whatever the system allows', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const line = formatEntry(entry, owner);
        expect(line).not.toContain('\n');
        // Bytes on the disk are UTF-8, also for names that are not.
        const read = Buffer.from(line, 'utf8').toString('utf8');
        expect(parseManifestLine(read, owner)).toEqual({ type: 'entry', entry });
      }),
      { numRuns: 500 },
    );
  });

  const line = (fields: object): string =>
    JSON.stringify({ path: 'a/b', kind: 'file', mode: '0644', mtime: '0.000000000', size: 1, sha256: hash, ...fields });

  test.each([
    { kind: 'device' },
    { mode: '07777777' },
    { mode: '9' },
    { mode: 420 },
    { mtime: 'now' },
    { mtime: 5 },
    { size: -1 },
    { size: 1.5 },
    { size: '1' },
    { size: 2 ** 60 },
    { sha256: 'short' },
    { sha256: 'Z'.repeat(64) },
    { uid: -1 },
    { uid: 'root' },
    { inode: 5 },
    { inode: 'five' },
    { at: [0] },
    { at: [-1, 0] },
    { at: ['0', '0'] },
    { database: 'oracle' },
    { kind: 'symlink', linkTarget: 5 },
    { kind: 'symlink' },
    { path: 5 },
  ])('with %j is none', (fields) => {
    expect(() => parseManifestLine(line(fields), owner)).toThrow();
  });

  test.each(['/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/.', '', 'a\0b'])('may not name %j', (path) => {
    for (const field of ['path', 'origin', 'storedAs']) {
      expect(() => parseManifestLine(line({ [field]: path }), owner)).toThrow(/path|name/);
    }
  });

  test('may hold fields of a newer version', () => {
    expect(parseManifestLine(line({ colour: 'red' }), owner)).toMatchObject({ type: 'entry', entry: { path: 'a/b' } });
  });

  test.each(['', 'null', '[]', '5', '"x"', '{}', '{"end":{}}', '{"manifest":1}', '{"frame":0}', '{', '{"path":"a"'])(
    'is not %j',
    (text) => {
      expect(() => parseManifestLine(text, owner)).toThrow();
    },
  );

  test('that sets a prototype changes nothing but itself', () => {
    parseManifestLine(line({}).replace('{', '{"__proto__":{"polluted":true},'), owner);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

test('an archive is named by its name only', () => {
  for (const file of ['../a.tar', '/etc/passwd', 'a\\b', 'a\0']) {
    const lie = { ...header, archives: [{ backup: 'b', file }] };
    expect(() => parseManifestLine(JSON.stringify(lie), owner)).toThrow('by its name only');
  }
});

test('a target is the first component of a path', () => {
  expect(['a', 'a/b', 'a/b/c'].map(targetOf)).toEqual(['a', 'a', 'a']);
});
