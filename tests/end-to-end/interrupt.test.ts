import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BusyProject } from '../support/busy-project.ts';
import type { Created, Finding } from '../support/make-project.ts';
import { startTool, type Stopped } from '../support/start-tool.ts';
import { timeOfBackupId } from '../../lib/store/backup-id.ts';

// Many rounds, each with a whole backup or two.
jest.setTimeout(240_000);

let project: BusyProject;

beforeEach(() => {
  project = new BusyProject();
});

afterEach(() => project.remove());

interface Listed {
  backups: { id: string }[];
  total: number;
  otherArchives: unknown[];
  unreadable: unknown[];
}

const list = (): Promise<Listed> => project.done<Listed>('list');

function start(...args: string[]): ReturnType<typeof startTool> {
  const [verb = '', ...rest] = args;
  return startTool([verb, '--root', project.root, ...rest], { TMPDIR: project.temporary });
}

/** How long a command takes when nobody stops it. */
async function durationOf(...args: string[]): Promise<number> {
  const startedAt = performance.now();
  expect((await start(...args).ended).code).toBe(0);
  return performance.now() - startedAt;
}

/** Stops a command after a part of its time. The parts spread over all of it, so that every step is met in some round. */
async function stopAfter(ms: number, signal: NodeJS.Signals, ...args: string[]): Promise<Stopped> {
  const tool = start(...args);
  await Promise.race([wait(ms), tool.ended]);
  tool.signal(signal);
  return tool.ended;
}

const parts = (rounds: number): number[] => Array.from({ length: rounds }, (_, at) => (at + 0.7) / (rounds + 0.5));

/** It was in time, or too late. */
function expectStopped({ code, stderr }: Stopped): void {
  if (code !== 0 && code !== 130) throw new Error(`it ended with ${code}: ${stderr}`);
}

const isInterrupted = ({ code }: Stopped): boolean => code === 130;

/** No backup without all of its parts, and nothing beside the backups. */
async function expectCleanStore(): Promise<number> {
  const { total, otherArchives, unreadable } = await list();
  expect([otherArchives, unreadable]).toEqual([[], []]);
  const names = readdirSync(project.store).filter((name) => name !== '.state' && name !== 'audit.log');
  expect(names.filter((name) => timeOfBackupId(name) !== undefined)).toHaveLength(total);
  expect(names).toHaveLength(2 * total);
  return total;
}

describe('Ctrl-C', () => {
  test('while a backup is made: 130, nothing half-made, at whatever time', async () => {
    const ms = await durationOf('create');
    let total = 1;
    let interrupted = 0;
    for (const part of parts(6)) {
      const stopped = await stopAfter(ms * part, 'SIGINT', 'create');
      expectStopped(stopped);
      total += isInterrupted(stopped) ? 0 : 1;
      interrupted += isInterrupted(stopped) ? 1 : 0;
      expect(await expectCleanStore()).toBe(total);
      expect(project.leftovers()).toEqual([]);
    }
    expect(interrupted).toBeGreaterThan(0);
    expect((await project.tool('verify', '--all', '--check-content')).code).toBe(0);
  });

  test('while a zip or a plain tree is made: the same', async () => {
    await project.done('create');
    for (const format of ['zip', 'directory']) {
      const ms = await durationOf('create', '--format', format);
      const before = await list();
      for (const part of parts(2)) {
        const stopped = await stopAfter(ms * part, 'SIGINT', 'create', '--format', format);
        expectStopped(stopped);
        expect(project.leftovers()).toEqual([]);
        const now = await list();
        expect([now.otherArchives, now.unreadable]).toEqual([[], []]);
        if (isInterrupted(stopped)) expect(now.total).toBeLessThanOrEqual(before.total + 2);
      }
    }
    expect((await project.tool('verify', '--all')).code).toBe(0);
  });

  test.each([
    ['tar', 'gzip'],
    ['tar', 'none'],
    ['zip', 'gzip'],
    ['directory', 'none'],
  ])('in the midst of a large file (%s, %s) it is heard, not after it', async (format, compression) => {
    // All of it would take minutes.
    writeFileSync(project.path('agents/huge'), '');
    truncateSync(project.path('agents/huge'), 100 * 2 ** 30);
    const tool = start('create', '--format', format, '--compression', compression);
    await wait(1200);
    tool.signal('SIGINT');
    expect((await tool.ended).code).toBe(130);
    expect(project.leftovers()).toEqual([]);
  });

  test('while a backup is restored: the project is as it was, or as the backup has it', async () => {
    const { id } = await project.done<Created>('create');
    const wanted = project.state();
    project.fill('second');
    const args = ['restore', id, '--yes', '--skip-backup'];
    const ms = await durationOf(...args);
    expect(project.differencesFrom(wanted)).toEqual([]);
    let interrupted = 0;
    for (const part of parts(5)) {
      project.fill(`round ${part}`);
      const before = project.state();
      const stopped = await stopAfter(ms * part, 'SIGINT', ...args);
      expectStopped(stopped);
      interrupted += isInterrupted(stopped) ? 1 : 0;
      expect(project.differencesFrom(isInterrupted(stopped) ? before : wanted)).toEqual([]);
      expect(project.leftovers()).toEqual([]);
    }
    expect(interrupted).toBeGreaterThan(0);
  });

  test('while the safety backup of a restore is made: 130, the project is as it was', async () => {
    const { id } = await project.done<Created>('create');
    project.fill('second');
    const before = project.state();
    const stopped = await stopAfter(600, 'SIGINT', 'restore', id, '--yes');
    if (isInterrupted(stopped)) expect(project.differencesFrom(before)).toEqual([]);
    expect(project.leftovers()).toEqual([]);
    expect((await project.tool('verify', '--all')).code).toBe(0);
  });

  test('while a backup is verified: 130, and no temporary file stays', async () => {
    await project.done('create');
    const args = ['verify', '--check-content'];
    const ms = await durationOf(...args);
    for (const part of parts(4)) {
      const stopped = await stopAfter(ms * part, 'SIGINT', ...args);
      expectStopped(stopped);
      expect(project.leftovers()).toEqual([]);
      // A signal that comes before the tool is loaded ends it without a word.
      if (isInterrupted(stopped) && stopped.stderr !== '') expect(stopped.stderr).toContain('Interrupted');
    }
  });
});

describe('SIGTERM and a closed terminal', () => {
  test('end a create as Ctrl-C does', async () => {
    const ms = await durationOf('create');
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const tool = start('create', '--json');
      await wait(ms * 0.6);
      tool.signalItAlone(signal);
      const { code, stdout, stderr } = await tool.ended;
      expect(project.leftovers()).toEqual([]);
      if (code === 0) continue;
      expect([code, stdout]).toEqual([130, '']);
      expect((JSON.parse(stderr) as { error: { code: string } }).error.code).toBe('INTERRUPTED');
    }
    await expectCleanStore();
  });
});

describe('kill -9', () => {
  test('in a create, twenty times: older backups stay whole; the next run removes what is left, and says so', async () => {
    const ms = await durationOf('create');
    let reported = 0;
    let withLeftovers = 0;
    for (const part of parts(20)) {
      await stopAfter(ms * part, 'SIGKILL', 'create');
      const left = project.leftovers().length;
      const next = await project.done<Created>('create', '--targets', 'config');
      const says = next.warnings.filter((one: Finding) => one.code === 'leftovers-removed').length;
      expect(says).toBe(left > 0 ? 1 : 0);
      withLeftovers += left > 0 ? 1 : 0;
      reported += says;
      expect(project.leftovers()).toEqual([]);
      await expectCleanStore();
    }
    // How many kills meet a create at work is the machine's affair; without any, nothing was proven.
    expect(withLeftovers).toBeGreaterThan(0);
    expect(reported).toBe(withLeftovers);
    const { total } = await list();
    expect(total).toBeGreaterThanOrEqual(21);
    expect((await project.tool('verify', '--all')).code).toBe(0);
  });

  test('between the two renames of a create: the archive without a folder goes with the next run', async () => {
    const { id, archive = '', directory } = await project.done<Created>('create', '--targets', 'config');
    // What a kill right there leaves: the archive has its name, the folder not yet.
    const { mkdirSync, renameSync } = await import('node:fs');
    const half = join(project.store, '.state', 'tmp', id);
    mkdirSync(half);
    renameSync(directory, join(half, 'folder'));
    expect((await project.tool('verify', archive)).code).toBe(0);
    const next = await project.done<Created>('create', '--targets', 'config');
    expect(next.warnings.map((one) => one.code)).toContain('leftovers-removed');
    expect(await expectCleanStore()).toBe(1);
  });

  test('in a restore: every file is the old one or the new one, and the next restore makes it whole', async () => {
    const { id } = await project.done<Created>('create');
    const wanted = project.state();
    project.fill('second');
    const args = ['restore', id, '--yes', '--skip-backup'];
    const ms = await durationOf(...args);
    for (const part of parts(3)) {
      project.fill(`round ${part}`);
      const before = project.state();
      await stopAfter(ms * part, 'SIGKILL', ...args);
      const now = project.state();
      expect([before.generation, wanted.generation]).toContain(now.generation);
      for (const [path, { sha256 }] of now.files) {
        if (sha256 === undefined || path.startsWith('.ai-backup')) continue;
        expect([before.files.get(path)?.sha256, wanted.files.get(path)?.sha256]).toContain(sha256);
      }
      await project.done(...args);
      expect(project.differencesFrom(wanted)).toEqual([]);
      expect(project.leftovers().filter((name) => !name.startsWith('ai-backup-verify'))).toEqual([]);
    }
  });

  test('in a cleanup: what is listed is whole, and the next run goes on', async () => {
    for (let times = 0; times < 8; times += 1) await project.done('create', '--targets', 'config,state');
    const args = ['cleanup', '--keep-count', '2'];
    for (const ms of [130, 170, 210]) {
      await stopAfter(ms, 'SIGKILL', ...args);
      expect((await project.tool('verify', '--all')).code).toBe(0);
      expect((await list()).unreadable).toEqual([]);
    }
    await project.done(...args);
    expect(await expectCleanStore()).toBe(2);
    expect(project.leftovers()).toEqual([]);
  });
});
