import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fsyncPath, makeFolder, replaceFile, writeNewFile } from '../../lib/core/durable-files.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { umasks } from '../support/umasks.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('durable');
});
afterEach(() => removeTemporaryFolder(folder));

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

function withUmask(umask: number, body: () => void): void {
  const before = process.umask(umask);
  try {
    body();
  } finally {
    process.umask(before);
  }
}

describe.each(umasks)('with the umask %o', (umask) => {
  test('folders get their mode, those that are made on the way too', () => {
    withUmask(umask, () => makeFolder(join(folder, 'a/b/c'), 0o750));
    expect(['a', 'a/b', 'a/b/c'].map((path) => modeOf(join(folder, path)))).toEqual(['750', '750', '750']);
  });

  test('files get theirs', () => {
    withUmask(umask, () => {
      writeNewFile(join(folder, 'new'), 'x', 0o640);
      replaceFile(join(folder, 'replaced'), 'x', 0o604);
    });
    expect([modeOf(join(folder, 'new')), modeOf(join(folder, 'replaced'))]).toEqual(['640', '604']);
  });
});

describe('making a folder', () => {
  test('leaves those alone that are there', () => {
    mkdirSync(join(folder, 'a'));
    chmodSync(join(folder, 'a'), 0o711);
    makeFolder(join(folder, 'a'), 0o750);
    makeFolder(join(folder, 'a/b'), 0o750);
    expect([modeOf(join(folder, 'a')), modeOf(join(folder, 'a/b'))]).toEqual(['711', '750']);
  });

  test('in the place of a file fails', () => {
    writeFileSync(join(folder, 'file'), 'x');
    expect(() => makeFolder(join(folder, 'file'), 0o700)).toThrow('EEXIST');
    expect(() => makeFolder(join(folder, 'file/below'), 0o700)).toThrow('ENOTDIR');
  });
});

describe('writing a new file', () => {
  test('never touches one that is there, nor what a link leads to', () => {
    writeFileSync(join(folder, 'file'), 'precious');
    symlinkSync('file', join(folder, 'link'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    for (const name of ['file', 'link', 'dangling']) {
      expect(() => writeNewFile(join(folder, name), 'new', 0o600)).toThrow('EEXIST');
    }
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('takes text and bytes, of any length', () => {
    writeNewFile(join(folder, 'text'), '名前', 0o600);
    writeNewFile(join(folder, 'bytes'), new Uint8Array([0, 255]), 0o600);
    writeNewFile(join(folder, 'large'), Buffer.alloc(3_000_000, 'x'), 0o600);
    writeNewFile(join(folder, 'empty'), '', 0o600);
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('名前');
    expect([...readFileSync(join(folder, 'bytes'))]).toEqual([0, 255]);
    expect([statSync(join(folder, 'large')).size, statSync(join(folder, 'empty')).size]).toEqual([3_000_000, 0]);
  });
});

describe('replacing a file', () => {
  test('is one step: whoever has the old one open keeps it whole', () => {
    replaceFile(join(folder, 'file'), 'old', 0o600);
    const inode = statSync(join(folder, 'file')).ino;
    replaceFile(join(folder, 'file'), 'new', 0o600);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
    expect(statSync(join(folder, 'file')).ino).not.toBe(inode);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('replaces a link, not what it leads to', () => {
    writeFileSync(join(folder, 'other'), 'precious');
    symlinkSync('other', join(folder, 'link'));
    replaceFile(join(folder, 'link'), 'new', 0o600);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('precious');
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('new');
  });

  test('that fails leaves the old one, and nothing half-made', () => {
    mkdirSync(join(folder, 'taken'));
    expect(() => replaceFile(join(folder, 'taken'), 'new', 0o600)).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(() => replaceFile(join(folder, 'nowhere/file'), 'new', 0o600)).toThrow('ENOENT');
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  test('is not hindered by what a killed run of the same number left', () => {
    writeFileSync(join(folder, `file.${process.pid}.tmp`), 'left over');
    replaceFile(join(folder, 'file'), 'new', 0o600);
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

test('files and folders can be flushed; what is not there cannot', () => {
  writeFileSync(join(folder, 'a'), 'x');
  fsyncPath(join(folder, 'a'));
  fsyncPath(folder);
  expect(() => fsyncPath(join(folder, 'nowhere'))).toThrow('ENOENT');
});
