/** Where `verify --check-content` puts its copies of databases, and what becomes of them however it ends. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { copyFileSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { BusyProject } from '../support/busy-project.ts';
import type { Created } from '../support/make-project.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { startTool, type RunningTool } from '../support/start-tool.ts';

jest.setTimeout(120_000);

let project: BusyProject;

beforeEach(() => {
  project = new BusyProject();
  // Takes a moment to check.
  const database = new Database(project.path('large.db'));
  database.exec(`CREATE TABLE t (a, b); CREATE INDEX i ON t (b);
    WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000)
    INSERT INTO t SELECT x, hex(randomblob(40)) FROM n`);
  database.close();
});

afterEach(() => project.remove());

const verify = (...args: string[]): RunningTool =>
  startTool(['verify', '--root', project.root, '--check-content', ...args], { TMPDIR: project.temporary });

const inStore = (): string => join(project.store, '.state', 'tmp');
const scratchIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^(scratch|ai-backup)-/.test(name));

/** Resolves with the scratch folder once a database lies in it. */
async function scratchWithDatabase(folder: string): Promise<string> {
  for (let times = 0; times < 20_000; times += 1) {
    const found = scratchIn(folder).map((name) => join(folder, name));
    const full = found.find((path) => existsSync(join(path, 'database-1')));
    if (full !== undefined) return full;
    await wait(1);
  }
  throw new Error('there was none');
}

/** An archive of its own, away from any store; without `keepsStore` there is none. */
async function loneArchive(options: { keepsStore?: boolean } = {}): Promise<string> {
  const { archive = '' } = await project.done<Created>('create');
  const lone = project.beside('lone.tar.gz');
  copyFileSync(archive, lone);
  if (options.keepsStore !== true) rmSync(project.store, { recursive: true });
  return lone;
}

describe('for a backup of the store', () => {
  test('they are in the store, for nobody else to look at; after a kill the next run removes them and says so', async () => {
    await project.done('create');
    const running = verify();
    const scratch = await scratchWithDatabase(inStore());
    expect(statSync(scratch).mode & 0o777).toBe(0o700);
    expect(scratchIn(project.temporary)).toEqual([]);
    running.signal('SIGKILL');
    await running.ended;
    expect(existsSync(scratch)).toBe(true);
    const { warnings } = await project.done<Created>('create', '--targets', 'config');
    expect(warnings.map((one) => one.code)).toContain('leftovers-removed');
    expect(project.leftovers()).toEqual([]);
  });

  test('a run that takes the lock meanwhile leaves them alone', async () => {
    await project.done('create');
    const running = verify();
    const scratch = await scratchWithDatabase(inStore());
    running.signal('SIGSTOP');
    try {
      const { warnings } = await project.done<Created>('create', '--targets', 'config');
      expect(warnings.map((one) => one.code)).not.toContain('leftovers-removed');
      expect(existsSync(join(scratch, 'database-1'))).toBe(true);
    } finally {
      running.signal('SIGCONT');
    }
    expect((await running.ended).code).toBe(0);
    expect(project.leftovers()).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s removes them, also a second one that does not wait', async (signal) => {
    await project.done('create');
    for (const times of [1, 2]) {
      const running = verify();
      await scratchWithDatabase(inStore());
      for (let sent = 0; sent < times; sent += 1) running.signal(signal);
      expect((await running.ended).code).toBe(130);
      expect(project.leftovers()).toEqual([]);
    }
  });

  test('a store that cannot be written to gets none; the system’s temporary folder does', async () => {
    const disk = mountSmallDisk(project.store, 200);
    if (disk === undefined) return;
    try {
      await project.done('create');
      disk.remountReadOnly();
      const running = verify();
      const scratch = await scratchWithDatabase(project.temporary);
      expect(statSync(scratch).mode & 0o777).toBe(0o700);
      expect((await running.ended).code).toBe(0);
      expect(project.leftovers()).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});

describe('for an archive that lies alone', () => {
  test('they are in the project’s store where there is one: nothing is unpacked outside of it', async () => {
    const running = verify(await loneArchive({ keepsStore: true }));
    const scratch = await scratchWithDatabase(inStore());
    expect(statSync(scratch).mode & 0o777).toBe(0o700);
    expect(readdirSync(project.temporary)).toEqual(['.keep']);
    expect((await running.ended).code).toBe(0);
    expect(project.leftovers()).toEqual([]);
  });

  test('without a store they are among the temporary files, and go with the run however it is stopped', async () => {
    const archive = await loneArchive();
    for (const times of [0, 1, 2]) {
      const running = verify(archive);
      await scratchWithDatabase(project.temporary);
      expect(existsSync(project.store)).toBe(false);
      for (let sent = 0; sent < times; sent += 1) running.signal('SIGTERM');
      expect((await running.ended).code).toBe(times === 0 ? 0 : 130);
      expect(project.leftovers()).toEqual([]);
    }
  });

  test('after a kill the next such verification removes them, and none of another that still runs', async () => {
    const archive = await loneArchive();
    const killed = verify(archive);
    const left = await scratchWithDatabase(project.temporary);
    killed.signal('SIGKILL');
    await killed.ended;
    expect(existsSync(left)).toBe(true);
    const other = verify(archive);
    for (let times = 0; times < 20_000 && existsSync(left); times += 1) await wait(1);
    const used = await scratchWithDatabase(project.temporary);
    other.signal('SIGSTOP');
    try {
      expect((await verify(archive).ended).code).toBe(0);
      expect(scratchIn(project.temporary).map((name) => join(project.temporary, name))).toEqual([used]);
    } finally {
      other.signal('SIGCONT');
    }
    expect((await other.ended).code).toBe(0);
    expect(project.leftovers()).toEqual([]);
  });
});
