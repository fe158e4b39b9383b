import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { paxHeader } from '../fixtures/hostile-archives.ts';
import { AttackRoom } from '../support/attack-room.ts';

/** A hard link to a file outside: writing to the link, or changing its mode, changes that file. Zips and manifests know none. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

test.each(['../outside/theirs', '/etc/passwd', 'a/../../outside/theirs', 'C:\\theirs'])(
  'a hard link to %j is refused',
  (link) =>
    room.expectRefused(room.tar({ name: 'good', content: 'x' }, { name: 'copy', type: '1', link }), /a hard link to/),
);

test('a hard link out by a pax record is refused', () =>
  room.expectRefused(
    room.tar({ name: 'good', content: 'x' }, paxHeader({ linkpath: '../outside/theirs' }), {
      name: 'c',
      type: '1',
      link: 'good',
    }),
    /a hard link to/,
  ));

test('a hard link through a link is refused', async () => {
  const file = room.tar(
    { name: 'door', type: '2', link: '.' },
    { name: 'x', content: 'x' },
    { name: 'c', type: '1', link: 'door/x' },
  );
  const before = room.around();
  const restored = await room.restore(file);
  expect([restored.code, restored.stderr]).toEqual([
    4,
    expect.stringContaining('which is not in the archive before it'),
  ]);
  room.expectUntouched(before);
});

test('a hard link and then content under its name does not change what it leads to', async () => {
  await room.expectRestored(
    room.tar({ name: 'one', content: 'one' }, { name: 'two', type: '1', link: 'one' }, { name: 'two', content: 'two' }),
  );
  expect(readFileSync(join(room.destination, 'one'), 'utf8')).toBe('one');
  expect(readFileSync(join(room.destination, 'two'), 'utf8')).toBe('two');
});

test('a hard link inside becomes a file of its own', async () => {
  await room.expectRestored(
    room.tar({ name: 'one', content: 'one' }, { name: 'two', type: '1', link: 'one', mode: 0o600 }),
  );
  expect(lstatSync(join(room.destination, 'one')).nlink).toBe(1);
});
