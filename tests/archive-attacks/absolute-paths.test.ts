import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { AttackRoom, lineOf } from '../support/attack-room.ts';

/** Names that begin at a root: of this system, of a Windows drive, of a Windows share. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const windows = [
  'C:\\planted',
  'C:/planted',
  'c:\\..\\planted',
  '\\\\server\\share\\planted',
  '\\planted',
  '..\\outside\\planted',
  'state\\..\\..\\planted',
];

describe.each(['/tmp/ai-backup-planted', '//tmp/ai-backup-planted', ...windows])('a file called %j', (name) => {
  test('in a tar is refused', () =>
    room.expectRefused(room.tar({ name: 'good', content: 'x' }, { name, content: 'evil' }), /absolute|"\.\."/));

  test('in a zip is refused', () =>
    room.expectRefused(room.zip({ name: 'good', content: 'x' }, { name, content: 'evil' }), /absolute|"\.\."/));
});

describe.each(['/tmp/ai-backup-planted', '//tmp/ai-backup-planted'])('an entry of a manifest at %j', (place) => {
  test.each(['path', 'origin', 'storedAs'])('is refused, as %s', async (field) => {
    const { id } = await room.forged((lines) => [
      ...lines,
      { ...lineOf(lines, 'state/queue.json'), path: 'state/x', origin: 'state/x', [field]: place },
    ]);
    await room.expectRefused(id, /absolute path/);
  });
});

test.each(['/', '//', '/.', '/..'])('the root itself, %j, is refused in a tar', (name) =>
  room.expectRefused(room.tar({ name, type: '5' }), /absolute path/),
);
