import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AttackRoom, lineOf } from '../support/attack-room.ts';

/** Zip slip: names with `..` that lead out of the folder that is unpacked into (https://security.snyk.io/research/zip-slip-vulnerability). */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const names = ['../outside/planted', 'state/../../outside/planted', 'a/b/../../../outside/planted', '..', 'state/..'];

describe.each(names)('an entry %j', (name) => {
  test('of a tar is refused', async () => {
    await room.expectRefused(room.tar({ name: 'good', content: 'x' }, { name, content: 'evil' }), /"\.\." in the path/);
  });

  test('of a zip is refused', async () => {
    await room.expectRefused(room.zip({ name: 'good', content: 'x' }, { name, content: 'evil' }), /"\.\." in the path/);
  });

  test.each(['path', 'origin', 'storedAs'])('of a manifest is refused, as %s', async (field) => {
    const { id } = await room.forged((lines) => [
      ...lines,
      { ...lineOf(lines, 'state/queue.json'), path: 'state/x', origin: 'state/x', [field]: name },
    ]);
    await room.expectRefused(id, /"\.\." in the path/);
  });
});

test('a name with two dots that leads nowhere is an ordinary name', async () => {
  const restored = await room.expectRestored(room.tar({ name: 'a..b/..c/d..', content: 'x' }));
  expect([...restored.keys()]).toEqual(['a..b', 'a..b/..c', 'a..b/..c/d..']);
});

test('a backup’s sources do not make --delete-extra delete beside the destination', async () => {
  const { id } = await room.forged((lines) =>
    lines.map((line) =>
      'manifest' in line ? { ...line, targets: [{ name: 'state', sources: ['state/..', '..'], exclude: [] }] } : line,
    ),
  );
  const before = room.around();
  const restored = await room.restore(id, '--delete-extra');
  expect(restored.code).toBe(4);
  expect(restored.stderr).toMatch(/a source that leads out/);
  room.expectUntouched(before);
});
