/** A restore that cannot be finished says how far it came; most are found out before anything is changed. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { mountTest } from '../support/mounting.ts';
import { startWriter } from '../support/start-writer.ts';
import { failureOf, SwapRoom } from '../support/swap-room.ts';
import { treeDifferences } from '../support/tree-snapshot.ts';

let room: SwapRoom;
let project: SwapRoom['project'];

beforeEach(() => {
  room = new SwapRoom();
  ({ project } = room);
});

afterEach(() => {
  room.close();
});

describe('a swap that fails midway', () => {
  test('says how far it came, and its command brings the state before back', async () => {
    const id = await room.create();
    room.fill('new');
    rmSync(project.path('state/sub/only-old'));
    const before = room.files();

    const failure = await failureOf(room.restore({}, () => room.blockState()));
    room.unblockState();
    expect(failure).toMatchObject({ code: 'RESTORE_PARTIAL', exitCode: 1 });
    const safetyBackup = /backup-\S+Z-[0-9a-f]{6}/.exec(failure.hint ?? '')?.[0];
    expect(safetyBackup).not.toBe(id);
    // Two databases and the settings, of them and four files of the state.
    expect(failure.params).toMatchObject({ backup: id, done: 3, total: 7, safetyBackup });
    expect(failure.message).toContain('3 of 7 entries are in place');
    expect(failure.message).toContain(project.path('state'));
    expect([room.rowOf('one.db'), room.rowOf('two.db')]).toEqual(['old', 'old']);
    expect(readFileSync(project.path('config/app.json'), 'utf8')).toContain('old');
    expect(readFileSync(project.path('state/a.json'), 'utf8')).toBe('new');
    expect(room.leftovers()).toEqual([]);

    const words = /npm run backup:restore -- (.+)/.exec(failure.hint ?? '')?.[1]?.split(' ') ?? [];
    const undone = await project.tool('restore', ...words.slice(0, -2), '--yes');
    expect([undone.code, undone.stderr]).toEqual([0, expect.any(String)]);
    expect(words.slice(-2)).toEqual(['--root', project.root]);
    expect(treeDifferences(before, room.files())).toEqual([]);
    expect([room.rowOf('one.db'), room.rowOf('two.db')]).toEqual(['new', 'new']);
  });

  test('what a part of it created goes as well with that command', async () => {
    await room.create();
    room.fill('new');
    // The settings come to their place before the state does.
    rmSync(project.path('config/app.json'));
    project.write('config/other.json', '{}');
    const before = room.files();
    const failure = await failureOf(room.restore({}, () => room.blockState()));
    room.unblockState();
    expect(existsSync(project.path('config/app.json'))).toBe(true);
    const words = /npm run backup:restore -- (.+)/.exec(failure.hint ?? '')?.[1]?.split(' ') ?? [];
    expect((await project.tool('restore', ...words.slice(0, -2), '--yes')).code).toBe(0);
    expect(treeDifferences(before, room.files())).toEqual([]);
  });

  test('without a safety backup says that, and the same restore goes on', async () => {
    await room.create();
    const wanted = room.files();
    room.fill('new');
    const failure = await failureOf(room.restore({ skipBackup: true }, () => room.blockState()));
    room.unblockState();
    expect(failure.code).toBe('RESTORE_PARTIAL');
    expect(failure.hint).toContain('no safety backup');
    await room.restore({ skipBackup: true });
    expect(treeDifferences(wanted, room.files())).toEqual([]);
  });

  test('at its very first step is the plain error: nothing was changed', async () => {
    await room.create();
    room.fill('new');
    const before = room.files();
    const failure = await failureOf(room.restore({ targets: ['state'] }, () => room.blockState()));
    room.unblockState();
    expect(failure.code).toBe('WRITE_FAILED');
    expect(treeDifferences(before, room.files())).toEqual([]);
  });
});

describe('before anything is changed', () => {
  test('a locked database is found, also when it is the last of several', async () => {
    await room.create();
    room.fill('new');
    const before = room.files();
    const holder = await startWriter({ path: project.path('two.db'), journalMode: 'delete', work: 'lock' });
    try {
      const failure = await failureOf(room.restore({ skipBackup: true }));
      expect(failure).toMatchObject({ code: 'DATABASE_LOCKED', params: { database: project.path('two.db') } });
    } finally {
      await holder.stop();
    }
    expect([room.rowOf('one.db'), room.rowOf('two.db')]).toEqual(['new', 'new']);
    expect(treeDifferences(before, room.files())).toEqual([]);
    expect(room.leftovers()).toEqual([]);
  });

  test('a database of another page size in WAL mode is found', async () => {
    await room.create();
    room.fill('new');
    rmSync(project.path('two.db'));
    const other = new Database(project.path('two.db'));
    other.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES ('new')");
    other.close();
    const failure = await failureOf(room.restore({ skipBackup: true }));
    expect(failure).toMatchObject({ code: 'DATABASE_COPY_FAILED', params: { database: project.path('two.db') } });
    expect(room.rowOf('one.db')).toBe('new');
    expect(readFileSync(project.path('state/a.json'), 'utf8')).toBe('new');
  });

  mountTest('a single file that is a mount of its own is found', async () => {
    await room.create();
    room.fill('new');
    const disk = room.smallDisk(project.beside('disk'), 1);
    writeFileSync(join(disk.path, 'c.json'), 'mounted');
    execFileSync('mount', ['--bind', join(disk.path, 'c.json'), project.path('state/c.json')]);
    room.unmounts.push(() => void spawnSync('umount', [project.path('state/c.json')]));
    const failure = await failureOf(room.restore({ skipBackup: true }));
    expect(failure.code).toBe('DESTINATION_UNWRITABLE');
    expect(failure.message).toContain(`${project.path('state/c.json')} (EBUSY)`);
    expect([room.rowOf('one.db'), readFileSync(project.path('state/a.json'), 'utf8')]).toEqual(['new', 'new']);
  });

  mountTest('a part of the project on a read-only filesystem is found', async () => {
    const disk = room.smallDisk(project.path('state/disk'), 1);
    project.write('state/disk/x', 'old');
    await room.create();
    room.fill('new');
    project.write('state/disk/x', 'new');
    disk.remountReadOnly();
    const failure = await failureOf(room.restore({ skipBackup: true }));
    expect(failure.code).toBe('DESTINATION_UNWRITABLE');
    expect(failure.message).toContain(`${project.path('state/disk')} (EROFS)`);
    expect([room.rowOf('one.db'), readFileSync(project.path('config/app.json'), 'utf8')]).toEqual([
      'new',
      '{"content":"new"}',
    ]);
    expect(room.leftovers()).toEqual([]);
  });
});

test('what a killed restore left is removed by the next one, which says so', async () => {
  await room.create();
  room.fill('new');
  mkdirSync(project.path('.ai-backup-restore-4194999-0123456789abcdef/files'), { recursive: true });
  const { warnings } = await room.restore();
  expect(room.leftovers()).toEqual([]);
  expect(warnings.filter((one) => one.code === 'leftovers-removed')).toHaveLength(1);
});
