import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DirectoryPayload, isUnchanged, type PreviousFile } from '../../lib/archive/directory-payload.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import type { ManifestEntry } from '../../lib/store/manifest.ts';
import { ManifestWriter } from '../../lib/store/manifest-writer.ts';
import { PayloadRoom } from '../support/payload-room.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { umasks } from '../support/umasks.ts';

const plainTree = { name: 'plain tree', layout: 'directory', compression: 'none' } as const;

/** A day after everything that a test writes. */
const begunAtNs = BigInt(Date.now() + 86_400_000) * 1_000_000n;

const inodeOf = (path: string): bigint => lstatSync(path, { bigint: true }).ino;

describe('a file that has not changed since the previous backup', () => {
  let first: PayloadRoom;
  let second: PayloadRoom;
  let noted: Map<string, ManifestEntry>;

  beforeEach(async () => {
    first = new PayloadRoom(plainTree);
    await first.add(first.file('state/a', 'content of a'), first.file('state/b', 'content of b'));
    await first.finish();
    noted = new Map((await first.entries()).map((entry) => [entry.path, entry]));
    second = new PayloadRoom(plainTree, (path) => Promise.resolve(previousOf(path)));
  });
  afterEach(() => {
    first.remove();
    second.remove();
  });

  function previousOf(path: string): PreviousFile | undefined {
    const entry = noted.get(path);
    return entry === undefined ? undefined : { entry, file: inFirst(path), begunAtNs };
  }
  const inFirst = (path: string): string => join(first.place, path);
  const inSecond = (path: string): string => join(second.place, path);

  async function secondContents(): Promise<Record<string, string>> {
    const { contents, failures } = await second.read();
    expect(failures).toEqual(new Map());
    return Object.fromEntries([...contents].map(([path, content]) => [path, content.toString()]));
  }

  test('is a link to it, and takes no room', async () => {
    await second.add(first.scanned('state/a'), first.scanned('state/b'));
    const { storedBytes } = await second.finish();
    expect(storedBytes).toBe(0);
    expect(inodeOf(inSecond('state/a'))).toBe(inodeOf(inFirst('state/a')));
    expect(await secondContents()).toEqual({ 'state/a': 'content of a', 'state/b': 'content of b' });
  });

  test('stays when the previous backup is removed', async () => {
    await second.add(first.scanned('state/a'));
    await second.finish();
    rmSync(first.place, { recursive: true });
    expect(await secondContents()).toEqual({ 'state/a': 'content of a' });
  });

  test('is copied where the previous backup has lost its file', async () => {
    rmSync(inFirst('state/a'));
    await second.add(first.scanned('state/a'));
    await second.finish();
    expect(await secondContents()).toEqual({ 'state/a': 'content of a' });
  });

  const damages: [string, (file: string) => void][] = [
    ['was cut short', (file) => writeFileSync(file, 'cont')],
    ['was overwritten', (file) => writeFileSync(file, 'CONTENT of a')],
    ['became a folder', (file) => (rmSync(file), mkdirSync(file))],
  ];
  test.each(damages)('is copied where the previous backup’s file %s: damage does not spread', async (_, damage) => {
    damage(inFirst('state/a'));
    await second.add(first.scanned('state/a'));
    await second.finish();
    expect(await secondContents()).toEqual({ 'state/a': 'content of a' });
  });

  test('is not the same any more when anything of it changed', async () => {
    writeFileSync(first.source('state/a'), 'CONTENT of a');
    // The size and the time of the old content: only ctime tells.
    const { mtimeNs } = noted.get('state/a') ?? { mtimeNs: 0n };
    utimesSync(first.source('state/a'), Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
    await second.add({ ...first.scanned('state/a'), mtimeNs }, first.scanned('state/b'));
    await second.finish();
    expect(await secondContents()).toEqual({ 'state/a': 'CONTENT of a', 'state/b': 'content of b' });
    expect(readFileSync(inFirst('state/a'), 'utf8')).toBe('content of a');
  });

  test('is linked with the mode that it has now', async () => {
    chmodSync(first.source('state/a'), 0o755);
    await second.add(first.scanned('state/a'));
    await second.finish();
    expect((await second.entries())[0]).toMatchObject({ mode: 0o755 });
    expect(await secondContents()).toEqual({ 'state/a': 'content of a' });
  });
});

describe('no link is made', () => {
  const entry: SourceEntry & ManifestEntry = {
    target: 'state',
    path: 'state/a',
    kind: 'file',
    mode: 0o600,
    mtimeNs: 1_000n,
    ctimeNs: 2_000n,
    inode: 3n,
    uid: 0,
    gid: 0,
    size: 4,
    sha256: 'a'.repeat(64),
  };
  const { ctimeNs: _ctime, ...withoutCtime } = entry;
  const { sha256: _hash, ...withoutHash } = entry;
  const changes: [string, ManifestEntry][] = [
    ['size', { ...entry, size: 5 }],
    ['modification time', { ...entry, mtimeNs: 1_001n }],
    ['change time', { ...entry, ctimeNs: 2_001n }],
    ['inode', { ...entry, inode: 4n }],
    ['kind', { ...entry, kind: 'symlink' }],
    ['unknown change time', withoutCtime],
    ['unknown hash', withoutHash],
  ];
  test.each(changes)('for another %s', (_, noted) => {
    expect(isUnchanged(entry, { entry: noted, file: '', begunAtNs })).toBe(false);
    expect(isUnchanged(entry, { entry, file: '', begunAtNs })).toBe(true);
  });

  test('to a file that was written to when the previous backup was begun, or shortly before: a second change could have the same time', () => {
    const second = 1_000_000_000n;
    // The filesystem keeps fractions of seconds, or whole ones, whose steps may be of two.
    for (const [ctimeNs, step] of [
      [2_000n, second / 10n],
      [second, 2n * second],
    ] as const) {
      for (const [after, isSafe] of [
        [0n, false],
        [step - 1n, false],
        [step, false],
        [step + 1n, true],
      ] as const) {
        const same = { ...entry, ctimeNs };
        expect(isUnchanged(same, { entry: same, file: '', begunAtNs: ctimeNs + after })).toBe(isSafe);
      }
    }
  });
});

test.each(umasks)(
  'modes are those of the store, with the umask %o; the project’s own are in the manifest',
  async (umask) => {
    const folder = makeTemporaryFolder('modes');
    writeFileSync(join(folder, 'tool'), '#!/bin/sh', { mode: 0o755 });
    const before = process.umask(umask);
    try {
      const header = { manifest: 1, backup: 'b', layout: 'directory', compression: 'none', targets: [] } as const;
      const owner = { uid: 0, gid: 0 };
      const manifestFile = join(folder, 'manifest.jsonl.gz');
      const manifest = new ManifestWriter(manifestFile, { ...header, archives: [], targets: [], owner }, 0o640);
      mkdirSync(join(folder, 'backup'));
      chmodSync(join(folder, 'backup'), 0o750);
      const modes = { file: 0o640, folder: 0o750 };
      const payload = new DirectoryPayload({ folder: join(folder, 'backup'), modes, manifest });
      const readFrom = join(folder, 'tool');
      const common = { target: 'state', mtimeNs: 0n, uid: 0, gid: 0, size: 9 };
      await payload.add({ ...common, path: 'state/deep/in/it/tool', kind: 'file', mode: 0o755, readFrom });
      await payload.add({ ...common, path: 'state/folder', kind: 'directory', mode: 0o777, size: 0 });
      await payload.add({ ...common, path: 'state/made', kind: 'file', mode: 0o777, content: Buffer.from('x') });
      await payload.finishEntries();
      await manifest.finish();
      const modeOf = (path: string): string => (statSync(join(folder, path)).mode & 0o7777).toString(8);
      const files = ['backup/state/deep/in/it/tool', 'backup/state/made', 'manifest.jsonl.gz'];
      expect(files.map(modeOf)).toEqual(['640', '640', '640']);
      const folders = ['', '/deep', '/deep/in', '/deep/in/it', '/folder'];
      expect(folders.map((path) => modeOf(`backup/state${path}`))).toEqual(folders.map(() => '750'));
    } finally {
      process.umask(before);
      removeTemporaryFolder(folder);
    }
  },
);
