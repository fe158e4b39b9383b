import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkForeignTar, type ForeignListing } from '../../lib/archive/foreign-check.ts';
import { extractForeignTar } from '../../lib/archive/foreign-extract.ts';
import type { NameRules } from '../../lib/archive/foreign-names.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { gnuLong, hostileTar, paxHeader, paxRecord, tarPart, type TarPart } from '../fixtures/hostile-archives.ts';

let folder: string;
let into: string;
let outside: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreign-tar-'));
  into = join(folder, 'staging');
  outside = join(folder, 'outside');
  mkdirSync(into);
  mkdirSync(outside);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function archive(...parts: Array<TarPart | Buffer>): string {
  const file = join(folder, 'hostile.tar');
  writeFileSync(file, hostileTar(...parts));
  return file;
}

const extract = (file: string, rules: NameRules = {}): Promise<ForeignListing> =>
  extractForeignTar({ file, into, ...rules });

/** The archive is refused with that code and reason, and not a byte was written, inside or outside. */
async function refused(
  file: string,
  code: 'UNSAFE_ENTRY' | 'ARCHIVE_DAMAGED' | 'ARCHIVE_UNKNOWN',
  says: RegExp,
): Promise<void> {
  const error: unknown = await extract(file).catch((thrown: unknown) => thrown);
  if (!isBackupError(error, code)) throw new Error(`not refused with ${code}`, { cause: error });
  expect(error.message).toMatch(says);
  expect(readdirSync(into)).toEqual([]);
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(['hostile.tar', 'outside', 'staging']);
}

const good: TarPart = { name: 'good.txt', content: 'harmless' };

describe('names that lead out of the destination', () => {
  test.each([
    ['a parent', '../outside/evil.txt', /"\.\." in the path/],
    ['a parent further down', 'a/b/../../../outside/evil.txt', /"\.\." in the path/],
    ['a parent behind ./', './../outside/evil.txt', /"\.\." in the path/],
    ['an absolute path', '/tmp/evil.txt', /absolute path/],
    ['an absolute path with two slashes', '//tmp/evil.txt', /absolute path/],
    ['an absolute Windows path', 'C:\\Windows\\evil.txt', /absolute Windows path/],
    ['an absolute Windows path with slashes', 'c:/Windows/evil.txt', /absolute Windows path/],
    ['a Windows share', '\\\\server\\share\\evil.txt', /absolute Windows path/],
    ['a parent in Windows’ spelling', '..\\outside\\evil.txt', /"\.\." in the path/],
  ])('%s', async (_story, name, says) => {
    await refused(archive(good, { name, content: 'evil' }), 'UNSAFE_ENTRY', says);
  });

  test('a folder outside', () => refused(archive({ name: '../outside/made/', type: '5' }), 'UNSAFE_ENTRY', /"\.\."/));

  test('a name that pax puts in the place of a harmless one', () =>
    refused(archive(paxHeader({ path: '../outside/evil.txt' }), good), 'UNSAFE_ENTRY', /outside\/evil/));

  test('a name that GNU’s long name puts in the place of a harmless one', () =>
    refused(archive(gnuLong('L', '../outside/evil.txt'), good), 'UNSAFE_ENTRY', /outside\/evil/));

  test('a name in the prefix field', () => {
    const part = tarPart({ name: 'evil.txt' });
    part.write('../outside', 345);
    part.write(checksumOf(part), 148);
    return refused(archive(good, part), 'UNSAFE_ENTRY', /outside\/evil/);
  });

  test('NUL in a pax name', () =>
    refused(archive(paxHeader({ path: 'a\0b' }), good), 'UNSAFE_ENTRY', /NUL in the name/));

  test('an empty name', () => refused(archive({ name: '', content: 'x' }), 'UNSAFE_ENTRY', /empty name/));
});

describe('links', () => {
  test.each([
    ['an absolute target', '/etc/passwd'],
    ['a parent', '../outside'],
    ['a way down and out', 'a/../../outside'],
    ['an absolute Windows target', 'C:\\Windows'],
  ])('a link out: %s', (_story, link) =>
    refused(archive({ name: 'link', type: '2', link }), 'UNSAFE_ENTRY', /a link that leads out/),
  );

  test('a link with a long target out', () =>
    refused(
      archive(gnuLong('K', `/${'x'.repeat(200)}`), { name: 'l', type: '2', link: 'l' }),
      'UNSAFE_ENTRY',
      /leads out/,
    ));

  test('a link that leads out through another link, which comes after it', async () => {
    await refused(
      archive(
        { name: 'a/b/c/', type: '5' },
        { name: 'out', type: '2', link: 'a/b/c/up/../..' },
        { name: 'a/b/c/up', type: '2', link: '../../..' },
      ),
      'UNSAFE_ENTRY',
      /leads out/,
    );
  });

  test('links that lead back in are kept as they are', async () => {
    const listing = await extract(
      archive({ name: 'a/b/', type: '5' }, { name: 'a/b/link', type: '2', link: '../../good.txt' }, good, {
        name: 'here',
        type: '2',
        link: '.',
      }),
    );
    expect(readlinkSync(join(into, 'a/b/link'))).toBe('../../good.txt');
    expect(readlinkSync(join(into, 'here'))).toBe('.');
    expect(listing).toMatchObject({ files: 1, folders: 1, links: 2 });
  });

  test('a link in a ring leads nowhere, and is kept', async () => {
    await extract(archive({ name: 'x', type: '2', link: 'y/a' }, { name: 'y', type: '2', link: 'x/b' }));
    expect(readlinkSync(join(into, 'x'))).toBe('y/a');
  });

  test('links out are kept where the caller says so, and nothing goes through them', async () => {
    const file = archive({ name: 'current', type: '2', link: outside }, good);
    await extract(file, { outsideLinks: 'keep' });
    expect(readlinkSync(join(into, 'current'))).toBe(outside);
    expect(readdirSync(outside)).toEqual([]);
  });

  test.each([
    ['through a link out', '../outside'],
    ['through a link that stays inside', 'real'],
  ])('a file written %s', async (_story, link) => {
    const file = archive(
      { name: 'real/', type: '5' },
      { name: 'link', type: '2', link },
      { name: 'link/evil.txt', content: 'evil' },
    );
    await refused(file, 'UNSAFE_ENTRY', /link/);
    await expect(checkForeignTar({ file, outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
  });

  test('a link whose name is taken by a file afterwards', async () => {
    const file = archive({ name: 'x', type: '2', link: outside }, { name: 'x', content: 'evil' });
    await expect(extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
    expect(readdirSync(outside)).toEqual([]);
  });

  test('a folder that becomes a link afterwards', async () => {
    const file = archive(
      { name: 'x/a.txt', content: 'a' },
      { name: 'x', type: '2', link: outside },
      { name: 'x/b.txt', content: 'b' },
    );
    await expect(extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
    expect(readdirSync(into)).toEqual([]);
  });

  test('a link whose name differs only in case from a folder that is written to', async () => {
    const file = archive({ name: 'Data', type: '2', link: outside }, { name: 'data/evil.txt', content: 'evil' });
    await expect(extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
  });

  test.each([
    ['an absolute path', '/etc/passwd'],
    ['a parent', '../outside/secret'],
  ])('a hard link out: %s', (_story, link) =>
    refused(archive({ name: 'copy', type: '1', link }), 'UNSAFE_ENTRY', /a hard link to/),
  );

  test('a hard link to what is not in the archive before it', async () => {
    await expect(extract(archive({ name: 'copy', type: '1', link: 'good.txt' }, good))).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
    });
  });

  test('a hard link through a link', async () => {
    writeFileSync(join(folder, 'secret'), 'secret');
    const file = archive({ name: 'l', type: '2', link: folder }, { name: 'copy', type: '1', link: 'l/secret' });
    await expect(extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    expect(existsSync(join(into, 'copy'))).toBe(false);
  });

  test('hard links become copies', async () => {
    await extract(archive(good, { name: 'copy', type: '1', link: './good.txt', mode: 0o600 }));
    expect(readFileSync(join(into, 'copy'), 'utf8')).toBe('harmless');
    expect(lstatSync(join(into, 'good.txt')).nlink).toBe(1);
    expect(lstatSync(join(into, 'copy')).mode & 0o7777).toBe(0o600);
  });
});

describe('entries that nobody wants', () => {
  test('devices and FIFOs are counted and not made', async () => {
    const listing = await extract(
      archive({ name: 'sda', type: '4' }, { name: 'tty', type: '3' }, { name: 'pipe', type: '6' }, good),
    );
    expect(listing).toMatchObject({ files: 1, special: 3 });
    expect(readdirSync(into)).toEqual(['good.txt']);
  });

  test('setuid and setgid are dropped', async () => {
    await extract(archive({ ...good, mode: 0o6755 }, { name: 'd/', type: '5', mode: 0o2775 }));
    expect(lstatSync(join(into, 'good.txt')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(join(into, 'd')).mode & 0o7777).toBe(0o775);
  });
});

describe('two names for one place', () => {
  test('case: both are kept where the filesystem can, and told', async () => {
    const listing = await checkForeignTar({ file: archive({ name: 'Notes.md' }, { name: 'notes.MD' }) });
    expect(listing.lookAlikes).toMatchObject([{ kind: 'look-alike', path: 'notes.MD' }]);
  });

  test('Unicode form', async () => {
    const listing = await checkForeignTar({
      file: archive({ name: 'ガ.md'.normalize('NFC') }, { name: 'ガ.md'.normalize('NFD') }),
    });
    expect(listing.lookAlikes).toHaveLength(1);
  });

  test('case of a folder', async () => {
    const listing = await checkForeignTar({ file: archive({ name: 'Docs/a' }, { name: 'docs/b' }) });
    expect(listing.lookAlikes).toMatchObject([{ path: 'docs' }]);
  });

  test('a link below a look-alike folder is watched all the same', async () => {
    const file = archive(
      { name: 'Docs/a' },
      { name: 'docs/l', type: '2', link: '.' },
      { name: 'docs/l/evil', content: 'x' },
    );
    await expect(checkForeignTar({ file })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
  });

  test('of two files of one name the later one counts, as tar -r means it', async () => {
    await extract(archive({ name: 'x', content: 'old, and longer' }, { name: 'x', content: 'new' }));
    expect(readFileSync(join(into, 'x'), 'utf8')).toBe('new');
  });

  test('a file that is a folder as well', () =>
    refused(
      archive({ name: 'x', content: 'x' }, { name: 'x/y', content: 'y' }),
      'ARCHIVE_DAMAGED',
      /a file and a folder/,
    ));

  test('a folder that is a file as well', () =>
    refused(
      archive({ name: 'x/y', content: 'y' }, { name: 'x', content: 'x' }),
      'ARCHIVE_DAMAGED',
      /a file and a folder/,
    ));
});

describe('headers that tar programs read differently', () => {
  test('a pax size counts, and what hides behind the header’s own is not seen as an entry', async () => {
    const smuggled = tarPart({ name: 'smuggled.txt', content: 'evil' });
    const listing = await extract(
      archive(paxHeader({ size: String(smuggled.length) }), tarPart({ name: 'cover.bin', size: 0 }), smuggled, good),
    );
    expect(listing).toMatchObject({ files: 2, bytes: smuggled.length + 8 });
    expect(readFileSync(join(into, 'cover.bin'))).toEqual(smuggled);
    expect(existsSync(join(into, 'smuggled.txt'))).toBe(false);
  });

  test('a pax size does not speak of the long name between it and its entry', async () => {
    const long = 'n'.repeat(150);
    await extract(archive(paxHeader({ size: '8' }), gnuLong('L', long), { name: 'n', content: '12345678' }));
    expect(readFileSync(join(into, long), 'utf8')).toBe('12345678');
  });

  test('two names for one entry, from pax and from GNU', () =>
    refused(
      archive(paxHeader({ path: 'one' }), gnuLong('L', 'two'), good),
      'ARCHIVE_DAMAGED',
      /an entry has two names/,
    ));

  test.each(['path', 'linkpath', 'size'])('a global header that names a %s', (key) =>
    refused(
      archive(paxHeader({ [key]: '1' }, 'g'), good),
      'ARCHIVE_DAMAGED',
      new RegExp(`a global pax header names a ${key}`),
    ),
  );

  test('a global header with a comment and a time is harmless', async () => {
    await extract(archive(paxHeader({ comment: 'commit 1234', mtime: '1600000000.5' }, 'g'), good));
    expect(lstatSync(join(into, 'good.txt')).mtimeMs).toBe(1_600_000_000_500);
  });

  test('a record within the value of another one is text', async () => {
    const trap = Buffer.concat([Buffer.from('harmless\n'), paxRecord('path', '../outside/evil.txt')]);
    await extract(archive(paxHeader({ comment: trap }), good));
    expect(readdirSync(into)).toEqual(['good.txt']);
  });

  test('a name with a newline beyond 100 bytes keeps it', async () => {
    const name = `${'n'.repeat(60)}/${'m'.repeat(60)}\n12 path=evil\n`;
    await extract(archive(paxHeader({ path: name }), good));
    expect(readFileSync(join(into, name), 'utf8')).toBe('harmless');
  });

  test.each([
    ['too long', 500],
    ['too short', 8],
    ['zero', 0],
  ])('a pax record whose length is %s', (_story, length) =>
    refused(
      archive(tarPart({ name: 'x', type: 'x', content: paxRecord('path', 'name.txt', length) }), good),
      'ARCHIVE_DAMAGED',
      /a pax header is malformed/,
    ),
  );

  test.each([
    ['a hard link', '1'],
    ['a link', '2'],
    ['a FIFO', '6'],
  ])('%s with content', (_story, type) =>
    refused(
      archive(good, { name: 'l', type, link: 'good.txt', content: tarPart({ name: 'hidden' }) }),
      'ARCHIVE_DAMAGED',
      /claims to have content/,
    ),
  );

  test('a pax header of two megabytes', () =>
    refused(archive(paxHeader({ comment: 'x'.repeat(2 << 20) }), good), 'ARCHIVE_DAMAGED', /is no header/));

  test('a size that no file has', () => {
    const part = tarPart(good);
    part.fill(0xff, 124, 136);
    part.write(checksumOf(part), 148);
    return refused(archive(good, part), 'ARCHIVE_DAMAGED', /size|header/);
  });

  test('sparse files of GNU tar are named, not written wrongly', () =>
    refused(
      archive(paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x' }), good),
      'ARCHIVE_UNKNOWN',
      /sparse/,
    ));
});

function checksumOf(header: Buffer): string {
  const blank = Buffer.from(header.subarray(0, 512)).fill(0x20, 148, 156);
  return `${blank
    .reduce((total, byte) => total + byte, 0)
    .toString(8)
    .padStart(6, '0')}\0 `;
}
