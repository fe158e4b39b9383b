import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { meansIncomplete, type Finding } from '../../lib/core/findings.ts';
import { comparePaths } from '../../lib/core/path-bytes.ts';
import { readNames, scan, type ScanOptions } from '../../lib/targets/scan-folder.ts';
import { fillWithOddFiles, oddNames } from '../support/odd-files.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

let root: string;
let findings: Finding[];
beforeEach(() => {
  root = makeTemporaryFolder('scan');
  findings = [];
});
afterEach(() => removeTemporaryFolder(root));

const options = (fields: Partial<ScanOptions> = {}): ScanOptions => ({
  root,
  target: 'state',
  isExcluded: () => false,
  neverEnter: new Set(),
  report: (finding) => findings.push(finding),
  ...fields,
});

const scanned = (origin = 'state', path = '', fields: Partial<ScanOptions> = {}): SourceEntry[] => [
  ...scan(origin, path, options(fields)),
];
const pathsOf = (entries: SourceEntry[]): string[] => entries.map((entry) => entry.path);

function write(path: string, content = path): string {
  const absolute = join(root, path);
  mkdirSync(join(absolute, '..'), { recursive: true });
  writeFileSync(absolute, content);
  return absolute;
}

describe('a scan', () => {
  test('gives a folder, then everything in it, in the order of their names', () => {
    for (const path of ['state/b', 'state/a/z', 'state/a/b/c', 'state/a-b', 'state/a.b', 'state/Z']) write(path);
    mkdirSync(join(root, 'state', 'empty'));
    expect(pathsOf(scanned())).toEqual([
      'state',
      'state/Z',
      'state/a',
      'state/a/b',
      'state/a/b/c',
      'state/a/z',
      'state/a-b',
      'state/a.b',
      'state/b',
      'state/empty',
    ]);
  });

  test('says of each what the system says', () => {
    const absolute = write('state/file', 'hello');
    chmodSync(absolute, 0o4751);
    execFileSync('touch', ['-d', '@1234567890.123456789', absolute]);
    const stat = statSync(absolute, { bigint: true });
    expect(scanned()[1]).toEqual({
      target: 'state',
      path: 'state/file',
      origin: 'state/file',
      kind: 'file',
      mode: 0o4751,
      mtimeNs: 1_234_567_890_123_456_789n,
      ctimeNs: stat.ctimeNs,
      inode: stat.ino,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: 5,
      readFrom: absolute,
    });
  });

  test('places what it finds, and keeps where it came from', () => {
    write('data/ccla/a/x');
    const entries = scanned('data/ccla', 'ccla');
    expect(entries.map(({ path, origin }) => [path, origin])).toEqual([
      ['state/ccla', 'data/ccla'],
      ['state/ccla/a', 'data/ccla/a'],
      ['state/ccla/a/x', 'data/ccla/a/x'],
    ]);
    expect(pathsOf(scanned('data/ccla/a/x', 'x'))).toEqual(['state/x']);
  });

  test('of the root itself has no entry for it', () => {
    write('a');
    write('b/c');
    expect(scanned('', '').map(({ path, origin }) => [path, origin])).toEqual([
      ['state/a', 'a'],
      ['state/b', 'b'],
      ['state/b/c', 'b/c'],
    ]);
  });

  test('of what is not there gives nothing', () => {
    expect(scanned('nowhere')).toEqual([]);
    write('file');
    expect(scanned('file/below')).toEqual([]);
    expect(findings).toEqual([]);
  });

  test('finds every name, mode, time, link and size that a filesystem can hold', () => {
    mkdirSync(join(root, 'odd'));
    fillWithOddFiles(join(root, 'odd'), root);
    const expected = snapshotTree(join(root, 'odd'));
    const found = new Map(scanned('odd').map((entry) => [entry.path.slice('state/'.length), entry]));
    found.delete('');
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [path, state] of expected) {
      const { kind, mode, mtimeNs, size, linkTarget } = found.get(path) ?? {};
      expect([path, kind, mode?.toString(8), mtimeNs, size, linkTarget]).toEqual([
        path,
        state.kind,
        state.mode,
        state.mtimeNs,
        state.size,
        state.linkTarget,
      ]);
    }
    expect(oddNames.length).toBeGreaterThan(10);
    expect(findings).toEqual([]);
  });

  test('comes in the one order of the toolkit, whatever the names are', () => {
    const name = fc.string({ unit: fc.constantFrom(...'aB0 -.~\u00e9名\u{1f600}!'), minLength: 1, maxLength: 4 });
    const usable = name.filter((one) => one !== '.' && one !== '..');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(usable, usable), { maxLength: 12 }), (pairs) => {
        rmSync(join(root, 'state'), { recursive: true, force: true });
        for (const [folder, file] of pairs) write(`state/d${folder}/${file}`);
        write('state/d');
        const paths = pathsOf(scanned());
        expect([...paths].sort(comparePaths)).toEqual(paths);
      }),
      { numRuns: 60 },
    );
  });

  test('tells sizes beyond 4 GiB', () => {
    truncateSync(write('state/sparse', ''), 5 * 2 ** 30);
    expect(scanned()[1]?.size).toBe(5_368_709_120);
  });
});

describe('links', () => {
  test('are links, and are never followed', () => {
    write('outside/secret');
    mkdirSync(join(root, 'state'));
    const links = { up: '..', absolute: '/etc', loop: 'loop', dangling: 'no/where', folder: '../outside' };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, 'state', name));
    const entries = scanned().slice(1);
    expect(Object.fromEntries(entries.map((entry) => [entry.origin?.slice(6), entry.linkTarget]))).toEqual(links);
    expect(entries.map(({ kind, size, readFrom }) => [kind, size, readFrom])).toEqual(
      entries.map(() => ['symlink', 0, undefined]),
    );
  });

  test('in the place of the source itself are links too', () => {
    write('real/file');
    symlinkSync('real', join(root, 'state'));
    expect(scanned()).toMatchObject([{ kind: 'symlink', path: 'state', linkTarget: 'real' }]);
  });

  test('of one file by several names are a file each', () => {
    linkSync(write('state/a'), join(root, 'state/b'));
    expect(scanned().map((entry) => entry.kind)).toEqual(['directory', 'file', 'file']);
  });
});

describe('what is no file', () => {
  test('is noted and left out: FIFOs, sockets, devices', async () => {
    write('state/a');
    execFileSync('mkfifo', [join(root, 'state/pipe')]);
    const listen = `require('node:net').createServer().listen(${JSON.stringify(join(root, 'state/socket'))}, () => console.log('up'))`;
    const server = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(server.stdout, 'data');
      expect(pathsOf(scanned())).toEqual(['state', 'state/a']);
    } finally {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    expect(findings.map(({ code, path, params }) => [code, path, params.kind])).toEqual([
      ['special-file', 'state/pipe', 'FIFO'],
      ['special-file', 'state/socket', 'socket'],
    ]);
    expect(meansIncomplete(findings)).toBe(false);
    const device = [...scan('null', '', options({ root: '/dev' }))];
    expect(device).toEqual([]);
    expect(findings.at(-1)).toMatchObject({ code: 'special-file', params: { kind: 'device' } });
  });
});

describe('what may not be read', () => {
  test('is named: a folder with what is in it, a file that cannot even be looked at', async () => {
    write('state/closed/x');
    write('state/listed only/x');
    write('state/open/x');
    // The temporary folder itself must be open to everybody for this.
    chmodSync(root, 0o755);
    chmodSync(join(root, 'state/closed'), 0o000);
    chmodSync(join(root, 'state/listed only'), 0o444);
    const entries = await withoutPrivileges(() => scanned());
    expect(pathsOf(entries)).toEqual(['state', 'state/closed', 'state/listed only', 'state/open', 'state/open/x']);
    expect(findings).toMatchObject([
      { code: 'folder-unreadable', path: 'state/closed', params: { reason: 'EACCES' } },
      { code: 'file-unreadable', path: 'state/listed only/x', params: { reason: 'EACCES' } },
    ]);
    expect(meansIncomplete(findings)).toBe(true);
  });

  test('is named when it is the source itself', async () => {
    write('closed/state/x');
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0o000);
    expect(await withoutPrivileges(() => scanned('closed/state'))).toEqual([]);
    expect(findings).toMatchObject([{ code: 'file-unreadable', path: 'closed/state' }]);
  });

  test('because its path is too long is named, too', () => {
    mkdirSync(join(root, 'state'));
    const script = `
      import os, sys
      os.chdir(sys.argv[1])
      for _ in range(30):
          os.mkdir('d' * 200)
          os.chdir('d' * 200)
    `.replaceAll(/^ {6}/gm, '');
    execFileSync('python3', ['-c', script, join(root, 'state')]);
    expect(scanned().length).toBeGreaterThan(15);
    expect(findings.map((one) => one.params.reason)).toEqual(['ENAMETOOLONG']);
    expect(meansIncomplete(findings)).toBe(true);
  });
});

test('names come in order of their code units; U+FFFD may be a real one', () => {
  for (const name of ['b', 'a', 'B', '\ufffd', 'é']) write(name);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]), '');
  expect(readNames(root)).toEqual(['B', 'a', 'b', 'caf\udce9', 'é', '\ufffd']);
});

test('a folder of 50,000 files is walked without a copy of all its entries', () => {
  mkdirSync(join(root, 'state'));
  for (let at = 0; at < 50_000; at += 1) writeFileSync(join(root, 'state', String(at)), '');
  let count = 0;
  for (const _ of scan('state', '', options())) count += 1;
  expect(count).toBe(50_001);
});
