import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toSystemPath } from '../../lib/core/path-bytes.ts';
import { swapIn } from '../../lib/operations/swap-in.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

let folder: string;
let staging: string;
let destination: string;
beforeEach(() => {
  folder = makeTemporaryFolder('swap');
  staging = join(folder, 'staging');
  destination = join(folder, 'destination');
  mkdirSync(staging);
  mkdirSync(destination);
});
afterEach(() => removeTemporaryFolder(folder));

function write(base: string, path: string, content = path): string {
  const absolute = join(base, path);
  mkdirSync(join(absolute, '..'), { recursive: true });
  writeFileSync(toSystemPath(absolute), content);
  return absolute;
}

const read = (path: string): string => readFileSync(join(destination, path), 'utf8');

describe('what is staged', () => {
  test('comes to its place: into an empty destination as it is', () => {
    write(staging, 'state/deep/a');
    chmodSync(write(staging, 'state/tool'), 0o751);
    symlinkSync('../nowhere', join(staging, 'state/link'));
    mkdirSync(join(staging, 'empty'));
    write(staging, 'caf\udce9');
    const before = snapshotTree(staging);
    swapIn(staging, destination);
    expect(treeDifferences(before, snapshotTree(destination))).toEqual([]);
  });

  test('replaces files of the same name, in place, and leaves the others', () => {
    write(destination, 'state/a', 'old');
    write(destination, 'state/mine', 'mine');
    symlinkSync('old', join(destination, 'state/link'));
    write(staging, 'state/a', 'new');
    write(staging, 'state/link', 'a file now');
    write(staging, 'other/b', 'new');
    swapIn(staging, destination);
    expect([read('state/a'), read('state/mine'), read('state/link'), read('other/b')]).toEqual([
      'new',
      'mine',
      'a file now',
      'new',
    ]);
  });

  test('replaces a file while somebody reads it: that one goes on with the old content', () => {
    const path = write(destination, 'a', 'old');
    const inode = statSync(path).ino;
    write(staging, 'a', 'new');
    swapIn(staging, destination);
    expect(statSync(path).ino).not.toBe(inode);
  });

  test('keeps a folder that is there, with its mode and all that is in it', () => {
    write(destination, 'state/keep');
    chmodSync(join(destination, 'state'), 0o711);
    write(staging, 'state/new');
    swapIn(staging, destination);
    expect(statSync(join(destination, 'state')).mode & 0o777).toBe(0o711);
    expect(read('state/keep')).toBe('state/keep');
  });

  test('a whole folder that is not there is moved in one step', () => {
    write(staging, 'fresh/deep/a');
    const inode = statSync(join(staging, 'fresh')).ino;
    swapIn(staging, destination);
    expect(statSync(join(destination, 'fresh')).ino).toBe(inode);
  });

  test('is never written through a link in the place of a folder', () => {
    mkdirSync(join(folder, 'outside'));
    symlinkSync('../outside', join(destination, 'state'));
    write(staging, 'state/a');
    expect(() => swapIn(staging, destination)).toThrow();
    expect(existsSync(join(folder, 'outside/a'))).toBe(false);
    expect(readlinkSync(join(destination, 'state'))).toBe('../outside');
  });

  test('does not remove a folder for a file', () => {
    write(destination, 'a/b', 'precious');
    write(staging, 'a', 'file');
    expect(() => swapIn(staging, destination)).toThrow(expect.objectContaining({ code: 'WRITE_FAILED' }));
    expect(read('a/b')).toBe('precious');
  });
});
