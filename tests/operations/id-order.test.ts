import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../../lib/operations/clean-up.ts';
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
    expect(backups.map((one) => one.timestamp)).toEqual(times.map((time) => `2026-06-19T${time}Z`).reverse());
  });

  test('a clock that went back years is told, and the newest backup is the latest one all the same', async () => {
    await create('before');
    clock.time = '1999-01-01T00:00:00Z';
    const { id, warnings } = await create('after');
    expect(warnings.map((one) => one.code)).toContain('clock-went-back');
    expect(id).toMatch(/^backup-2026-06-19T12-00-00-001Z-/);
    expect((await openBackup(context, 'latest', project.root)).id).toBe(id);
  });

  test('one backup of 2031 gives its date to none after it: lists, latest and cleanup go on as ever', async () => {
    clock.time = '2031-01-01T00:00:00.000Z';
    const wrong = await create('wrong clock');
    const warned: boolean[] = [];
    const made: string[] = [];
    for (const day of ['2026-05-01', '2026-06-18', '2026-06-19']) {
      clock.time = `${day}T12:00:00.000Z`;
      const { id, warnings } = await create(day);
      made.push(id);
      warned.push(warnings.some((one) => one.code === 'clock-went-back'));
    }
    expect([wrong.id, ...made]).toEqual([wrong.id, ...made].sort());
    // Told when it happened; later ones have a right time and an ID that is ahead.
    expect(warned).toEqual([true, false, false]);

    const { backups } = await listBackups(context);
    expect(backups.map((one) => [one.name, one.timestamp.slice(0, 10)])).toEqual([
      ['2026-06-19', '2026-06-19'],
      ['2026-06-18', '2026-06-18'],
      ['2026-05-01', '2026-05-01'],
      ['wrong clock', '2031-01-01'],
    ]);
    expect((await openBackup(context, 'latest', project.root)).id).toBe(made[2]);

    const cleaned = await cleanUp(context, { keepDays: 30, keepCount: 100 });
    expect(cleaned.remove.map((one) => one.id)).toEqual([made[0]]);
    expect(cleaned.keep.map((one) => one.id)).toEqual([made[2], made[1], wrong.id]);
  });

  test('equal random digits make no equal IDs', async () => {
    context = { ...context, random: { hex: (digits) => '0'.repeat(digits) } };
    const ids = [await create('one'), await create('two'), await create('three')].map((one) => one.id);
    expect(new Set(ids).size).toBe(3);
  });
});
