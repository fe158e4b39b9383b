import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { BusyProject } from '../support/busy-project.ts';
import type { Created, Finding } from '../support/make-project.ts';
import { startTool, type Stopped } from '../support/start-tool.ts';

// Many rounds, each with a whole backup.
jest.setTimeout(240_000);

let project: BusyProject;

beforeEach(async () => {
  project = new BusyProject();
  await project.done('create', '--mode', 'full');
  project.write('state/3/3.json', 'changed');
  project.write('agents/large-1', Buffer.alloc(5_000_000, 'changed '));
  await project.done('create', '--mode', 'incremental');
});

afterEach(() => project.remove());

function consolidate(): ReturnType<typeof startTool> {
  return startTool(['consolidate', '--root', project.root, '--json'], {
    TMPDIR: project.temporary,
  });
}

async function stopAfter(ms: number, signal: NodeJS.Signals): Promise<Stopped> {
  const tool = consolidate();
  await Promise.race([wait(ms), tool.ended]);
  tool.signal(signal);
  return tool.ended;
}

const visible = (): string[] => readdirSync(project.store).filter((name) => name !== '.state' && name !== 'audit.log');

/** @returns how many backups there are. */
async function expectOnlyWhole(signal: NodeJS.Signals): Promise<number> {
  const listed = await project.done<{ total: number; unreadable: unknown[]; otherArchives: unknown[] }>('list');
  expect(listed.unreadable).toEqual([]);
  // A kill between the two renames leaves an archive without its folder, which is a whole backup of its own.
  if (signal === 'SIGINT') expect([listed.otherArchives, visible().length]).toEqual([[], 2 * listed.total]);
  expect((await project.tool('verify', '--all')).code).toBe(0);
  return listed.total;
}

test.each(['SIGINT', 'SIGKILL'] as const)(
  '%s at any time: the chain stays whole, and nothing half-made is taken for a backup',
  async (signal) => {
    const startedAt = performance.now();
    expect((await consolidate().ended).code).toBe(0);
    const ms = performance.now() - startedAt;
    let total = 3;
    let isFull = true;
    let stopped = 0;
    for (let round = 0; round < 10; round += 1) {
      // Only a chain can be consolidated.
      if (isFull) {
        await project.done('create', '--mode', 'incremental');
        total += 1;
      }
      const ended = await stopAfter((ms * (round + 0.7)) / 10.5, signal);
      const left = project.leftovers().length;
      // Ctrl-C leaves nothing; what a kill leaves, the next run removes.
      if (signal === 'SIGINT') expect([left, [0, 130].includes(ended.code)]).toEqual([0, true]);
      if (ended.code !== 0) stopped += 1;
      isFull = ended.code === 0;
      const now = await expectOnlyWhole(signal);
      if (ended.code !== 0 && signal === 'SIGINT') expect(now).toBe(total);
      total = now;
    }
    expect(stopped).toBeGreaterThan(0);
    if (isFull) await project.done('create', '--mode', 'incremental');
    const left = project.leftovers().length;
    const last = await consolidate().ended;
    expect(last.code).toBe(0);
    const { id, warnings } = JSON.parse(last.stdout) as Created;
    expect(warnings.filter((one: Finding) => one.code === 'leftovers-removed')).toHaveLength(left > 0 ? 1 : 0);
    expect(project.leftovers()).toEqual([]);
    expect((await project.tool('verify', id, '--check-content')).code).toBe(0);
  },
);
