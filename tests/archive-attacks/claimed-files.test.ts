import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AttackRoom } from '../support/attack-room.ts';
import type { Created } from '../support/make-project.ts';

/** Metadata that call a file their archive which is somebody else's: cleanup deletes a backup's archive with it. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

/** Lets the older of two backups call that its archive, and cleans up all but the newest. */
async function cleanUpWith(archive: (newer: Created) => object): Promise<Created> {
  const older = await room.project.done<Created>('create', '--mode', 'full');
  room.project.write('state/queue.json', '[4]');
  const newer = await room.project.done<Created>('create', '--mode', 'full');
  const file = join(older.directory, 'metadata.json');
  const metadata = JSON.parse(readFileSync(file, 'utf8')) as { archive: object };
  writeFileSync(file, JSON.stringify({ ...metadata, archive: { ...metadata.archive, ...archive(newer) } }));
  rmSync(older.archive ?? '');
  const ended = await room.project.tool('cleanup', '--keep-count', '1');
  expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('Removed 1 of 2')]);
  expect(existsSync(older.directory)).toBe(false);
  return newer;
}

test('the archive of another backup stays', async () => {
  const newer = await cleanUpWith(({ id }) => ({ file: `${id}.tar.gz` }));
  expect(existsSync(newer.archive ?? '')).toBe(true);
});

test('a file elsewhere stays, also where its size and hash are known', async () => {
  const bytes = readFileSync(join(room.outside, 'theirs'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await cleanUpWith(() => ({ folder: room.outside, file: 'theirs', size: bytes.length, sha256 }));
  expect(readFileSync(join(room.outside, 'theirs'))).toEqual(bytes);
});

test('what lies behind a link in the place of the folder for temporary files stays', async () => {
  await room.project.done('create');
  rmSync(room.project.path('backups/.state/tmp'), { recursive: true });
  symlinkSync(room.outside, room.project.path('backups/.state/tmp'));
  const before = room.around();
  await room.project.tool('create');
  for (const path of before.keys())
    if (path.startsWith('outside/')) expect([path, existsSync(room.project.beside(path))]).toEqual([path, true]);
});
