/** A rename cannot cross from one filesystem to another; a restore has to. */
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import Database from 'better-sqlite3';
import { mountTest } from '../support/mounting.ts';
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

describe('another filesystem inside the project', () => {
  /** The filesystem of the project itself, mounted a second time, is one as well: a rename cannot cross it. */
  function bind(path: string): void {
    const source = project.beside('elsewhere');
    mkdirSync(source, { recursive: true });
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['--bind', source, path]);
    room.unmounts.push(() => void spawnSync('umount', [path]));
  }

  function mount(kind: string, path: string): void {
    if (kind === 'bind mount') bind(path);
    else room.smallDisk(path, 4);
  }

  function makeDatabase(name: string): void {
    const database = new Database(project.path(name));
    database.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('old')");
    database.close();
  }

  mountTest.each(['tmpfs', 'bind mount'])(
    'gets its part of a restore (%s): files, links, long names, databases',
    async (kind) => {
      mount(kind, project.path('state/disk'));
      const longName = 'n'.repeat(255);
      project.write(`state/disk/${longName}`, 'old', 0o640);
      project.write('state/disk/deep/tool', 'old', 0o751);
      symlinkSync('../nowhere', project.path('state/disk/link'));
      makeDatabase('state/disk/inner.db');
      await room.create();
      const wanted = room.files();

      room.fill('new');
      project.write(`state/disk/${longName}`, 'new');
      for (const name of ['deep', 'link', 'inner.db']) rmSync(project.path(`state/disk/${name}`), { recursive: true });
      mkdirSync(project.path('state/disk/.ai-backup-restore-4194999-0123456789abcdef'));
      const { warnings } = await room.restore({ skipBackup: true });
      expect(treeDifferences(wanted, room.files())).toEqual([]);
      expect([room.rowOf('one.db'), room.rowOf('state/disk/inner.db')]).toEqual(['old', 'old']);
      expect([...room.leftovers(), ...room.leftovers(project.path('state/disk'))]).toEqual([]);
      expect(warnings.find((one) => one.code === 'leftovers-removed')?.params).toEqual({ count: 1 });
    },
  );

  mountTest.each([['data'], ['data', 'more']])('may hold nothing but a database (%j and so on)', async (...folders) => {
    for (const folder of folders) {
      room.smallDisk(project.path(folder), 4);
      makeDatabase(`${folder}/inner.db`);
    }
    await room.create();
    const wanted = room.files();
    room.fill('new');
    for (const folder of folders) rmSync(project.path(`${folder}/inner.db`));
    await room.restore({ skipBackup: true });
    expect(treeDifferences(wanted, room.files())).toEqual([]);
    for (const folder of folders) {
      expect(room.rowOf(`${folder}/inner.db`)).toBe('old');
      expect(room.leftovers(project.path(folder))).toEqual([]);
    }
    expect([room.rowOf('one.db'), room.leftovers()]).toEqual(['old', []]);
  });

  mountTest('that is full ends the restore before anything is changed', async () => {
    room.smallDisk(project.path('state/disk'), 1);
    project.write('state/disk/large', Buffer.alloc(700_000, 'old'));
    await room.create();
    room.fill('new');
    project.write('state/disk/large', Buffer.alloc(700_000, 'new'));
    const before = room.files();
    const failure = await failureOf(room.restore({ skipBackup: true }));
    expect(failure).toMatchObject({ code: 'NO_SPACE', params: { path: project.path('state/disk') } });
    expect([room.rowOf('one.db'), room.rowOf('two.db')]).toEqual(['new', 'new']);
    expect(treeDifferences(before, room.files())).toEqual([]);
    expect(room.leftovers(project.path('state/disk'))).toEqual([]);
  });
});
