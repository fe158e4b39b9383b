import { rmSync, symlinkSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ChainRoom } from '../support/chain-room.ts';

const longAgo = new Date('2026-01-10T12:00:00Z');
const since = '2026-02-01';

let room: ChainRoom;
beforeEach(() => {
  room = new ChainRoom();
  room.write('config/app.json', '{}');
  old('state/plain', 'plain');
  old('state/folder/inside', 'inside');
  room.link('plain', 'state/link');
});
afterEach(() => room.remove());

/** A file that was written to before the date that these backups ask for. */
function old(name: string, content: string): void {
  utimesSync(room.write(name, content), longAgo, longAgo);
}

test('an old file that took the place of a folder or of a link is stored, and the folder is not told in its stead', async () => {
  await room.full();
  rmSync(room.path('state/folder'), { recursive: true });
  old('state/folder', 'a file now');
  rmSync(room.path('state/link'));
  old('state/link', 'a file as well');
  rmSync(room.path('state/plain'));
  symlinkSync('folder', room.path('state/plain'));
  const made = await room.incremental('--since', since);
  expect(await room.differences(made.id, room.snapshot())).toEqual([]);
});

test('where nothing has changed since then, that is what the backup says', async () => {
  utimesSync(room.path('config/app.json'), longAgo, longAgo);
  rmSync(room.path('state/link'));
  const made = await room.create('--since', since);
  expect(made.warnings.map((one) => one.code)).toContain('since-left-out');
  expect(await room.verify(made.id)).toMatchObject({ ok: true });
});

test('an offset from UTC that no clock shows is no date', async () => {
  const ended = await room.tool('create', '--since', '2026-01-10T12:00:00+99:99');
  expect(ended.code).toBe(2);
});
