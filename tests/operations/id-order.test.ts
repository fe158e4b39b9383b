import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { listBackups } from '../../lib/operations/list-backups.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { timeOfBackupId } from '../../lib/store/backup-id.ts';
import { contextFor, SetClock } from '../support/context-for.ts';
import { TestProject } from '../support/make-project.ts';

let project: TestProject;
let clock: SetClock;
let context: RunContext;

beforeEach(async () => {
  project = new TestProject();
  project.write('config/app.json', '{}');
  clock = new SetClock('2026-06-19T12:00:00.000Z');
  context = await contextFor(project.root, { clock });
});

afterEach(() => project.remove());

const create = (name: string) => createBackup(context, { type: 'manual', name });

describe('IDs of a store', () => {
  test('increase while the clock stands still, goes forward, and is set back', async () => {
    const times = ['12:00:00.000', '12:00:00.000', '12:00:00.001', '11:00:00.000', '00:00:00.000', '13:00:00.000'];
    const ids: string[] = [];
    for (const time of times) {
      clock.time = `2026-06-19T${time}Z`;
      ids.push((await create(`at ${time}`)).id);
    }
    expect(ids).toEqual([...ids].sort());
    const moments = ids.map((id) => timeOfBackupId(id)?.toISOString().slice(11, 23));
    expect(moments).toEqual([
      '12:00:00.000',
      '12:00:00.001',
      '12:00:00.002',
      '12:00:00.003',
      '12:00:00.004',
      '13:00:00.000',
    ]);
    const { backups } = await listBackups(context);
    expect(backups.map((one) => one.name)).toEqual(times.map((time) => `at ${time}`).reverse());
  });

  test('a clock that went back years is told, and the newest backup is the latest one all the same', async () => {
    await create('before');
    clock.time = '1999-01-01T00:00:00Z';
    const { id, warnings } = await create('after');
    expect(warnings.map((one) => one.code)).toContain('clock-went-back');
    expect(id).toMatch(/^backup-2026-06-19T12-00-00-001Z-/);
    expect((await openBackup(context, 'latest', project.root)).id).toBe(id);
  });

  test('equal random digits make no equal IDs', async () => {
    context = { ...context, random: { hex: (digits) => '0'.repeat(digits) } };
    const ids = [await create('one'), await create('two'), await create('three')].map((one) => one.id);
    expect(new Set(ids).size).toBe(3);
  });
});
