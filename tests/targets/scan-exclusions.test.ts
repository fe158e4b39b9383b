import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceEntry } from '../../lib/core/entry.ts';
import type { Finding } from '../../lib/core/findings.ts';
import { scan, stagingPrefix, type ScanOptions } from '../../lib/targets/scan-folder.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let root: string;
let findings: Finding[];
beforeEach(() => {
  root = makeTemporaryFolder('scan');
  findings = [];
});
afterEach(() => removeTemporaryFolder(root));

function scanned(origin = 'state', path = '', fields: Partial<ScanOptions> = {}): SourceEntry[] {
  const nothing = { isExcluded: () => false, neverEnter: new Set<string>() };
  const report = (finding: Finding): void => void findings.push(finding);
  return [...scan(origin, path, { root, target: 'state', ...nothing, report, ...fields })];
}
const pathsOf = (entries: SourceEntry[]): string[] => entries.map((entry) => entry.path);

function write(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), path);
}

describe('what is left out', () => {
  test('is not walked into', () => {
    write('state/keep/x');
    write('state/cache/x');
    write('state/a.tmp');
    const asked: [string, boolean][] = [];
    const isExcluded = (path: string, isFolder: boolean): boolean => {
      asked.push([path, isFolder]);
      return /cache|tmp/.test(path);
    };
    expect(pathsOf(scanned('state', '', { isExcluded }))).toEqual(['state', 'state/keep', 'state/keep/x']);
    expect(asked).toEqual([
      ['state/a.tmp', false],
      ['state/cache', true],
      ['state/keep', true],
      ['state/keep/x', false],
    ]);
  });

  test('is the store, wherever it is', () => {
    write('state/backups/x');
    write('state/y');
    const neverEnter = new Set([join(root, 'state/backups')]);
    expect(pathsOf(scanned('state', '', { neverEnter }))).toEqual(['state', 'state/y']);
    expect(scanned('state/backups', '', { neverEnter })).toEqual([]);
  });

  test('are the staging folders of restores', () => {
    write(`state/${stagingPrefix}0123/files/x`);
    write('state/y');
    expect(pathsOf(scanned())).toEqual(['state', 'state/y']);
  });

  test('is what globs do not name, with folders that hold nothing of it', () => {
    for (const path of ['logs/a.gz', 'logs/b.log', 'logs/deep/c.gz', 'logs/none/d.log']) write(path);
    symlinkSync('a.gz', join(root, 'logs/link.gz'));
    execFileSync('mkfifo', [join(root, 'logs/pipe')]);
    const isIncluded = (path: string): boolean => path.endsWith('.gz');
    expect(pathsOf(scanned('logs', 'logs', { isIncluded }))).toEqual([
      'state/logs',
      'state/logs/a.gz',
      'state/logs/deep',
      'state/logs/deep/c.gz',
      'state/logs/link.gz',
    ]);
    expect(findings).toEqual([]);
  });
});

test('a file is classified by who knows: a database is marked, and some are left to others', () => {
  for (const path of ['state/app.db', 'state/app.db-wal', 'state/x']) write(path);
  const entries = scanned('state', '', {
    classify: (origin) => (origin.endsWith('.db') ? 'database' : origin.endsWith('-wal') ? 'left-out' : 'file'),
  });
  expect(entries.map(({ path, database }) => [path, database])).toEqual([
    ['state', undefined],
    ['state/app.db', 'sqlite'],
    ['state/x', undefined],
  ]);
});
