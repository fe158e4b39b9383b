import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created } from '../support/make-project.ts';
import { ResidentTool } from '../support/resident-tool.ts';
import { startTool } from '../support/start-tool.ts';
import { startWriter, type Writer } from '../support/start-writer.ts';

let project: TestProject;
let writer: Writer | undefined;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n');
  writer = undefined;
});

afterEach(async () => {
  await writer?.kill();
  project.remove();
});

const state = (name: string): string => join(project.store, '.state', name);

/** Resolves when something that fits appears in a folder. */
async function appears(folder: string, name: RegExp): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const isThere = (): boolean => readdirSync(folder).some((one) => name.test(one));
  const stop = new AbortController();
  await new Promise<void>((resolve) => {
    watch(folder, { signal: stop.signal }, () => isThere() && resolve());
    if (isThere()) resolve();
  });
  stop.abort();
}

/** A create that holds the store's lock and goes on only when the database that it waits for is free. */
async function startLongCreate(): Promise<ReturnType<typeof startTool>> {
  writer = await startWriter({ path: project.path('app.db'), journalMode: 'delete', work: 'lock' });
  const tool = startTool(['create', '--root', project.root, '--json']);
  await appears(state('tmp'), /^backup-/);
  return tool;
}

describe('two runs at once', () => {
  test('the second ends with 11 and names the first; what only reads goes on', async () => {
    await project.done('create');
    const first = await startLongCreate();
    for (const args of [['create'], ['cleanup', '--keep-count', '1'], ['restore', '--yes', '--overwrite', 'always']]) {
      const ended = await project.tool(...args);
      expect([...args, ended.code]).toEqual([...args, 11]);
      expect(ended.stderr).toMatch(/Another run holds the lock .*\(create, process \d+ on .*, since .*\)/);
      expect(ended.stderr).toContain('--retry-lock');
    }
    for (const args of [['list'], ['show'], ['verify'], ['cleanup', '--dry-run'], ['restore', '--dry-run']]) {
      expect([...args, (await project.tool(...args)).code]).toEqual([...args, 0]);
    }
    await writer?.stop();
    writer = undefined;
    expect((await first.ended).code).toBe(0);
    expect((await project.done<{ total: number }>('list')).total).toBe(2);
    expect(existsSync(state('lock-holder.json'))).toBe(false);
  });

  test('with --retry-lock the second waits for the first', async () => {
    const first = await startLongCreate();
    const second = startTool(['create', '--root', project.root, '--retry-lock', '50', '--json']);
    await writer?.stop();
    writer = undefined;
    const [one, two] = await Promise.all([first.ended, second.ended]);
    expect([one.code, two.code]).toEqual([0, 0]);
    const ids = [one, two].map((ended) => (JSON.parse(ended.stdout) as Created).id);
    expect(ids).toEqual([...ids].sort());
  });

  test('a run that waits can be interrupted', async () => {
    mkdirSync(state(''), { recursive: true });
    const lock = new Database(state('lock'));
    lock.exec('BEGIN EXCLUSIVE');
    try {
      const waiting = startTool(['create', '--root', project.root, '--retry-lock', '600']);
      await appears(state(''), /^tmp$/);
      waiting.signal('SIGINT');
      expect((await waiting.ended).code).toBe(130);
      expect((await project.done<{ total: number }>('list')).total).toBe(0);
    } finally {
      lock.close();
    }
  });

  test('twenty pairs of creates at the same moment: forty different IDs that increase', async () => {
    // Two processes that are both loaded already: what they do meets at the same instant.
    const tools = { one: new ResidentTool(), two: new ResidentTool() };
    let newest = '';
    for (let round = 0; round < 20; round += 1) {
      const pair = Object.entries(tools).map(([name, tool]) =>
        tool.run(['create', '--root', project.root, '--retry-lock', '50', '--name', `${name}-${round}`, '--json']),
      );
      const ended = await Promise.all(pair);
      expect(ended.map((one) => one.code)).toEqual([0, 0]);
      const ids = ended.map((one) => one.json<Created>().id).sort();
      expect(ids[0]! > newest).toBe(true);
      // By their times, not only by their random digits.
      expect(ids[0]!.slice(0, -7) < ids[1]!.slice(0, -7)).toBe(true);
      newest = ids[1]!;
    }
    for (const tool of Object.values(tools)) tool.stop();
    const { backups } = await project.done<{ backups: { id: string; timestamp: string }[] }>('list');
    expect(backups).toHaveLength(40);
    expect(backups.map((one) => one.id)).toEqual(
      backups
        .map((one) => one.id)
        .sort()
        .reverse(),
    );
    expect((await project.tool('verify', '--all')).code).toBe(0);
  });
});

describe('a lock that was left', () => {
  test('by a run that was killed never blocks', async () => {
    const first = await startLongCreate();
    first.signal('SIGKILL');
    expect((await first.ended).code).toBe(137);
    await writer?.stop();
    writer = undefined;
    expect(existsSync(state('lock-holder.json'))).toBe(true);
    const next = await project.done<Created>('create');
    expect(next.warnings.map((one) => one.code)).toContain('leftovers-removed');
    expect((await project.done<Created>('create')).warnings.map((one) => one.code)).not.toContain('leftovers-removed');
  });

  test('as a file, whatever is in it, never blocks', async () => {
    for (const content of ['', 'garbage', '4711\n', 'SQLite format 3\0', Buffer.alloc(5000, 7)]) {
      mkdirSync(state(''), { recursive: true });
      writeFileSync(state('lock'), content);
      writeFileSync(state('lock-holder.json'), content);
      const ended = await project.tool('create');
      expect([content, ended.code, ended.stderr]).toEqual([content, 0, expect.not.stringContaining('error')]);
    }
    expect(readFileSync(state('lock')).length).toBe(0);
  });
});
