import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AttackRoom, lineOf } from '../support/attack-room.ts';

/** Devices, FIFOs, sockets; files that run as somebody else. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

test.each([
  ['a character device', '3'],
  ['a block device', '4'],
  ['a FIFO', '6'],
])('%s of a tar is not made', async (_what, type) => {
  const restored = await room.expectRestored(room.tar({ name: 'good', content: 'x' }, { name: 'special', type }));
  expect([...restored.keys()]).toEqual(['good']);
});

test.each([
  ['a character device', 0o020666],
  ['a block device', 0o060666],
  ['a FIFO', 0o010666],
  ['a socket', 0o140666],
])('%s of a zip is not made', async (_what, mode) => {
  const restored = await room.expectRestored(room.zip({ name: 'good', content: 'x' }, { name: 'special', mode }));
  expect([...restored.keys()]).toEqual(['good']);
});

test('a device with content would be another tar to others, and is refused', () =>
  room.expectRefused(room.tar({ name: 'special', type: '3', content: 'x' }), /claims to have content/));

test.each(['device', 'fifo', 'file ', '', 5, null])(
  'an entry of the kind %j is refused in a manifest',
  async (kind) => {
    const { id } = await room.forged((lines) => [
      ...lines,
      { ...lineOf(lines, 'state/queue.json'), path: 'state/x', kind },
    ]);
    await room.expectRefused(id, /kind is none of/);
  },
);

test.each(['tar', 'zip'] as const)('setuid and setgid of a %s are dropped', async (kind) => {
  const file = kind === 'tar' ? room.tar({ name: 'run', mode: 0o6755 }) : room.zip({ name: 'run', mode: 0o106755 });
  await room.expectRestored(file);
  expect((lstatSync(join(room.destination, 'run')).mode & 0o7777).toString(8)).toBe('755');
});
