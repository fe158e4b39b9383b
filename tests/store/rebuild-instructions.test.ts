/** A chain of backups is rebuilt by what its RESTORE.md says, with tools of any Linux and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Metadata } from '../../lib/store/metadata.ts';
import type { ChainArchive } from '../../lib/store/chain-archive.ts';
import { stepsCarriedOut, stepsOfManifest } from '../../lib/store/rebuild-script.ts';
import { restoreInstructions } from '../../lib/store/restore-instructions.ts';
import { HandMadeChain, type HandMade } from '../support/hand-made-chain.ts';
import { threeDays } from '../support/three-days.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('rebuild');
});
afterEach(() => removeTemporaryFolder(folder));

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

const archive = (day: number, compression: string, file = `backup-day-${day}.tar`): ChainArchive => ({
  backup: `backup-2026-06-1${day}T12-00-00-000Z-abc12${day}`,
  file,
  compression,
});

/** The text, followed in the folder of the store as a person would who saved it: up to where things are put back. */
function follow(
  text: string,
  options: { shell?: string[]; path?: string } = {},
): { code: number | null; stdout: string; stderr: string } {
  const { shell = ['bash', '-euo', 'pipefail'], path = process.env['PATH'] ?? '' } = options;
  const script = [...text.matchAll(/^```sh\n(.*?)\n```$/gms)].map((block) => block[1] ?? '').join('\n');
  const [program = '', ...rest] = shell;
  const ended = spawnSync(program, [...rest, '-c', script], {
    cwd: join(folder, 'store'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: path, LC_ALL: 'C.UTF-8' },
  });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

function expectRebuilt(day: ReadonlyMap<string, HandMade>): void {
  const found = snapshotTree(join(folder, 'store/restored'));
  const seen = [...found].filter(([path]) => day.has(path));
  expect(
    new Map(
      seen.map(([path, { kind, mode, mtimeNs, sha256, linkTarget }]) => [
        path,
        { kind, mode, mtimeNs, sha256, linkTarget },
      ]),
    ),
  ).toEqual(
    new Map(
      [...day].map(([path, made]) => [
        path,
        {
          kind: made.kind,
          mode:
            made.kind === 'symlink'
              ? '777'
              : Number.parseInt(made.mode ?? (made.kind === 'file' ? '644' : '755'), 8).toString(8),
          mtimeNs: BigInt(made.seconds ?? 1_700_000_000) * 1_000_000_000n,
          sha256: made.kind === 'file' ? createHash('sha256').update(made.content).digest('hex') : undefined,
          linkTarget: made.kind === 'symlink' ? made.linkTarget : undefined,
        },
      ]),
    ),
  );
  // Beside these only the folders that lead there, none of which is an entry of its own.
  const others = [...found].filter(([path]) => !day.has(path));
  expect(others.filter(([, { kind }]) => kind !== 'directory')).toEqual([]);
  expect(existsSync(join(folder, 'store/hacked'))).toBe(false);
}

function chainOf(
  compressions: readonly string[],
  days = threeDays(),
): { metadata: Metadata; chain: HandMadeChain; last: Map<string, HandMade> } {
  const chain = new HandMadeChain(join(folder, 'store'), 4096);
  let metadata: Metadata | undefined;
  compressions.forEach((compression, at) => {
    metadata = chain.add(
      archive(at + 1, compression, at === 1 ? `it's {my} "day".tar` : undefined),
      days[at] ?? new Map<string, HandMade>(),
    );
  });
  if (metadata === undefined) throw new TypeError('a chain has backups');
  return { metadata, chain, last: days[compressions.length - 1] ?? new Map<string, HandMade>() };
}

const compressions = ['gzip', 'none', ...['zstd', 'bzip2', 'xz'].filter(has)];

describe('RESTORE.md of a backup that builds on others', () => {
  test.each(compressions)('rebuilds it where an archive is of %s', (compression) => {
    const { metadata, chain, last } = chainOf(['gzip', compression, compression === 'none' ? 'none' : 'gzip']);
    const said = follow(restoreInstructions(metadata, [], chain.archives));
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toContain('backup-day-3.tar: OK');
    expect(said.stdout).toContain('rebuild/manifest.jsonl: OK');
    expect(said.stdout).toContain('all files are as the manifest says');
    expectRebuilt(last);
  });

  const awks = ['mawk', 'gawk', 'original-awk', 'busybox'].filter(has);
  test.each(awks)('rebuilds it with %s', (awk) => {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(execFileSync('which', [awk], { encoding: 'utf8' }).trim(), join(folder, 'bin/awk'));
    const { metadata, chain, last } = chainOf(['none', 'gzip', 'gzip']);
    const text = restoreInstructions(metadata, [], chain.archives);
    expect(follow(text, { path: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` })).toMatchObject({
      code: 0,
      stderr: '',
    });
    expectRebuilt(last);
  });

  test('rebuilds it in a shell that stops at nothing, and in sh', () => {
    const { metadata, chain, last } = chainOf(['none', 'gzip', 'gzip']);
    const text = restoreInstructions(metadata, [], chain.archives);
    for (const shell of [['bash'], ['sh', '-eu']]) {
      expect(follow(text, { shell })).toMatchObject({ code: 0, stderr: '' });
      expectRebuilt(last);
      execFileSync('rm', ['-r', join(folder, 'store/restored'), join(folder, 'store/rebuild')]);
    }
  });

  test('rebuilds it where dd cannot count in bytes', () => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/dd'), '#!/bin/sh\necho "dd: unknown operand" >&2\nexit 1\n', { mode: 0o755 });
    const { metadata, chain, last } = chainOf(['none', 'gzip', 'gzip']);
    const text = restoreInstructions(metadata, [], chain.archives);
    expect(follow(text, { path: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` })).toMatchObject({
      code: 0,
      stderr: '',
    });
    expectRebuilt(last);
  });

  test('rebuilds a file of thousands of pieces', () => {
    const before = randomBytes(20_000);
    const after = Buffer.from(before);
    for (let at = 0; at < after.length; at += 16) after[at] = (after[at] ?? 0) ^ 1;
    const days = [
      new Map<string, HandMade>([['state/f', { kind: 'file', content: before, stored: 'whole' }]]),
      new Map<string, HandMade>([
        ['state/f', { kind: 'file', content: after, stored: { blocksOf: 'state/f', blockBytes: 8 } }],
      ]),
    ];
    const { metadata, chain, last } = chainOf(['gzip', 'gzip'], days);
    expect(follow(restoreInstructions(metadata, [], chain.archives))).toMatchObject({ code: 0, stderr: '' });
    expectRebuilt(last);
    expect(readFileSync(join(folder, 'store/rebuild/contents'), 'utf8').split('\n').length).toBeGreaterThan(2_499);
  });

  test('rebuilds what it can without an archive, and names the rest', () => {
    const { metadata, chain, last } = chainOf(['none', 'gzip', 'gzip']);
    const text = restoreInstructions(metadata, [], chain.archives);
    unlinkSync(join(folder, 'store', chain.archives[1]?.file ?? ''));
    // Who stops at the first error learns of it before anything is written.
    expect(follow(text).code).not.toBe(0);
    expect(readdirSync(join(folder, 'store'))).not.toContain('restored');
    const said = follow(text, { shell: ['bash'] });
    expect(said.stderr).toContain(`missing or damaged: it's {my} "day".tar`);
    expect(said.stderr).toMatch(/NOT rebuilt.*\nstate\/changes\ndatabase\/app\.db\n/);
    expect(said.stdout).not.toContain('all files are as the manifest says');
    expectRebuilt(new Map([...last].filter(([path]) => path !== 'state/changes' && path !== 'database/app.db')));
  });

  test('leaves no damaged file unnamed, whatever its name', () => {
    const { metadata, chain } = chainOf(['none', 'gzip', 'gzip']);
    const file = join(folder, 'store', chain.archives[0]?.file ?? '');
    const bytes = readFileSync(file);
    for (const text of ['content of back\\slash', 'content of *']) {
      const at = bytes.indexOf(text);
      bytes[at] = 0x43;
    }
    writeFileSync(file, bytes);
    const text = restoreInstructions(metadata, [], chain.archives);
    const said = follow(text, { shell: ['bash'] });
    expect(said.stderr).toContain('not as the manifest says: restored/odd/back\\slash');
    expect(said.stdout).toContain('restored/odd/*: FAILED');
    expect(said.stdout).not.toContain('all files are as the manifest says');
  });

  test('stops at a file that is damaged, before anything is put back', () => {
    const { metadata, chain } = chainOf(['none', 'gzip', 'gzip']);
    const file = join(folder, 'store', chain.archives[0]?.file ?? '');
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('content of *')] = 0x43;
    writeFileSync(file, bytes);
    const project = join(folder, 'project');
    const sources = [{ path: 'odd/*', origin: 'file', isFolder: false }];
    const text = restoreInstructions(metadata, sources, chain.archives).replace('/path/to/the/project', project);
    const said = follow(text);
    expect(said.code).toBe(1);
    expect(said.stdout).toContain('restored/odd/*: FAILED');
    expect(existsSync(project)).toBe(false);
  });

  test('puts back what it has rebuilt', () => {
    const { metadata, chain, last } = chainOf(['none', 'gzip', 'gzip']);
    const project = join(folder, 'project');
    const sources = [
      { path: 'state', origin: 'state', isFolder: true },
      { path: 'uploads', origin: 'public/uploads', isFolder: true },
      { path: 'database/app.db', origin: 'data/app.db', isFolder: false },
    ];
    const text = restoreInstructions(metadata, sources, chain.archives).replace('/path/to/the/project', project);
    expect(follow(text)).toMatchObject({ code: 0, stderr: '' });
    const contentOf = (path: string): Buffer | undefined => {
      const made = last.get(path);
      return made?.kind === 'file' ? made.content : undefined;
    };
    expect(readFileSync(join(project, 'data/app.db'))).toEqual(contentOf('database/app.db'));
    expect(readFileSync(join(project, 'public/uploads/moved'))).toEqual(contentOf('uploads/moved'));
    expect(readFileSync(join(project, 'state/changes'))).toEqual(contentOf('state/changes'));
  });

  test('names the archives that are needed, with their backups', () => {
    const { metadata, chain } = chainOf(['none', 'gzip', 'gzip']);
    const text = restoreInstructions(metadata, [], chain.archives);
    expect(text).toContain(chain.archives.map(({ file, backup }) => `${file}  of ${backup}`).join('\n'));
    // Its own instructions, and not those of a tar that holds all.
    expect(text).not.toContain('tar xpf "$ARCHIVE"');
    expect(text.length).toBeLessThan(12_000);
  });

  test('can be pasted: nothing in the script is for the shell that it is pasted into', () => {
    for (const script of [stepsOfManifest, stepsCarriedOut]) {
      expect(script).not.toMatch(/[\t`]/);
      // An interactive bash takes what follows such a mark for a line of its history.
      expect(script).not.toMatch(/![^ =]/);
    }
    expect(stepsOfManifest).not.toContain("'");
  });
});
