import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { restoreInstructions, type PlacedSource } from '../../lib/store/restore-instructions.ts';
import { sampleId, sampleMetadata } from '../support/sample-metadata.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('instructions');
});
afterEach(() => removeTemporaryFolder(folder));

/** The commands of the text, section by section. */
function commands(text: string): string[] {
  return [...text.matchAll(/```sh\n(.*?)\n```/gs)].map((match) => match[1] ?? '');
}

/** Follows the text as a person would, in the folder of the store. */
function follow(text: string, project: string): string {
  const script = commands(text).join('\n').replace('PROJECT=/path/to/the/project', `PROJECT='${project}'`);
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: join(folder, 'store'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  });
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Where things stand in the backup, and where they came from; some by names that a shell would take for its own. */
const sources: PlacedSource[] = [
  { path: 'config', origin: 'config', isFolder: true },
  { path: 'config/.poppo', origin: '.poppo', isFolder: true },
  { path: 'agents/ccla', origin: 'data/ccla', isFolder: true },
  { path: 'database/app.db', origin: 'data/app.db', isFolder: false },
  { path: "state/it's $(touch hacked) here", origin: "state/it's $(touch hacked) here", isFolder: true },
  { path: 'state/-rf', origin: '-rf', isFolder: false },
  { path: 'state/*', origin: 'deep/er/*', isFolder: false },
];
const files: [string, string][] = [
  ['config/app.json', 'config/app.json'],
  ['config/.poppo/x', '.poppo/x'],
  ['agents/ccla/a/b.md', 'data/ccla/a/b.md'],
  ['database/app.db', 'data/app.db'],
  ["state/it's $(touch hacked) here/f", "state/it's $(touch hacked) here/f"],
  ['state/-rf', '-rf'],
  ['state/*', 'deep/er/*'],
];
const databases = [{ name: 'data/app.db', kind: 'sqlite' as const, version: '3.50.0' }];
const targets = { config: { files: 3, size: 9 }, database: { files: 1, size: 9 }, state: { files: 3, size: 9 } };

/** What a backup holds, in a folder of its own, with the manifest as a tar has it. */
function makeContent(into: string): void {
  for (const [path] of files) write(join(into, path), `content of ${path}`);
  write(join(into, 'config/environment.json'), '{}');
  const lines = files.map(([path]) => {
    const sha256 = createHash('sha256').update(`content of ${path}`).digest('hex');
    return JSON.stringify({ path, kind: 'file', mode: '0644', mtime: '0.000000000', size: 9, sha256 });
  });
  write(join(into, '.backup/manifest.jsonl'), `${lines.join('\n')}\n`);
}

function expectRestored(project: string): void {
  for (const [path, origin] of files) expect(readFileSync(join(project, origin), 'utf8')).toBe(`content of ${path}`);
}

describe('RESTORE.md, followed to the letter', () => {
  const archives: [string, string, (content: string, archive: string) => void][] = [
    ['tar.gz', 'gzip', (content, archive) => void execFileSync('tar', ['czf', archive, '-C', content, '.'])],
    ['tar', 'none', (content, archive) => void execFileSync('tar', ['cf', archive, '-C', content, '.'])],
    ['tar.bz2', 'bzip2', (content, archive) => void execFileSync('tar', ['cjf', archive, '-C', content, '.'])],
    ['tar.xz', 'xz', (content, archive) => void execFileSync('tar', ['cJf', archive, '-C', content, '.'])],
    ['tar.zst', 'zstd', (content, archive) => void execFileSync('tar', ['--zstd', '-cf', archive, '-C', content, '.'])],
  ];
  test.each(archives)('brings everything back from a %s, with stock tools', (ending, compression, pack) => {
    makeContent(join(folder, 'content'));
    // A name that somebody gave to their archives.
    const file = `it's {my} backup.${ending}`;
    mkdirSync(join(folder, 'store'));
    pack(join(folder, 'content'), join(folder, 'store', file));
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, 'store', file)))
      .digest('hex');
    const archive = { file, size: 1, sha256, compression: compression as 'gzip' };
    const text = restoreInstructions(sampleMetadata({ archive, databases, targets }), sources);

    const project = join(folder, 'the project');
    write(join(project, 'data/app.db-wal'), 'the log of what was before');
    write(join(project, 'config/other.json'), 'not of the backup');
    const said = follow(text, project);
    expectRestored(project);
    expect(said).toContain(': OK');
    expect(said).toContain('all files are as the manifest says');
    expect(() => readFileSync(join(project, 'data/app.db-wal'))).toThrow('ENOENT');
    expect(readFileSync(join(project, 'config/other.json'), 'utf8')).toBe('not of the backup');
    // What was made for the backup does not come back, and what other sources put there goes to its own place.
    expect(() => readFileSync(join(project, 'config/environment.json'))).toThrow('ENOENT');
    expect(() => readFileSync(join(project, 'config/.poppo/x'))).toThrow('ENOENT');
    expect(() => readFileSync(join(folder, 'store/hacked'))).toThrow('ENOENT');
  });

  test('stops at once where the archive is damaged', () => {
    makeContent(join(folder, 'content'));
    mkdirSync(join(folder, 'store'));
    execFileSync('tar', ['czf', join(folder, 'store/a.tar.gz'), '-C', join(folder, 'content'), '.']);
    const archive = { file: 'a.tar.gz', size: 1, sha256: '0'.repeat(64), compression: 'gzip' as const };
    const text = restoreInstructions(sampleMetadata({ archive }), sources);
    expect(() => follow(text, join(folder, 'project'))).toThrow(/checksum did NOT match/);
  });

  test('brings everything back from a plain tree', () => {
    const tree = join(folder, 'store', sampleId);
    makeContent(tree);
    const lines = readFileSync(join(tree, '.backup/manifest.jsonl'));
    execFileSync('rm', ['-r', join(tree, '.backup')]);
    write(join(tree, 'manifest.jsonl'), lines.toString());
    execFileSync('gzip', [join(tree, 'manifest.jsonl')]);
    const { archive: _, ...metadata } = sampleMetadata({ layout: 'directory', databases, targets });
    const project = join(folder, 'project');
    expect(follow(restoreInstructions(metadata, sources), project)).toContain('all files are as the manifest says');
    expectRestored(project);
  });
});

describe('RESTORE.md', () => {
  test('says first what it is about', () => {
    const text = restoreInstructions(sampleMetadata({ targets }), sources);
    expect(text).toMatch(new RegExp(`^# How to restore ${sampleId} by hand\n`));
    expect(text).toContain('1 files, 5 bytes, targets config, database, state');
    expect(text).toContain('Stop the application first');
  });

  test('names what no command can be given for', () => {
    const odd = ['caf\udce9', 'new\nline', 'tick`tock', '\u001b[31m'].map((name) => ({
      path: `state/${name}`,
      origin: name,
      isFolder: false,
    }));
    const text = restoreInstructions(sampleMetadata(), [...sources, ...odd]);
    expect(text).toContain('4 more source(s) stand in the manifest');
    expect(text).not.toContain('\u001b');
    expect(Buffer.from(text).toString()).toBe(text);
    expect(commands(text).join('')).not.toContain('`');
  });

  test('stays short for thousands of sources', () => {
    const many = Array.from({ length: 5_000 }, (_, at) => ({
      path: `state/${at}`,
      origin: `x/${at}`,
      isFolder: false,
    }));
    const text = restoreInstructions(sampleMetadata(), many);
    expect(text.length).toBeLessThan(20_000);
    expect(text).toContain('4900 more source(s)');
  });
});
