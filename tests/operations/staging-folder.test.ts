import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toSystemPath } from '../../lib/core/path-bytes.ts';
import { setFolder, StagingFolder } from '../../lib/operations/staging-folder.ts';
import type { ManifestEntry } from '../../lib/store/manifest.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { umasks } from '../support/umasks.ts';

const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const asRoot = self.uid === 0 ? self : undefined;

let folder: string;
let staging: StagingFolder;
beforeEach(() => {
  folder = makeTemporaryFolder('staging');
  staging = new StagingFolder(join(folder, 'staging'), 'the backup', asRoot);
});
afterEach(() => {
  staging.close();
  removeTemporaryFolder(folder);
});

const staged = (path: string): string | Buffer => toSystemPath(join(folder, 'staging', path));

function entryOf(path: string, fields: Partial<ManifestEntry> = {}): ManifestEntry {
  const mtimeNs = 1_234_567_890_123_456_789n;
  return { path, origin: path, kind: 'file', mode: 0o640, mtimeNs, ...self, size: 0, sha256: '', ...fields };
}

function stage(path: string, content: string | Buffer | Buffer[] = '', fields: Partial<ManifestEntry> = {}): void {
  const entry = entryOf(path, fields);
  staging.begin(entry, path);
  for (const part of Array.isArray(content) ? content : [Buffer.from(content)]) staging.bytes(part);
  staging.end(entry);
}

const link = (path: string, linkTarget: string): void => stage(path, [], { kind: 'symlink', linkTarget });
const directory = (path: string, fields: Partial<ManifestEntry> = {}): void =>
  stage(path, [], { kind: 'directory', ...fields });

describe('a staging folder', () => {
  test('is private and new', () => {
    expect(statSync(staged('.')).mode & 0o777).toBe(0o700);
    expect(() => new StagingFolder(join(folder, 'staging'), 'b', undefined)).toThrow('EEXIST');
  });

  test('holds files with content, mode and time', () => {
    stage('state/deep/a', 'content');
    stage('state/empty', '', { mode: 0o777 });
    expect(readFileSync(staged('state/deep/a'), 'utf8')).toBe('content');
    const stat = lstatSync(staged('state/deep/a'), { bigint: true });
    expect(stat.mode & 0o7777n).toBe(0o640n);
    // Node sets times to the microsecond.
    expect(stat.mtimeNs / 1000n).toBe(1_234_567_890_123_456n);
    expect(lstatSync(staged('state/empty'))).toMatchObject({ size: 0, mode: 0o100777 });
  });

  test.each(umasks)('gives files their modes, with the umask %o', (umask) => {
    const before = process.umask(umask);
    try {
      const other = new StagingFolder(join(folder, 'other'), 'b', asRoot);
      for (const mode of [0o000, 0o400, 0o644, 0o777]) {
        const entry = entryOf(`f${mode}`, { mode });
        other.begin(entry, entry.path);
        other.end(entry);
        expect(lstatSync(join(folder, 'other', entry.path)).mode & 0o7777).toBe(mode);
      }
    } finally {
      process.umask(before);
    }
  });

  test('makes no program that runs as somebody else', () => {
    stage('tool', 'x', { mode: 0o6755 });
    expect(lstatSync(staged('tool')).mode & 0o7777).toBe(0o755);
  });

  test('holds links as links: to files, to nowhere, out of everything, to bytes', () => {
    for (const [name, target] of Object.entries({ a: 'b', b: '/etc/passwd', c: '../../..', d: 'caf\udce9', e: '' })) {
      if (target !== '') link(`links/${name}`, target);
    }
    staging.finish();
    expect(readlinkSync(staged('links/b'))).toBe('/etc/passwd');
    expect(readlinkSync(staged('links/d'), 'buffer')).toEqual(Buffer.from('caf\xe9', 'latin1'));
    expect(lstatSync(staged('links/c'), { bigint: true }).mtimeNs / 1000n).toBe(1_234_567_890_123_456n);
  });

  test('holds names of any bytes', () => {
    for (const path of ['caf\udce9/x\udcff', '\u{1f5c4} 名前/y', 'new\nline', '-rf', ' '])
      stage(path, path.length.toString());
    expect(readFileSync(staged('caf\udce9/x\udcff'), 'utf8')).toBe('7');
    expect(readFileSync(staged('new\nline'), 'utf8')).toBe('8');
  });

  test('leaves holes where a file has nothing but zeros', () => {
    const zeros = Buffer.alloc(1 << 20);
    const parts = [zeros, Buffer.from('middle'), zeros, zeros, zeros, Buffer.from('end'), zeros];
    stage('sparse', parts);
    stage('all zeros', [zeros, zeros]);
    expect(readFileSync(staged('sparse')).equals(Buffer.concat(parts))).toBe(true);
    expect(statSync(staged('all zeros')).size).toBe(2 << 20);
    expect(statSync(staged('sparse')).blocks * 512).toBeLessThan(1 << 20);
    expect(statSync(staged('all zeros')).blocks).toBe(0);
  });

  test('remembers its folders, outer ones first', () => {
    directory('state', { mode: 0o700 });
    directory('state/empty', { mode: 0o555 });
    stage('state/empty/inside', 'x');
    expect(staging.folders.map(({ origin, entry }) => [origin, entry.mode])).toEqual([
      ['state', 0o700],
      ['state/empty', 0o555],
    ]);
    // Their modes come at the end of all: this one would forbid what is still to be written.
    expect(readFileSync(staged('state/empty/inside'), 'utf8')).toBe('x');
  });

  test('keeps the first of two targets’ copies of one file', () => {
    stage('shared', 'first');
    stage('shared', 'second');
    link('link', 'first');
    link('link', 'second');
    staging.finish();
    expect(readFileSync(staged('shared'), 'utf8')).toBe('first');
    expect(readlinkSync(staged('link'))).toBe('first');
  });
});

describe('a backup that lies about its paths', () => {
  const refusal = { code: 'UNSAFE_ENTRY', exitCode: 4 };
  const failureOf = (body: () => void): unknown => {
    try {
      body();
      return undefined;
    } catch (error) {
      return error;
    }
  };

  test('cannot write through a link of its own', () => {
    mkdirSync(join(folder, 'outside'));
    link('way', '../../outside');
    stage('way/out', 'evil');
    // The file's folder stands in the link's place; the link comes too late.
    expect(failureOf(() => staging.finish())).toMatchObject(refusal);
    expect(existsSync(join(folder, 'outside/out'))).toBe(false);
  });

  test('cannot chain links', () => {
    mkdirSync(join(folder, 'outside'));
    link('a', '../outside');
    link('a/b', 'x');
    expect(failureOf(() => staging.finish())).toMatchObject(refusal);
    expect(existsSync(join(folder, 'outside/b'))).toBe(false);
  });

  test('cannot have a file in a file', () => {
    stage('a', 'x');
    expect(failureOf(() => stage('a/b', 'y'))).toMatchObject(refusal);
    expect(failureOf(() => stage('a/b/c/d', 'y'))).toMatchObject(refusal);
  });

  test('cannot have one path as file and as folder', () => {
    stage('a/b', 'x');
    expect(failureOf(() => stage('a', 'y'))).toMatchObject(refusal);
    stage('c', 'x');
    expect(failureOf(() => directory('c'))).toMatchObject(refusal);
    directory('d');
    link('d', 'x');
    expect(failureOf(() => staging.finish())).toMatchObject(refusal);
  });
});

test('a folder gets mode and time; of its special bits those that harm nobody', () => {
  mkdirSync(join(folder, 'made'));
  setFolder(join(folder, 'made'), entryOf('made', { kind: 'directory', mode: 0o7751 }), asRoot);
  const stat = lstatSync(join(folder, 'made'), { bigint: true });
  expect(stat.mode & 0o7777n).toBe(0o3751n);
  expect(stat.mtimeNs / 1000n).toBe(1_234_567_890_123_456n);
});

test('owners come back where root restores, and are no failure where not', () => {
  const foreign = { uid: 4711, gid: 815 };
  stage('file', 'x', foreign);
  stage('link', [], { kind: 'symlink', linkTarget: 'file', ...foreign });
  staging.finish();
  mkdirSync(join(folder, 'made'));
  setFolder(join(folder, 'made'), entryOf('made', { kind: 'directory', ...foreign }), asRoot);
  const expected = asRoot === undefined ? self : foreign;
  expect(lstatSync(staged('file'))).toMatchObject(expected);
  expect(lstatSync(staged('link'))).toMatchObject(expected);
  expect(lstatSync(join(folder, 'made'))).toMatchObject(expected);
});
