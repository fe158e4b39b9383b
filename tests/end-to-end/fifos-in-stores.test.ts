/** A FIFO in the place of a file of a store: whoever opens one waits for ever, and no signal ends it. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { EncryptedRoom } from '../support/encrypted-room.ts';

let room: EncryptedRoom;
let made: CreateResult;
let comeBack: () => Promise<void>;

beforeAll(async () => {
  room = new EncryptedRoom();
  room.write('state/large.bin', randomBytes(1_200_000));
  made = await room.create(await room.open(room.key('our.key', 'the right words\n')), { mode: 'full' });
  comeBack = await room.keepStore();
});
afterEach(() => comeBack());
afterAll(() => room.remove());

const state = (...names: string[]): string => join(room.store, '.state', ...names);

async function codeWith(fifo: string, ...args: string[]): Promise<number | null> {
  rmSync(fifo);
  execFileSync('mkfifo', [fifo]);
  return (await room.tool(...args, '--encryption-key', room.beside('our.key'))).code;
}

test('caches and the checkpoint keep no backup from being made', async () => {
  const [blocks = ''] = readdirSync(state('blocks'));
  room.write('state/large.bin', randomBytes(1_200_000));
  expect(await codeWith(state('blocks', blocks), 'create', '--mode', 'incremental')).toBe(0);
  expect(await codeWith(state('keys.json'), 'create')).toBe(0);
  expect(await codeWith(state('audit-head.json'), 'create')).toBe(0);
});

test('what a backup is made of is found to be none', async () => {
  expect(await codeWith(join(made.directory, 'manifest.jsonl.gz.enc'), 'verify')).toBe(4);
  await comeBack();
  expect(await codeWith(join(made.directory, 'RESTORE.md'), 'verify')).toBe(4);
  const archive = made.archive ?? '';
  expect(await codeWith(archive, 'verify', archive)).toBe(4);
});
