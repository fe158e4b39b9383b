import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gnuLong, paxHeader, paxRecord, tarChecksum, tarPart, type TarPart } from '../fixtures/hostile-archives.ts';
import { HostileTarRoom } from '../support/hostile-room.ts';

let room: HostileTarRoom;
beforeEach(() => {
  room = new HostileTarRoom();
});
afterEach(() => room.remove());

const good: TarPart = { name: 'good.txt', content: 'harmless' };

describe('headers that tar programs read differently', () => {
  test('a pax size counts, and what hides behind the header’s own is not seen as an entry', async () => {
    const smuggled = tarPart({ name: 'smuggled.txt', content: 'evil' });
    const listing = await room.extract(
      room.archive(
        paxHeader({ size: String(smuggled.length) }),
        tarPart({ name: 'cover.bin', size: 0 }),
        smuggled,
        good,
      ),
    );
    expect(listing).toMatchObject({ files: 2, bytes: smuggled.length + 8 });
    expect(readFileSync(join(room.into, 'cover.bin'))).toEqual(smuggled);
    expect(existsSync(join(room.into, 'smuggled.txt'))).toBe(false);
  });

  test('a pax size does not speak of the long name between it and its entry', async () => {
    const long = 'n'.repeat(150);
    await room.extract(room.archive(paxHeader({ size: '8' }), gnuLong('L', long), { name: 'n', content: '12345678' }));
    expect(readFileSync(join(room.into, long), 'utf8')).toBe('12345678');
  });

  test('two names for one entry, from pax and from GNU', () =>
    room.refused(
      room.archive(paxHeader({ path: 'one' }), gnuLong('L', 'two'), good),
      'ARCHIVE_DAMAGED',
      /an entry has two names/,
    ));

  test.each(['path', 'linkpath', 'size'])('a global header that names a %s', (key) =>
    room.refused(
      room.archive(paxHeader({ [key]: '1' }, 'g'), good),
      'ARCHIVE_DAMAGED',
      new RegExp(`a global pax header names a ${key}`),
    ),
  );

  test('a global header with a comment and a time is harmless', async () => {
    await room.extract(room.archive(paxHeader({ comment: 'commit 1234', mtime: '1600000000.5' }, 'g'), good));
    expect(lstatSync(join(room.into, 'good.txt')).mtimeMs).toBe(1_600_000_000_500);
  });

  test('a record within the value of another one is text', async () => {
    const trap = Buffer.concat([Buffer.from('harmless\n'), paxRecord('path', '../outside/evil.txt')]);
    await room.extract(room.archive(paxHeader({ comment: trap }), good));
    expect(readdirSync(room.into)).toEqual(['good.txt']);
  });

  test('a name with a newline beyond 100 bytes keeps it', async () => {
    const name = `${'n'.repeat(60)}/${'m'.repeat(60)}\n12 path=evil\n`;
    await room.extract(room.archive(paxHeader({ path: name }), good));
    expect(readFileSync(join(room.into, name), 'utf8')).toBe('harmless');
  });

  test.each([
    ['too long', 500],
    ['too short', 8],
    ['zero', 0],
  ])('a pax record whose length is %s', (_story, length) =>
    room.refused(
      room.archive(tarPart({ name: 'x', type: 'x', content: paxRecord('path', 'name.txt', length) }), good),
      'ARCHIVE_DAMAGED',
      /a pax header is malformed/,
    ),
  );

  test.each([
    ['a hard link', '1'],
    ['a link', '2'],
    ['a FIFO', '6'],
  ])('%s with content', (_story, type) =>
    room.refused(
      room.archive(good, { name: 'l', type, link: 'good.txt', content: tarPart({ name: 'hidden' }) }),
      'ARCHIVE_DAMAGED',
      /claims to have content/,
    ),
  );

  test('a pax header of two megabytes', () =>
    room.refused(room.archive(paxHeader({ comment: 'x'.repeat(2 << 20) }), good), 'ARCHIVE_DAMAGED', /is no header/));

  test('a size that no file has', () => {
    const part = tarPart(good);
    part.fill(0xff, 124, 136);
    part.write(tarChecksum(part), 148);
    return room.refused(room.archive(good, part), 'ARCHIVE_DAMAGED', /size|header/);
  });

  test('sparse files of GNU tar are named, not written wrongly', () =>
    room.refused(
      room.archive(paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x' }), good),
      'ARCHIVE_UNKNOWN',
      /sparse/,
    ));
});
