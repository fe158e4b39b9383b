import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AttackRoom, lineOf, linkLine } from '../support/attack-room.ts';

/** One name for a file and a folder, twice for a file, for a link and a folder. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

describe('a file that is a folder as well', () => {
  test('in a tar, the file first', () =>
    room.expectRefused(room.tar({ name: 'x', content: 'a' }, { name: 'x/y', content: 'b' }), /is a file and a folder/));

  test('in a tar, the folder first', () =>
    room.expectRefused(room.tar({ name: 'x/', type: '5' }, { name: 'x', content: 'b' }), /is a file and a folder/));

  test('in a zip', () =>
    room.expectRefused(room.zip({ name: 'x', content: 'a' }, { name: 'x/y', content: 'b' }), /is a file and a folder/));

  test.each(['before', 'after'])('in a manifest, %s', async (order) => {
    const { id } = await room.forged((lines) => {
      const file = { ...lineOf(lines, 'state/queue.json'), path: 'state/x', origin: 'state/x' };
      const below = { ...file, path: 'state/x/y', origin: 'state/x/y' };
      return [...lines, ...(order === 'before' ? [file, below] : [below, file])];
    });
    const before = room.around();
    const restored = await room.restore(id);
    expect(restored.code).toBe(4);
    room.expectUntouched(before);
  });
});

describe('one name twice', () => {
  test('in a zip it is refused: some programs show the first, some write the last', () =>
    room.expectRefused(
      room.zip({ name: 'x', content: 'harmless' }, { name: 'x', content: 'evil' }),
      /two entries of one name/,
    ));

  test('by two spellings in a zip it is refused as well', () =>
    room.expectRefused(
      room.zip({ name: 'x', content: 'harmless' }, { name: './x', content: 'evil' }),
      /two entries of one name/,
    ));

  test('in a manifest the first counts, for what is verified as for what is restored', async () => {
    const { id } = await room.forged((lines) => [
      ...lines,
      { ...lineOf(lines, 'config/app.json'), path: 'state/queue.json', origin: 'state/queue.json' },
    ]);
    const restored = await room.expectRestored(id);
    expect(restored.get('state/queue.json')?.size).toBe(10);
  });

  test('a link and a file in a manifest are not both made', async () => {
    const { id } = await room.forged((lines) => [
      ...lines,
      linkLine(lines, 'state/x', '../../outside'),
      { ...lineOf(lines, 'state/queue.json'), path: 'state/x', origin: 'state/x' },
    ]);
    const before = room.around();
    await room.restore(id);
    room.expectUntouched(before);
  });
});
