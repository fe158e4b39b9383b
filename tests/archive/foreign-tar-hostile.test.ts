import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkForeignTar } from '../../lib/archive/foreign-check.ts';
import { gnuLong, paxHeader, tarChecksum, tarPart, type TarPart } from '../fixtures/hostile-archives.ts';
import { HostileTarRoom } from '../support/hostile-room.ts';

let room: HostileTarRoom;
beforeEach(() => {
  room = new HostileTarRoom();
});
afterEach(() => room.remove());

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
    await room.refused(room.archive(good, { name, content: 'evil' }), 'UNSAFE_ENTRY', says);
  });

  test('a folder outside', () =>
    room.refused(room.archive({ name: '../outside/made/', type: '5' }), 'UNSAFE_ENTRY', /"\.\."/));

  test('a name that pax puts in the place of a harmless one', () =>
    room.refused(room.archive(paxHeader({ path: '../outside/evil.txt' }), good), 'UNSAFE_ENTRY', /outside\/evil/));

  test('a name that GNU’s long name puts in the place of a harmless one', () =>
    room.refused(room.archive(gnuLong('L', '../outside/evil.txt'), good), 'UNSAFE_ENTRY', /outside\/evil/));

  test('a name in the prefix field', () => {
    const part = tarPart({ name: 'evil.txt' });
    part.write('../outside', 345);
    part.write(tarChecksum(part), 148);
    return room.refused(room.archive(good, part), 'UNSAFE_ENTRY', /outside\/evil/);
  });

  test('NUL in a pax name', () =>
    room.refused(room.archive(paxHeader({ path: 'a\0b' }), good), 'UNSAFE_ENTRY', /NUL in the name/));

  test('an empty name', () => room.refused(room.archive({ name: '', content: 'x' }), 'UNSAFE_ENTRY', /empty name/));
});

describe('links', () => {
  test.each([
    ['an absolute target', '/etc/passwd'],
    ['a parent', '../outside'],
    ['a way down and out', 'a/../../outside'],
    ['an absolute Windows target', 'C:\\Windows'],
  ])('a link out: %s', (_story, link) =>
    room.refused(room.archive({ name: 'link', type: '2', link }), 'UNSAFE_ENTRY', /a link that leads out/),
  );

  test('a link with a long target out', () =>
    room.refused(
      room.archive(gnuLong('K', `/${'x'.repeat(200)}`), { name: 'l', type: '2', link: 'l' }),
      'UNSAFE_ENTRY',
      /leads out/,
    ));

  test('a link that leads out through another link, which comes after it', async () => {
    await room.refused(
      room.archive(
        { name: 'a/b/c/', type: '5' },
        { name: 'out', type: '2', link: 'a/b/c/up/../..' },
        { name: 'a/b/c/up', type: '2', link: '../../..' },
      ),
      'UNSAFE_ENTRY',
      /leads out/,
    );
  });

  test('links that lead back in are kept as they are', async () => {
    const listing = await room.extract(
      room.archive(
        { name: 'a/b/', type: '5', mode: 0o755 },
        { name: 'a/b/link', type: '2', link: '../../good.txt' },
        good,
        {
          name: 'here',
          type: '2',
          link: '.',
        },
      ),
    );
    expect(readlinkSync(join(room.into, 'a/b/link'))).toBe('../../good.txt');
    expect(readlinkSync(join(room.into, 'here'))).toBe('.');
    expect(listing).toMatchObject({ files: 1, folders: 1, links: 2 });
  });

  test('a link in a ring leads nowhere, and is kept', async () => {
    await room.extract(room.archive({ name: 'x', type: '2', link: 'y/a' }, { name: 'y', type: '2', link: 'x/b' }));
    expect(readlinkSync(join(room.into, 'x'))).toBe('y/a');
  });

  test('links out are kept where the caller says so, and nothing goes through them', async () => {
    const file = room.archive({ name: 'current', type: '2', link: room.outside }, good);
    await room.extract(file, { outsideLinks: 'keep' });
    expect(readlinkSync(join(room.into, 'current'))).toBe(room.outside);
    expect(readdirSync(room.outside)).toEqual([]);
  });

  test.each([
    ['through a link out', '../outside'],
    ['through a link that stays inside', 'real'],
  ])('a file written %s', async (_story, link) => {
    const file = room.archive(
      { name: 'real/', type: '5' },
      { name: 'link', type: '2', link },
      { name: 'link/evil.txt', content: 'evil' },
    );
    await room.refused(file, 'UNSAFE_ENTRY', /link/);
    await expect(checkForeignTar({ file, outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
  });

  test('a link whose name is taken by a file afterwards', async () => {
    const file = room.archive({ name: 'x', type: '2', link: room.outside }, { name: 'x', content: 'evil' });
    await expect(room.extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
    expect(readdirSync(room.outside)).toEqual([]);
  });

  test('a folder that becomes a link afterwards', async () => {
    const file = room.archive(
      { name: 'x/a.txt', content: 'a' },
      { name: 'x', type: '2', link: room.outside },
      { name: 'x/b.txt', content: 'b' },
    );
    await expect(room.extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
    expect(readdirSync(room.into)).toEqual([]);
  });

  test('a link whose name differs only in case from a folder that is written to', async () => {
    const file = room.archive(
      { name: 'Data', type: '2', link: room.outside },
      { name: 'data/evil.txt', content: 'evil' },
    );
    await expect(room.extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
  });

  test.each([
    ['an absolute path', '/etc/passwd'],
    ['a parent', '../outside/secret'],
  ])('a hard link out: %s', (_story, link) =>
    room.refused(room.archive({ name: 'copy', type: '1', link }), 'UNSAFE_ENTRY', /a hard link to/),
  );

  test('a hard link to what is not in the archive before it', async () => {
    await expect(room.extract(room.archive({ name: 'copy', type: '1', link: 'good.txt' }, good))).rejects.toMatchObject(
      {
        code: 'ARCHIVE_DAMAGED',
      },
    );
  });

  test('a hard link through a link', async () => {
    writeFileSync(join(room.folder, 'secret'), 'secret');
    const file = room.archive(
      { name: 'l', type: '2', link: room.folder },
      { name: 'copy', type: '1', link: 'l/secret' },
    );
    await expect(room.extract(file, { outsideLinks: 'keep' })).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    expect(existsSync(join(room.into, 'copy'))).toBe(false);
  });

  test('hard links become copies', async () => {
    await room.extract(room.archive(good, { name: 'copy', type: '1', link: './good.txt', mode: 0o600 }));
    expect(readFileSync(join(room.into, 'copy'), 'utf8')).toBe('harmless');
    expect(lstatSync(join(room.into, 'good.txt')).nlink).toBe(1);
    expect(lstatSync(join(room.into, 'copy')).mode & 0o7777).toBe(0o600);
  });
});

describe('entries that nobody wants', () => {
  test('devices and FIFOs are counted and not made', async () => {
    const listing = await room.extract(
      room.archive({ name: 'sda', type: '4' }, { name: 'tty', type: '3' }, { name: 'pipe', type: '6' }, good),
    );
    expect(listing).toMatchObject({ files: 1, special: 3 });
    expect(readdirSync(room.into)).toEqual(['good.txt']);
  });

  test('setuid and setgid are dropped', async () => {
    await room.extract(room.archive({ ...good, mode: 0o6755 }, { name: 'd/', type: '5', mode: 0o2775 }));
    expect(lstatSync(join(room.into, 'good.txt')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(join(room.into, 'd')).mode & 0o7777).toBe(0o775);
  });
});

describe('two names for one place', () => {
  test('case: both are kept where the filesystem can, and told', async () => {
    const listing = await checkForeignTar({ file: room.archive({ name: 'Notes.md' }, { name: 'notes.MD' }) });
    expect(listing.lookAlikes).toMatchObject([{ kind: 'look-alike', path: 'notes.MD' }]);
  });

  test('Unicode form', async () => {
    const listing = await checkForeignTar({
      file: room.archive({ name: 'ガ.md'.normalize('NFC') }, { name: 'ガ.md'.normalize('NFD') }),
    });
    expect(listing.lookAlikes).toHaveLength(1);
  });

  test('case of a folder', async () => {
    const listing = await checkForeignTar({ file: room.archive({ name: 'Docs/a' }, { name: 'docs/b' }) });
    expect(listing.lookAlikes).toMatchObject([{ path: 'docs' }]);
  });

  test('a link below a look-alike folder is watched all the same', async () => {
    const file = room.archive(
      { name: 'Docs/a' },
      { name: 'docs/l', type: '2', link: '.' },
      { name: 'docs/l/evil', content: 'x' },
    );
    await expect(checkForeignTar({ file })).rejects.toMatchObject({ code: 'UNSAFE_ENTRY' });
  });

  test('of two files of one name the later one counts, as tar -r means it', async () => {
    await room.extract(room.archive({ name: 'x', content: 'old, and longer' }, { name: 'x', content: 'new' }));
    expect(readFileSync(join(room.into, 'x'), 'utf8')).toBe('new');
  });

  test('a file that is a folder as well', () =>
    room.refused(
      room.archive({ name: 'x', content: 'x' }, { name: 'x/y', content: 'y' }),
      'ARCHIVE_DAMAGED',
      /a file and a folder/,
    ));

  test('a folder that is a file as well', () =>
    room.refused(
      room.archive({ name: 'x/y', content: 'y' }, { name: 'x', content: 'x' }),
      'ARCHIVE_DAMAGED',
      /a file and a folder/,
    ));
});
