import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { ChainRoom } from '../support/chain-room.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

let room: ChainRoom;
beforeEach(() => {
  room = new ChainRoom();
  room.write('config/app.json', '{"name": "app"}\n');
  room.write('state/one.json', '1');
});
afterEach(() => room.remove());

/** The next backup, in a folder of its own, under the same name as all others. */
async function output(folder: string, mode: string): Promise<CreateResult> {
  mkdirSync(room.beside(folder));
  room.write('state/one.json', `as it was for ${folder}`);
  room.write(`state/${folder}.json`, folder);
  return room.create('--mode', mode, '--output', room.beside(`${folder}/backup.tar.gz`));
}

describe('archives of one chain that have the same name, in folders of their own', () => {
  test('are told apart: each backup is whole', async () => {
    const made: CreateResult[] = [];
    for (const [folder, mode] of [
      ['monday', 'full'],
      ['tuesday', 'incremental'],
      ['wednesday', 'incremental'],
    ] as const) {
      const state = await output(folder, mode);
      made.push(state);
      expect(await room.differences(state.id, room.snapshot())).toEqual([]);
    }
    for (const { id } of made) expect(await room.verify(id)).toMatchObject({ ok: true, problems: [] });
  });

  test('are found without the store, where they lay', async () => {
    await output('monday', 'full');
    await output('tuesday', 'incremental');
    const state = room.snapshot();
    rmSync(room.store, { recursive: true });
    expect(await room.differences(room.beside('tuesday/backup.tar.gz'), state)).toEqual([]);
  });

  test('are not taken for one of that name which lies beside the backup that needs it', async () => {
    await output('monday', 'full');
    mkdirSync(room.beside('others'));
    writeFileSync(room.beside('others/backup.tar.gz'), 'this is something else');
    room.write('state/two.json', '2');
    const next = await room.incremental('--output', room.beside('others/next.tar.gz'));
    expect(await room.differences(next.id, room.snapshot())).toEqual([]);
  });
});

test('an archive that is missing is named where it lay', async () => {
  await output('monday', 'full');
  await room.incremental();
  renameSync(room.beside('monday/backup.tar.gz'), room.beside('gone.tar.gz'));
  const ended = await room.tool('create', '--mode', 'incremental');
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(`${room.beside('monday/backup.tar.gz')}: it is missing`);
});

describe('--output', () => {
  const refused = async (place: string): Promise<string> => {
    const ended = await room.tool('create', '--mode', 'full', '--output', place);
    expect(ended.code).toBe(2);
    return ended.stderr;
  };

  test('takes no place inside of the store, where a cleanup would remove it', async () => {
    const { directory } = await room.full();
    for (const folder of ['.state', '.state/tmp', directory.slice(room.store.length + 1)]) {
      expect(await refused(`${room.store}/${folder}`)).toContain('the store itself, or a folder outside of it');
      expect(await refused(`${room.store}/${folder}/mine.tar.gz`)).toContain('the store itself');
    }
  });

  test('knows the store under another name', async () => {
    await room.full();
    symlinkSync(room.store, room.beside('link'));
    const made = await room.full('--output', room.beside('link/mine.tar.gz'));
    expect(made.archive).toBe(`${room.store}/mine.tar.gz`);
  });

  test('to a disk that is full, or read-only, names that disk and not the store', async () => {
    const disk = mountSmallDisk(room.beside('disk'), 1);
    if (disk === undefined) return;
    try {
      room.write('state/large', randomBytes(3 << 20));
      const create = ['create', '--mode', 'full', '--output', disk.path, '--json'];
      const full = JSON.parse((await room.tool(...create)).stderr) as unknown;
      expect(full).toMatchObject({ error: { code: 'NO_SPACE', message: expect.stringContaining(`of ${disk.path} `) } });
      expect(readdirSync(disk.path)).toEqual([]);
      disk.remountReadOnly();
      const locked = JSON.parse((await room.tool(...create)).stderr) as unknown;
      expect(locked).toMatchObject({ error: { code: 'WRITE_FAILED', message: expect.stringContaining(disk.path) } });
    } finally {
      disk.remove();
    }
  });

  test('takes no place that a target would take in', async () => {
    expect(await refused(room.path('state/mine.tar.gz'))).toContain('(this one is in state)');
    expect(await refused(room.path('config'))).toContain('(this one is in config)');
    room.settings({ exclude: ['*.tar.gz'] });
    const made = await room.full('--output', room.path('state/mine.tar.gz'));
    expect(room.members(made).filter((member) => member.includes('ai-backup') || member.includes('mine'))).toEqual([]);
  });
});

describe('--base-backup', () => {
  const failed = async (...args: string[]): Promise<{ code: number; error: string }> => {
    const ended = await room.tool('create', ...args, '--json');
    const { error } = JSON.parse(ended.stderr) as { error: { code: string } };
    return { code: ended.code ?? -1, error: error.code };
  };

  test('of a plain tree is a plain tree that there is, and only one', async () => {
    const tar = await room.full();
    const tree = await room.full('--format', 'directory');
    const base = (name: string): string[] => ['--format', 'directory', '--base-backup', name];
    expect(await failed(...base('backup-2'))).toEqual({ code: 10, error: 'BACKUP_AMBIGUOUS' });
    expect(await failed(...base('nothing'))).toEqual({ code: 10, error: 'BACKUP_NOT_FOUND' });
    expect(await failed(...base(tar.id))).toEqual({ code: 1, error: 'BASE_UNUSABLE' });
    expect(await room.create(...base(tree.id))).toMatchObject({ mode: 'incremental', base: tree.id });
  });

  test('that is nowhere is an error for a zip as well', async () => {
    await room.full();
    const args = ['--format', 'zip', '--base-backup', 'nothing'];
    expect(await failed(...args)).toEqual({ code: 10, error: 'BACKUP_NOT_FOUND' });
  });
});
