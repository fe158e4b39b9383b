import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeTarHeader, tarHeaderSize, tarPadding, type TarHeaderEntry } from '../../lib/archive/tar-headers.ts';
import { decodePath, pathToBytes } from '../../lib/core/path-bytes.ts';
import { tarEnd } from '../support/tar-end.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tar-headers-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = 1_781_870_400_123_456_789n;

function entry(path: string, fields: Partial<TarHeaderEntry> = {}): TarHeaderEntry {
  return { path, kind: 'file', mode: 0o640, mtimeNs: at, uid: 1000, gid: 1000, size: 0, ...fields };
}

/** The header's bytes, written into a buffer full of rubbish to show that none of it shines through. */
function headerOf(one: TarHeaderEntry): Buffer {
  const into = Buffer.alloc(tarHeaderSize(one) + 300, 0xaa);
  const written = encodeTarHeader(one, into, 100);
  expect(written).toBe(tarHeaderSize(one));
  expect(into[99]).toBe(0xaa);
  expect(into[100 + written]).toBe(0xaa);
  return into.subarray(100, 100 + written);
}

function tarOf(entries: Array<{ entry: TarHeaderEntry; content?: string }>): string {
  const parts: Buffer[] = [];
  for (const { entry: one, content = '' } of entries) {
    const bytes = Buffer.from(content);
    parts.push(headerOf({ ...one, size: bytes.length }), bytes, Buffer.alloc(tarPadding(bytes.length)));
  }
  const file = join(folder, 'made.tar');
  writeFileSync(file, Buffer.concat([...parts, tarEnd]));
  return file;
}

const tar = (...args: string[]): string =>
  execFileSync('tar', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' } });

/** Names in the toolkit's form of everything below a folder. */
function namesBelow(path: Buffer, prefix = ''): string[] {
  return readdirSync(path, { encoding: 'buffer' }).flatMap((name) => {
    const full = Buffer.concat([path, Buffer.from('/'), name]);
    const text = `${prefix}${decodePath(name)}`;
    return lstatSync(full).isDirectory() ? [text, ...namesBelow(full, `${text}/`)] : [text];
  });
}

function extracted(file: string): string {
  const into = join(folder, 'out');
  execFileSync('mkdir', [into]);
  tar('--no-same-owner', '-xpf', file, '-C', into);
  return into;
}

describe('headers that the system’s tar reads back', () => {
  const long = 'a'.repeat(60);
  const names: Array<[story: string, path: string]> = [
    ['a plain name', 'config/app.json'],
    ['98 bytes', 'n'.repeat(98)],
    ['99 bytes', 'n'.repeat(99)],
    ['exactly 100 bytes without a folder', 'n'.repeat(100)],
    ['101 bytes without a folder', 'n'.repeat(101)],
    ['a path that ustar can cut in two', `${long}/${long}/file.txt`],
    ['a prefix of more than 130 bytes', `${long}/${long}/${'b'.repeat(20)}/file.txt`],
    ['300 bytes', `${long}/${long}/${long}/${long}/${'z'.repeat(56)}`],
    ['a last component of 255 bytes', `logs/${'l'.repeat(255)}`],
    ['non-ASCII', 'agents/日本語のノート/メモ.md'],
    ['a long non-ASCII path', `agents/${'ノート'.repeat(20)}/${'メモ'.repeat(30)}.md`],
    ['a newline', 'logs/two\nlines.log'],
    ['a newline in a path beyond 100 bytes', `logs/${long}/${long}/two\nlines 12 path=evil\n.log`],
    ['bytes that are not UTF-8', decodePath(Buffer.from([0x6c, 0x2f, 0xff, 0xfe, 0x63, 0x61, 0x66, 0xe9]))],
    ['exactly 100 bytes, the last not UTF-8', `${'r'.repeat(99)}\udce9`],
    ['101 bytes, the last not UTF-8', `${'r'.repeat(100)}\udce9`],
    ['300 bytes that are not UTF-8', `${long}/${long}/${long}/${long}/caf\udce9 ${'q'.repeat(50)}`],
    ['not UTF-8 beside real Japanese', `日本/${long}/${long}/\udc93\udcfa\udc96\udc7b 日`.replace('\udc7b', '{')],
    ['a leading dash and spaces', '-rf / *'.replace('/ ', '')],
    ['backslashes', 'logs\\not a folder.log'],
  ];
  test.each(names)('%s', (_story, path) => {
    const out = extracted(tarOf([{ entry: entry(path), content: 'what it holds' }]));
    expect(namesBelow(Buffer.from(out))).toContain(path);
    expect(readFileSync(Buffer.concat([Buffer.from(`${out}/`), pathToBytes(path)]), 'utf8')).toBe('what it holds');
  });

  test('folders end in a slash, and keep mode and time', () => {
    const file = tarOf([
      { entry: entry('data', { kind: 'directory', mode: 0o750 }) },
      { entry: entry(`data/${long}/${long}`, { kind: 'directory', mode: 0o700 }) },
      { entry: entry(`データ/${long}`, { kind: 'directory', mode: 0o711 }) },
    ]);
    expect(tar('-tf', file).split('\n').filter(Boolean)).toEqual(['data/', `data/${long}/${long}/`, `データ/${long}/`]);
    const out = extracted(file);
    expect(lstatSync(join(out, 'data')).mode & 0o7777).toBe(0o750);
    expect(lstatSync(join(out, 'データ', long)).mode & 0o7777).toBe(0o711);
    expect(lstatSync(join(out, 'データ', long)).mtimeMs).toBe(1_781_870_400_000);
  });

  test.each([
    ['a short target', '../config/app.json'],
    ['an absolute target', '/srv/releases/3'],
    ['exactly 100 bytes', 't'.repeat(100)],
    ['300 bytes', `${long}/${long}/${long}/${long}/${'t'.repeat(56)}`],
    ['non-ASCII', '../日本語/メモ'],
    ['not UTF-8, short', 'caf\udce9'],
    ['not UTF-8, long', `${long}/${long}/caf\udce9 linkpath=x`],
  ])('a link with %s', (_story, linkTarget) => {
    const out = extracted(tarOf([{ entry: entry('link', { kind: 'symlink', mode: 0o777, linkTarget }) }]));
    expect(decodePath(readlinkSync(join(out, 'link'), { encoding: 'buffer' }))).toBe(linkTarget);
  });

  test('a name and a link target that are both not UTF-8, and long, and each other’s key', () => {
    const path = `${long}/${long}/\udcff linkpath=xxxxxxxxxxx`;
    const linkTarget = `${long}/${long}/\udcfe path=xxxxxxxxxxx`;
    const out = extracted(tarOf([{ entry: entry(path, { kind: 'symlink', linkTarget }) }]));
    const made = Buffer.concat([Buffer.from(`${out}/`), pathToBytes(path)]);
    expect(decodePath(readlinkSync(made, { encoding: 'buffer' }))).toBe(linkTarget);
  });

  test.each([
    ['5 GiB', 5 * 2 ** 30, 512],
    ['8 GiB less one byte', 8 * 2 ** 30 - 1, 512],
    ['8 GiB', 8 * 2 ** 30, 1536],
    ['9 GiB', 9 * 2 ** 30, 1536],
    ['3 TiB', 3 * 2 ** 40, 1536],
  ])('a file of %s', (_story, size, headerBytes) => {
    const header = headerOf(entry('dump.db', { size }));
    expect(header).toHaveLength(headerBytes);
    const file = join(folder, 'big.tar');
    writeFileSync(file, header);
    // The content is missing, and tar says so; what it lists before that is what the header told it.
    expect(listingOfTruncated(file)).toMatch(new RegExp(` ${size} 2026-06-19 12:00 dump.db`));
  });

  test.each([
    ['the largest owner that ustar holds', { uid: 0o7777777, gid: 0 }, '2097151/0', '2026-06-19 12:00'],
    [
      'owners of a directory service',
      { uid: 1_234_567_890, gid: 4_000_000_000 },
      '1234567890/4000000000',
      '2026-06-19 12:00',
    ],
    ['a time before 1970', { mtimeNs: -1_500_000_000n }, '1000/1000', '1969-12-31 23:59'],
    ['the year 2300', { mtimeNs: 10_413_792_000_000_000_000n }, '1000/1000', '2300-01-01 00:00'],
  ])('%s', (_story, fields, owner, time) => {
    const file = tarOf([{ entry: entry('x', fields), content: 'x' }]);
    const listed = tar('--numeric-owner', '--full-time', '-tvf', file);
    expect(listed).toContain(owner);
    expect(listed).toContain(time);
  });
});

test('a time before 1970 is rounded down, like every other', () => {
  const file = tarOf([{ entry: entry('x', { mtimeNs: -1_500_000_000n }) }]);
  expect(lstatSync(join(extracted(file), 'x')).mtimeMs).toBe(-2000);
});

test('modes keep setuid, setgid and the sticky bit', () => {
  const out = extracted(tarOf([{ entry: entry('tool', { mode: 0o6755 }), content: '#!' }]));
  expect(lstatSync(join(out, 'tool')).mode & 0o7777).toBe(0o6755);
});

test('a buffer without enough room is refused and left as it was', () => {
  const one = entry('メモ.md');
  const into = Buffer.alloc(tarHeaderSize(one), 0xaa);
  expect(() => encodeTarHeader(one, into, 1)).toThrow(RangeError);
  expect(into.every((byte) => byte === 0xaa)).toBe(true);
});

test('the padding fills up to the next block', () => {
  expect([0, 1, 511, 512, 513, 9 * 2 ** 30 + 1].map(tarPadding)).toEqual([0, 511, 1, 0, 511, 511]);
});

function listingOfTruncated(file: string): string {
  try {
    return tar('-tvf', file);
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
