import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { meansIncomplete } from '../../lib/core/findings.ts';
import { toSystemPath } from '../../lib/core/path-bytes.ts';
import { ownPayloadKinds, PayloadRoom } from '../support/payload-room.ts';
import { withoutPrivileges } from '../support/other-user.ts';

/** What every layout of a backup makes of a project that goes on living while it is read. */
describe.each(ownPayloadKinds)('a payload of the kind $name, while the project changes', (kind) => {
  let room: PayloadRoom;
  beforeEach(() => {
    room = new PayloadRoom(kind);
  });
  afterEach(() => room.remove());

  describe('between the scan and the reading, a file', () => {
    // Sizes on both sides of what is read at one go.
    const small = 1_000;
    const large = 2_500_000;

    async function addAround(change: () => void, size: number): Promise<void> {
      const before = room.file('state/before', 'before');
      const entry = room.file('state/it', Buffer.alloc(size, 'x'));
      const after = room.file('state/next', 'next');
      change();
      await room.add(before, entry, after);
      await room.finish();
    }

    /** The file is not in the backup, its neighbours are whole, and it is noted without an alarm. */
    async function expectVanished(): Promise<void> {
      expect(room.findings).toMatchObject([{ code: 'file-vanished', path: 'state/it', target: 'state' }]);
      expect(meansIncomplete(room.findings)).toBe(false);
      await expectNeighbours();
      expect((await room.entries()).map((one) => one.path)).toEqual(['state/before', 'state/next']);
    }

    async function expectNeighbours(): Promise<void> {
      const { contents, failures } = await room.read();
      expect(failures).toEqual(new Map());
      expect(contents.get('state/before')?.toString()).toBe('before');
      expect(contents.get('state/next')?.toString()).toBe('next');
    }

    describe.each([small, large])('of %d bytes', (size) => {
      test('vanished: it is noted, and is no failure', async () => {
        await addAround(() => rmSync(room.source('state/it')), size);
        await expectVanished();
      });

      test('vanished with its folder', async () => {
        const entry = room.file('state/folder/it', Buffer.alloc(size));
        rmSync(dirname(entry.readFrom ?? ''), { recursive: true });
        await room.add(entry);
        expect(room.findings).toMatchObject([{ code: 'file-vanished', path: 'state/folder/it' }]);
        await room.add(room.file('state/next', 'next'));
        await room.finish();
        expect((await room.read()).contents.size).toBe(1);
      });

      test('was replaced by a link, which is not followed', async () => {
        await addAround(() => {
          rmSync(room.source('state/it'));
          symlinkSync('/etc/passwd', room.source('state/it'));
        }, size);
        await expectVanished();
      });

      test('was replaced by a FIFO, which nobody writes to', async () => {
        await addAround(() => {
          rmSync(room.source('state/it'));
          execFileSync('mkfifo', [room.source('state/it')]);
        }, size);
        await expectVanished();
      });

      test('was replaced by a folder', async () => {
        await addAround(() => {
          rmSync(room.source('state/it'));
          mkdirSync(room.source('state/it'));
        }, size);
        await expectVanished();
      });

      test('may no longer be read: it is named, and the backup is incomplete', async () => {
        const before = room.file('state/before', 'before');
        const entry = room.file('state/it', Buffer.alloc(size));
        const after = room.file('state/next', 'next');
        execFileSync('chmod', ['000', entry.readFrom ?? '']);
        await room.add(before);
        await withoutPrivileges(() => room.add(entry));
        await room.add(after);
        await room.finish();
        expect(room.findings).toMatchObject([
          { code: 'file-unreadable', path: 'state/it', params: { reason: 'EACCES' } },
        ]);
        expect(meansIncomplete(room.findings)).toBe(true);
        await expectNeighbours();
        expect(await room.entries()).toHaveLength(2);
      });

      const changes: [string, (path: string) => Buffer][] = [
        ['was written anew', (path) => replaced(path, randomBytes(size))],
        ['grew by a little', (path) => replaced(path, randomBytes(size + 1))],
        ['grew beyond a frame', (path) => replaced(path, randomBytes(size + 1_500_000))],
        ['shrank by a little', (path) => replaced(path, randomBytes(size - 1))],
        ['shrank to nothing', (path) => replaced(path, Buffer.alloc(0))],
        ['was replaced by another file', (path) => renamedOver(path, randomBytes(size + 5))],
      ];
      test.each(changes)('%s: what is there now is stored, with its size and time', async (_, change) => {
        let now: Buffer = Buffer.alloc(0);
        await addAround(() => (now = change(room.source('state/it'))), size);
        expect(room.findings).toEqual([]);
        await expectNeighbours();
        expect((await room.read()).contents.get('state/it')?.equals(now)).toBe(true);
        const { mtimeNs, ino, mode } = statSync(room.source('state/it'), { bigint: true });
        const entry = (await room.entries()).find((one) => one.path === 'state/it');
        expect(entry).toMatchObject({ size: now.length, mtimeNs, inode: ino, mode: Number(mode) & 0o7777 });
      });

      test('shrank below its next neighbour, and the last one grew: all are whole', async () => {
        const entries = ['a', 'b', 'c', 'd'].map((name) => room.file(`state/${name}`, Buffer.alloc(size, name)));
        truncateSync(room.source('state/a'), 3);
        appendFileSync(room.source('state/d'), randomBytes(2_000_000));
        await room.add(...entries);
        await room.finish();
        const { contents, failures } = await room.read();
        expect(failures).toEqual(new Map());
        expect(contents.get('state/a')?.toString()).toBe('aaa');
        expect(contents.get('state/b')?.equals(Buffer.alloc(size, 'b'))).toBe(true);
        expect(contents.get('state/d')?.length).toBe(size + 2_000_000);
      });
    });
  });

  test('a file that another process writes to without end is stored as the manifest says, and noted at most', async () => {
    const entry = room.file('state/busy', Buffer.alloc(3_000_000));
    const program = `
      const { openSync, writeSync, ftruncateSync } = require('node:fs');
      const fd = openSync(process.argv[1], 'r+');
      for (let round = 0; ; round += 1) {
        if (round === 100) process.stdout.write('busy');
        if (round % 50 === 0) ftruncateSync(fd, 1_000_000 + (round * 7919) % 3_000_000);
        writeSync(fd, Buffer.alloc(4096, round % 256), 0, 4096, (round * 8191) % 2_500_000);
      }`;
    const writer = spawn(process.execPath, ['-e', program, entry.readFrom ?? ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(writer.stdout, 'data');
      await room.add(room.file('state/a', 'a'), entry, room.file('state/z', 'z'));
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
    await room.finish();
    expect(room.findings.filter((one) => one.code !== 'file-changed' || one.path !== 'state/busy')).toEqual([]);
    const { contents, failures } = await room.read();
    expect(failures).toEqual(new Map());
    expect([...contents.keys()]).toEqual(['state/a', 'state/busy', 'state/z']);
  });

  test('a folder and a link are stored as they were seen, whatever became of them', async () => {
    mkdirSync(room.source('state/folder'), { recursive: true });
    symlinkSync('x', room.source('state/link'));
    const entries = [room.scanned('state/folder'), room.scanned('state/link')];
    rmSync(room.source('state'), { recursive: true });
    await room.add(...entries, room.file('state/next', 'next'));
    await room.finish();
    expect(room.findings).toEqual([]);
    expect((await room.entries()).map((one) => one.kind)).toEqual(['directory', 'symlink', 'file']);
  });
});

function replaced(path: string, content: Buffer): Buffer {
  writeFileSync(toSystemPath(path), content);
  return content;
}

function renamedOver(path: string, content: Buffer): Buffer {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return content;
}
