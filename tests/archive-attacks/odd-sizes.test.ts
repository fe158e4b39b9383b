import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { hostileTar, tarChecksum } from '../fixtures/hostile-archives.ts';
import { AttackRoom, lineOf } from '../support/attack-room.ts';

/** Sizes that are negative, fractions, larger than anything, or written in base 256. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

/** A tar of one file whose size field holds these bytes; its checksum is right. */
function tarOfSize(field: Buffer): string {
  const tar = hostileTar({ name: 'good', content: 'harmless' });
  tar.fill(0, 124, 136);
  field.copy(tar, 124, 0, 12);
  tar.write(tarChecksum(tar), 148);
  return room.give('theirs.tar', tar);
}

const base256 = (first: number, rest: number): Buffer => Buffer.concat([Buffer.from([first]), Buffer.alloc(11, rest)]);

describe('of a tar', () => {
  test.each([
    ['negative, in base 256', base256(0xff, 0xff)],
    ['the least that there is, in base 256', base256(0x80, 0xff)],
    ['the largest that there is, in base 256', base256(0x80, 0x7f)],
    ['no number', Buffer.from('size please\0')],
    ['octal with a nine', Buffer.from('00000000009\0')],
    ['negative, in octal', Buffer.from('-0000000010\0')],
    ['eight gigabytes', Buffer.from('77777777777\0')],
  ])('%s', (_what, field) =>
    room.expectRefused(tarOfSize(field), /size|damaged|cut off|checksum|no archive that is known/),
  );
});

describe('of a zip', () => {
  test('more than there is, stored', () =>
    room.expectRefused(room.zip({ name: 'good', content: 'harmless', size: 0xfffffff0 }), /size|bytes/i));

  test('less than comes out, deflated: the bomb is stopped at what it declares', () =>
    room.expectRefused(
      room.zip({ name: 'good', content: Buffer.alloc(1 << 24), deflate: true, size: 10 }),
      /too many bytes|size/,
    ));

  test('of two entries that share their bytes', () =>
    room.expectRefused(
      room.zip({ name: 'one', content: 'x'.repeat(5000) }, { name: 'two', content: 'x'.repeat(5000), sameBytesAs: 0 }),
      /another name|more bytes/,
    ));
});

describe('of a manifest', () => {
  test.each([-1, 0.5, 1e308, null, '10', [], true])('an entry of %j bytes is refused', async (size) => {
    const { id } = await room.forged((lines) =>
      lines.map((line) => (line['path'] === 'state/queue.json' ? { ...line, size } : line)),
    );
    await room.expectRefused(id, /is no count|targets\.state\.size/);
  });

  test.each(['offset', 'storedSize', 'size', 'archive', 'frame'])(
    'a frame whose %s is no count is refused',
    async (field) => {
      for (const value of [-1, 0.5, 2 ** 53, '0']) {
        const { id } = await room.forged((lines) =>
          lines.map((line) => ('frame' in line ? { ...line, [field]: value } : line)),
        );
        await room.expectRefused(id, /is no count/);
      }
    },
  );

  test.each([
    ['uid', 2 ** 32],
    ['gid', 2 ** 40],
    ['inode', 'x'],
    ['mtime', '1e9'],
    ['mode', '99999'],
  ])('%s %j is refused', async (field, value) => {
    const { id } = await room.forged((lines) => [
      ...lines,
      { ...lineOf(lines, 'state/queue.json'), path: 'state/x', [field]: value },
    ]);
    await room.expectRefused(id, /is no|not a time/);
  });
});
