import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { comparePaths } from '../../lib/core/path-bytes.ts';
import { targetOf } from '../../lib/store/manifest.ts';
import { payloadKinds, PayloadRoom } from '../support/payload-room.ts';

/** What every layout of a backup promises, whatever it is made of. */
describe.each(payloadKinds)('a payload of the kind $name', (kind) => {
  let room: PayloadRoom;
  beforeEach(() => {
    room = new PayloadRoom(kind);
  });
  afterEach(() => room.remove());

  describe('what is added', () => {
    const mebibyte = 1 << 20;
    // Around what a frame holds with and without its header, around a tar's block, and across several frames.
    const sizes = [0, 1, 511, 512, 513, mebibyte - 1024, mebibyte - 512, mebibyte - 511, mebibyte, 3 * mebibyte + 7];

    test.each(sizes)('is read back byte for byte: %d bytes, alone', async (size) => {
      const content = randomBytes(size);
      await room.add(room.file('state/it', content));
      await room.finish();
      const { contents } = await room.read();
      expect([...contents.keys()]).toEqual(['state/it']);
      expect(contents.get('state/it')?.equals(content)).toBe(true);
    });

    test('is read back byte for byte: all sizes, one after the other, in two targets', async () => {
      const expected = new Map<string, Buffer>();
      for (const target of ['logs', 'state']) {
        for (const [number, size] of [...sizes, ...sizes].entries()) {
          const name = `${target}/${String(number).padStart(2, '0')}`;
          expected.set(name, size % 2 === 0 ? randomBytes(size) : Buffer.alloc(size, name));
          await room.add(room.file(name, expected.get(name) ?? ''));
        }
      }
      await room.finish();
      const { contents, failures } = await room.read();
      expect(failures).toEqual(new Map());
      expect([...contents.keys()]).toEqual([...expected.keys()]);
      for (const [name, content] of expected) expect(contents.get(name)?.equals(content)).toBe(true);
    });

    test('keeps its kind, mode, times, owner, link and place in the project', async () => {
      const file = room.file('state/tool', '#!/bin/sh', 0o4751);
      mkdirSync(room.source('state/empty'));
      const folder = { ...room.scanned('state/empty'), mode: 0o1770, mtimeNs: -1n };
      symlinkSync('../../nowhere\\or else', room.source('state/link'));
      const link = room.scanned('state/link');
      const made = room.made('state/made.json', Buffer.from('{}'));
      await room.add(folder, link, made, { ...file, uid: 4711, gid: 815 });
      await room.finish();
      const entries = await room.entries();
      expect(entries.map((one) => one.path)).toEqual(['state/empty', 'state/link', 'state/made.json', 'state/tool']);
      expect(entries[0]).toMatchObject({ kind: 'directory', mode: 0o1770, mtimeNs: -1n, origin: 'state/empty' });
      expect(entries[1]).toMatchObject({ kind: 'symlink', linkTarget: '../../nowhere\\or else' });
      expect(entries[2]).toMatchObject({ kind: 'file', mode: 0o600, size: 2 });
      expect(entries[2]).not.toHaveProperty('origin');
      const { mtimeNs, ctimeNs, inode } = file;
      expect(entries[3]).toMatchObject({ kind: 'file', mode: 0o4751, uid: 4711, gid: 815, mtimeNs, ctimeNs, inode });
    });

    test.each(['caf\udce9', '名'.repeat(80), 'new\nline', '100%25.txt', 'back\\slash', ' x ', 'C:\\', '..\\up', '"'])(
      'may be called %j',
      async (name) => {
        await room.add(room.file(`state/${name}`, name), room.file(`state/${name}~/${name}`, 'inside'));
        await room.finish();
        const { contents, failures } = await room.read();
        expect(failures).toEqual(new Map());
        expect(contents.get(`state/${name}`)?.toString()).toBe(Buffer.from(name).toString());
        expect(contents.get(`state/${name}~/${name}`)?.toString()).toBe('inside');
      },
    );

    test('may have been made for the backup, also when it is large', async () => {
      const large = randomBytes(2_500_000);
      await room.add(room.made('config/a.json', Buffer.from('small')), room.made('config/b.json', large));
      await room.add(
        room.made('config/c.json', Buffer.alloc(0)),
        room.made('config/d.json', large.subarray(0, 1 << 20)),
      );
      await room.finish();
      expect(room.findings).toEqual([]);
      const { contents } = await room.read();
      expect(contents.get('config/a.json')?.toString()).toBe('small');
      expect(contents.get('config/b.json')?.equals(large)).toBe(true);
      expect(contents.get('config/c.json')?.length).toBe(0);
      expect(contents.get('config/d.json')?.equals(large.subarray(0, 1 << 20))).toBe(true);
    });

    test('stands in the manifest in the order in which it came, after the frames that hold it', async () => {
      const names = ['logs/a', 'logs/b', 'logs/b/c', 'logs/d', 'state/a', 'state/b'].filter(
        (name) => name !== 'logs/b',
      );
      for (const name of names) await room.add(room.file(name, randomBytes(700_000)));
      await room.finish();
      const lines = await room.lines();
      let frames = 0;
      for (const line of lines) {
        if (line.type === 'frame') frames += 1;
        if (line.type === 'entry' && line.entry.at !== undefined) expect(line.entry.at.frame).toBeLessThan(frames);
      }
      const paths = lines.flatMap((line) => (line.type === 'entry' ? [line.entry.path] : []));
      expect(paths).toEqual(names);
      for (const target of ['logs', 'state']) {
        const own = paths.filter((path) => targetOf(path) === target);
        expect([...own].sort(comparePaths)).toEqual(own);
      }
    });
  });

  test('a run that is given up closes its files, at any time', async () => {
    await room.add(room.file('state/a', randomBytes(2_000_000)), room.file('state/b', 'b'));
    await room.abort();
  });

  test('to give up after the end does no harm: the number of a closed file may be another one’s', async () => {
    await room.add(room.file('state/a', 'a'));
    await room.finish();
    await room.abort();
    expect((await room.read()).contents.size).toBe(1);
  });

  test('an archive has the size and the SHA-256 that it tells', async () => {
    await room.add(room.file('state/a', randomBytes(100_000)), room.file('state/b', Buffer.alloc(100_000)));
    const { storedBytes, archive } = await room.finish();
    if (kind.layout === 'directory') {
      expect(archive).toBeUndefined();
      expect(storedBytes).toBe(200_000);
      return;
    }
    expect(archive?.size).toBe(storedBytes);
    expect(statSync(room.place).size).toBe(storedBytes);
    expect(statSync(room.place).mode & 0o7777).toBe(0o600);
    expect(execFileSync('sha256sum', [room.place]).toString().slice(0, 64)).toBe(archive?.sha256);
  });
});
