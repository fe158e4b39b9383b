import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { meansIncomplete, type Finding } from '../../lib/core/findings.ts';
import { comparePaths } from '../../lib/core/path-bytes.ts';
import { scanTarget, type FoundFile, type PlacedFolder } from '../../lib/targets/scan-target.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let root: string;
let findings: Finding[];
let placed: PlacedFolder[];
beforeEach(() => {
  root = makeTemporaryFolder('target');
  findings = [];
  placed = [];
});
afterEach(() => removeTemporaryFolder(root));

function write(path: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), path);
}

function scanned(
  name: string,
  sources: string[],
  more: { exclude?: string[]; found?: FoundFile[]; made?: SourceEntry[] } = {},
): SourceEntry[] {
  const target = { name, sources, exclude: more.exclude ?? [] };
  const report = (finding: Finding): void => void findings.push(finding);
  const onPlaced = (one: PlacedFolder): void => void placed.push(one);
  return [...scanTarget(target, { root, neverEnter: new Set(), report, onPlaced }, more.found, more.made)];
}

const pairs = (entries: SourceEntry[]): Record<string, string | undefined> =>
  Object.fromEntries(entries.filter((one) => one.kind === 'file').map(({ path, origin }) => [path, origin]));

const made = (path: string): SourceEntry => ({
  target: 'config',
  path,
  kind: 'file',
  mode: 0o600,
  mtimeNs: 0n,
  uid: 0,
  gid: 0,
  size: 2,
  content: Buffer.from('{}'),
});

describe('the entries of a target', () => {
  test('stand where the format says', () => {
    for (const path of ['config/app.json', '.poppo/x', 'data/ccla/a.md', 'data/history.db']) write(path);
    expect(pairs(scanned('config', ['config/', '.poppo/']))).toEqual({
      'config/.poppo/x': '.poppo/x',
      'config/app.json': 'config/app.json',
    });
    expect(pairs(scanned('agents', ['data/ccla/']))).toEqual({ 'agents/ccla/a.md': 'data/ccla/a.md' });
    expect(pairs(scanned('database', ['@databases'], { found: [{ base: 'data/history.db' }] }))).toEqual({
      'database/history.db': 'data/history.db',
    });
  });

  test('are told with the place of each source', () => {
    write('config/app.json');
    write('notes.md');
    scanned('config', ['config/', 'notes.md']);
    expect(placed).toEqual([
      { path: 'config', origin: 'config', isFolder: true },
      { path: 'config/notes.md', origin: 'notes.md', isFolder: false },
    ]);
  });

  test('hold what was made for the backup, in its place in the order', () => {
    for (const path of ['config/a', 'config/z']) write(path);
    const entries = scanned('config', ['config/'], { made: [made('config/x.json'), made('config/environment.json')] });
    expect(entries.map((entry) => entry.path)).toEqual([
      'config',
      'config/a',
      'config/environment.json',
      'config/x.json',
      'config/z',
    ]);
  });

  test('come once each, sorted by path, however the sources lie', () => {
    const name = fc.constantFrom('a', 'b', 'a-b', 'state', 'z');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 8 }),
        fc.array(
          fc.oneof(
            path,
            path.map((one) => `${one}/`),
            path.map((one) => `${one}/*`),
          ),
          { maxLength: 6 },
        ),
        fc.array(path, { maxLength: 3 }),
        (files, sources, found) => {
          rmSync(root, { recursive: true });
          mkdirSync(root);
          // A name that is a folder already stays one.
          for (const file of files) {
            try {
              write(file);
            } catch {
              continue;
            }
          }
          const entries = scanned('state', sources, { found: found.map((base) => ({ base })) });
          const paths = entries.map((entry) => entry.path);
          expect([...paths].sort(comparePaths)).toEqual(paths);
          expect(new Set(paths).size).toBe(paths.length);
          expect(paths.every((one) => one === 'state' || one.startsWith('state/'))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('that are excluded are not there, wherever their source is', () => {
    for (const path of ['state/a.tmp', 'state/b', 'state/cache/x', 'data/x/c.tmp', 'data/x/d']) write(path);
    const entries = scanned('state', ['state/', 'data/x/'], { exclude: ['*.tmp', 'state/cache/'] });
    expect(pairs(entries)).toEqual({ 'state/b': 'state/b', 'state/x/d': 'data/x/d' });
  });

  test('of globs are those that they name, and the folders on their way', () => {
    for (const path of ['logs/a.gz', 'logs/b.log', 'logs/2026/c.gz', 'logs/old/d.log']) write(path);
    const entries = scanned('logs', ['logs/**/*.gz']);
    expect(entries.map((entry) => entry.path)).toEqual(['logs', 'logs/2026', 'logs/2026/c.gz', 'logs/a.gz']);
  });
});

describe('a source', () => {
  test('that does not exist is noted, and no failure', () => {
    write('state/x');
    expect(pairs(scanned('state', ['queue/', 'state/', 'status.json']))).toEqual({ 'state/x': 'state/x' });
    expect(findings.map(({ code, path }) => [code, path])).toEqual([
      ['source-missing', 'queue'],
      ['source-missing', 'status.json'],
    ]);
    expect(meansIncomplete(findings)).toBe(false);
  });

  test('that leads out of the project through a link is left out, and named', () => {
    const outside = makeTemporaryFolder('outside');
    try {
      mkdirSync(join(outside, 'state'));
      writeFileSync(join(outside, 'state/secret'), 'x');
      symlinkSync(outside, join(root, 'data'));
      expect(scanned('state', ['data/state/', 'data/state/*'])).toEqual([]);
      expect(findings.map(({ code, path }) => [code, path])).toEqual([['source-outside', 'data/state']]);
      expect(meansIncomplete(findings)).toBe(true);
    } finally {
      removeTemporaryFolder(outside);
    }
  });

  describe('that is itself a link', () => {
    const links = (entries: SourceEntry[]): unknown[] =>
      entries.map(({ path, kind, linkTarget }) => [path, kind, linkTarget]);
    const said = (): unknown[] => findings.map(({ code, path, params }) => [code, path, params.found]);

    test.each([['logs'], ['logs/'], ['logs/**/*.gz']])(
      'out of the project (%s) is kept, and named as missing data',
      (source) => {
        const outside = makeTemporaryFolder('outside');
        try {
          writeFileSync(join(outside, 'a.gz'), 'x');
          symlinkSync(outside, join(root, 'logs'));
          expect(links(scanned('logs', [source]))).toEqual([['logs/logs', 'symlink', outside]]);
          expect(said()).toEqual([['source-link-outside', 'logs', outside]]);
          expect(meansIncomplete(findings)).toBe(true);
        } finally {
          removeTemporaryFolder(outside);
        }
      },
    );

    test.each([['logs/'], ['logs/**/*.gz']])('to another place of the project (%s) is kept, with a note', (source) => {
      write('data/logs/a.gz');
      symlinkSync('data/logs', join(root, 'logs'));
      expect(links(scanned('logs', [source]))).toEqual([['logs/logs', 'symlink', 'data/logs']]);
      expect(said()).toEqual([['source-link', 'logs', 'data/logs']]);
      expect(meansIncomplete(findings)).toBe(false);
    });

    test('to a file is told, too; through several links it is the last that counts', () => {
      const outside = makeTemporaryFolder('outside');
      try {
        writeFileSync(join(outside, 'x'), 'x');
        symlinkSync(join(outside, 'x'), join(root, 'second'));
        symlinkSync('second', join(root, 'first'));
        expect(links(scanned('state', ['first']))).toEqual([['state/first', 'symlink', 'second']]);
        expect(said()).toEqual([['source-link-outside', 'first', join(outside, 'x')]]);
      } finally {
        removeTemporaryFolder(outside);
      }
    });

    test.each([
      ['/nowhere/at/all', 'source-link-outside', '/nowhere/at/all'],
      ['../not-mounted', 'source-link-outside', undefined],
      ['data/not-there', 'source-link', 'data/not-there'],
      ['logs', 'source-link', 'logs'],
      ['.', 'source-link', '.'],
    ])('to %s, where there is nothing to read, is judged by its words', (to, code, found) => {
      symlinkSync(to, join(root, 'logs'));
      expect(links(scanned('logs', ['logs/']))).toEqual([['logs/logs', 'symlink', to]]);
      expect(said()).toEqual([[code, 'logs', found ?? join(root, to)]]);
    });
  });

  test('through a link that stays in the project is taken', () => {
    write('real/state/x');
    symlinkSync('real', join(root, 'alias'));
    expect(pairs(scanned('state', ['alias/state/']))).toEqual({ 'state/x': 'alias/state/x' });
  });

  test('beside the project, whose path begins like it, is outside', () => {
    const sibling = `${root}-other`;
    mkdirSync(join(sibling, 'state'), { recursive: true });
    try {
      symlinkSync(sibling, join(root, 'data'));
      expect(scanned('state', ['data/state/'])).toEqual([]);
      expect(findings).toMatchObject([{ code: 'source-outside' }]);
    } finally {
      removeTemporaryFolder(sibling);
    }
  });

  test('whose folder may not be read is named by its walk', async () => {
    write('state/x');
    write('queue/y');
    chmodSync(root, 0o755);
    chmodSync(join(root, 'queue'), 0o000);
    const entries = await withoutPrivileges(() => scanned('state', ['state/', 'queue/']));
    expect(pairs(entries)).toEqual({ 'state/x': 'state/x' });
    expect(findings).toMatchObject([{ code: 'folder-unreadable', path: 'queue' }]);
  });

  test('that is the whole project leaves nothing out', () => {
    for (const path of ['a', 'state/b', 'deep/er/c']) write(path);
    expect(pairs(scanned('all', ['.']))).toEqual({
      'all/a': 'a',
      'all/deep/er/c': 'deep/er/c',
      'all/state/b': 'state/b',
    });
  });
});
