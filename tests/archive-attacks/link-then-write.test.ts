import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AttackRoom, lineOf, linkLine } from '../support/attack-room.ts';

/** A link first, and then a file behind it: whoever unpacks in order writes wherever the link leads. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const orders = ['the link first', 'the file first'] as const;
const inOrder = <T>(order: (typeof orders)[number], link: T, file: T): [T, T] =>
  order === 'the link first' ? [link, file] : [file, link];

describe.each(orders)('a file behind a link, %s', (order) => {
  test.each(['../outside', 'real', '.'])('that leads to %j, in a tar', (link) =>
    room.expectRefused(
      room.tar(
        { name: 'real/', type: '5' },
        ...inOrder(order, { name: 'door', type: '2', link }, { name: 'door/theirs', content: 'evil' }),
      ),
      /link/,
    ),
  );

  test.each(['../outside', 'real', '.'])('that leads to %j, in a zip', (target) =>
    room.expectRefused(
      room.zip(
        { name: 'real/', mode: 0o040755 },
        ...inOrder(order, { name: 'door', content: target, mode: 0o120777 }, { name: 'door/theirs', content: 'evil' }),
      ),
      /link|file and a folder/,
    ),
  );

  test.each(['../../outside', '.'])('that leads to %j, in a manifest', async (target) => {
    const { id } = await room.forged((lines) => [
      ...lines,
      ...inOrder(order, linkLine(lines, 'state/door', target), {
        ...lineOf(lines, 'state/queue.json'),
        path: 'state/door/theirs',
        origin: 'state/door/theirs',
      }),
    ]);
    await room.expectRefused(id, /behind a link/);
  });
});

describe('a chain of links', () => {
  test('of which each leads up by one, in a tar', () =>
    room.expectRefused(
      room.tar(
        { name: 'a/b/', type: '5' },
        { name: 'a/b/up', type: '2', link: '..' },
        { name: 'a/out', type: '2', link: 'b/up/../..' },
        { name: 'a/out/outside/planted', content: 'evil' },
      ),
      /link/,
    ));

  test('through links that come later, in a zip', () =>
    room.expectRefused(
      room.zip(
        { name: 'a/b/out', content: 'up/../..', mode: 0o120777 },
        { name: 'a/b/up', content: '../..', mode: 0o120777 },
      ),
      /leads out/,
    ));

  test('of names that are written in two ways, in a manifest', async () => {
    // U+DCC3 U+DCA9 are the bytes of é, each by itself.
    const { id } = await room.forged((lines) => [
      ...lines,
      linkLine(lines, 'state/caf\u00e9', '../../outside'),
      {
        ...lineOf(lines, 'state/queue.json'),
        path: 'state/caf\udcc3\udca9/theirs',
        origin: 'state/caf\udcc3\udca9/theirs',
      },
    ]);
    await room.expectRefused(id, /no text of a file name/);
  });
});

describe('one name for a link and something else', () => {
  test('a folder that becomes a link, in a tar', () =>
    room.expectRefused(
      room.tar({ name: 'x/', type: '5' }, { name: 'x', type: '2', link: 'y' }, { name: 'x/planted', content: 'evil' }),
      /link/,
    ));

  test('a folder that becomes a link, in a zip', () =>
    room.expectRefused(
      room.zip({ name: 'x/', mode: 0o040755 }, { name: 'x', content: 'y', mode: 0o120777 }, { name: 'x/planted' }),
      /link/,
    ));

  test('a link that becomes a file, in a tar', () =>
    room.expectRefused(
      room.tar({ name: 'x', type: '2', link: 'y' }, { name: 'x', content: 'evil' }),
      /a link and something else/,
    ));
});

test('a link that leads out is refused in what others made, and kept as a link in a backup', async () => {
  await room.expectRefused(room.tar({ name: 'door', type: '2', link: '/etc' }), /leads out/);
  await room.expectRefused(room.zip({ name: 'door', content: '/etc', mode: 0o120777 }), /leads out/);
  room.project.link('/etc/hostname', 'state/theirs');
  const { id } = await room.forged((lines) => lines);
  await room.expectRestored(id);
  expect(readlinkSync(join(room.destination, 'state/theirs'))).toBe('/etc/hostname');
});
