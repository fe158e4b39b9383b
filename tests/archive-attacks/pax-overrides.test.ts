import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gnuLong, paxHeader, paxRecord, tarPart } from '../fixtures/hostile-archives.ts';
import { AttackRoom } from '../support/attack-room.ts';

/** A pax header or GNU's long name says another name, link or size than the header: one archive with two faces. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const good = { name: 'good', content: 'harmless' };

describe('names', () => {
  test.each(['../outside/planted', '/tmp/ai-backup-planted'])('a pax path %j in the place of a harmless one', (path) =>
    room.expectRefused(room.tar(paxHeader({ path }), good), /absolute path|"\.\."/),
  );

  test.each(['../outside/planted', '/tmp/ai-backup-planted'])('GNU’s long name %j', (path) =>
    room.expectRefused(room.tar(gnuLong('L', path), good), /absolute path|"\.\."/),
  );

  test('a pax path and a long name of one entry', () =>
    room.expectRefused(room.tar(paxHeader({ path: 'one' }), gnuLong('L', 'two'), good), /two names/));

  test('a pax linkpath that leads out', () =>
    room.expectRefused(
      room.tar(paxHeader({ linkpath: '../outside' }), { name: 'link', type: '2', link: 'good' }),
      /leads out/,
    ));

  test('GNU’s long link that leads out', () =>
    room.expectRefused(room.tar(gnuLong('K', '../outside'), { name: 'link', type: '2', link: 'good' }), /leads out/));

  test('a path of a thousand folders is unpacked, and taken away again where it is too long', async () => {
    const deep = `${'a/'.repeat(1500)}x`;
    const file = room.tar(paxHeader({ path: deep }), good, paxHeader({ path: `${'b/'.repeat(3000)}x` }), good);
    const before = room.around();
    const restored = await room.restore(file);
    expect([restored.code, restored.stderr]).toEqual([1, expect.stringContaining('ENAMETOOLONG')]);
    expect(existsSync(room.destination)).toBe(false);
    room.expectUntouched(before);
  });

  test('a path of a megabyte, and of a thousand folders, is refused at once', async () => {
    const path = `${'a/'.repeat(500_000)}x`;
    await room.expectRefused(room.tar(paxHeader({ path }), good), /longer than any system takes/);
  });
});

describe('sizes', () => {
  test('the size of pax counts: what hides behind that of the header is content', async () => {
    const hidden = tarPart({ name: '../outside/planted', content: 'evil' });
    await room.expectRestored(
      room.tar(paxHeader({ size: String(hidden.length) }), { name: 'good', size: 0, content: hidden }),
    );
    expect(readFileSync(join(room.destination, 'good'))).toEqual(hidden);
  });

  test.each(['-1', '1e9', '0x10', '99999999999999999999', '1.5', 'NaN'])('a size %j is refused', (size) =>
    room.expectRefused(room.tar(paxHeader({ size }), good), /no valid size|malformed/),
  );

  test('a size beyond the archive is refused', () =>
    room.expectRefused(room.tar(paxHeader({ size: '8000000000000' }), good), /cut off/));
});

describe('headers for all that follows', () => {
  test.each(['path', 'linkpath', 'size'])('a global %s is refused', (key) =>
    room.expectRefused(room.tar(paxHeader({ [key]: '7' }, 'g'), good), /global pax header/),
  );

  test('global headers without end are not kept in memory', async () => {
    const headers = Array.from({ length: 200 }, (_, at) =>
      paxHeader({ [`comment.${at}`]: 'x'.repeat(500_000) }, at % 2 === 0 ? 'g' : 'x'),
    );
    const restored = await room.expectRestored(room.tar(...headers, good));
    expect([...restored.keys()]).toEqual(['good']);
  });

  test('a record that ends elsewhere than it says is refused', () =>
    room.expectRefused(
      room.tar(tarPart({ name: 'x', type: 'x', content: paxRecord('path', 'x', 500) }), good),
      /malformed/,
    ));

  test('a header of two megabytes is refused before it is read', () =>
    room.expectRefused(room.tar(tarPart({ name: 'x', type: 'x', size: 2 << 20 }), good), /is no header/));
});
