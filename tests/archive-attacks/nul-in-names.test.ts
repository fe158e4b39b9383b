import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { paxHeader, gnuLong, unicodePathField } from '../fixtures/hostile-archives.ts';
import { AttackRoom, lineOf, linkLine } from '../support/attack-room.ts';

/** NUL ends a name for the system, and not for who checks it: `good.txt\0.exe`. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

test('in a tar’s pax path it is refused', () =>
  room.expectRefused(
    room.tar(paxHeader({ path: 'state/x\0../../outside/planted' }), { content: 'evil' }),
    /NUL in the name/,
  ));

test('in a tar’s pax linkpath it is refused', () =>
  room.expectRefused(
    room.tar(paxHeader({ linkpath: 'good\0/../../outside' }), { name: 'link', type: '2', link: 'good' }),
    /NUL in the link/,
  ));

test('in a tar’s header a name ends with it, for everybody', async () => {
  const restored = await room.expectRestored(room.tar({ name: Buffer.from('good\0/../../planted'), content: 'x' }));
  expect([...restored.keys()]).toEqual(['good']);
});

test('in GNU’s long name it ends the name', async () => {
  const restored = await room.expectRestored(room.tar(gnuLong('L', 'long\0/../../planted'), { content: 'x' }));
  expect([...restored.keys()]).toEqual(['long']);
});

test('in a zip’s name it is refused', () =>
  room.expectRefused(room.zip({ name: 'good.txt\0.exe', content: 'evil' }), /NUL in the name/));

test('in the Unicode field of a zip it is refused', () =>
  room.expectRefused(room.zip({ name: 'good.txt', extra: unicodePathField('good.txt', 'x\0y') }), /NUL in the name/));

test('in a zip’s link it is refused', () =>
  room.expectRefused(room.zip({ name: 'link', content: 'a\0b', mode: 0o120777 }), /NUL in the link/));

test.each(['path', 'origin', 'storedAs'])('in a manifest’s %s it is refused', async (field) => {
  const { id } = await room.forged((lines) => [
    ...lines,
    { ...lineOf(lines, 'state/queue.json'), path: 'state/x', origin: 'state/x', [field]: 'state/x\0y' },
  ]);
  await room.expectRefused(id, /NUL in the name/);
});

test('in a manifest’s link it is refused', async () => {
  const { id } = await room.forged((lines) => [...lines, linkLine(lines, 'state/link', 'x\0y')]);
  await room.expectRefused(id, /linkTarget is no path/);
});
