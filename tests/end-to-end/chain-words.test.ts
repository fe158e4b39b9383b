/** What a person is told of a backup that builds on others. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TestProject, type Created } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('state/queue.json', '[1]\n');
});

afterEach(() => project.remove());

const said = async (...args: string[]): Promise<string> => {
  const ended = await project.tool(...args);
  expect([ended.code, ended.stderr]).toEqual([0, expect.any(String)]);
  return ended.stdout;
};

test('create says its mode, and what it builds on', async () => {
  expect(await said('create', '--name', 'first')).toMatch(/^Mode +full\nStored .+ of the original\)$/m);
  const { id } = await project.done<{ id: string }>('show', 'first');
  expect(await said('create', '--mode', 'incremental')).toMatch(
    new RegExp(`^Mode +incremental, builds on ${id}\nStored .+ for what is new or changed `, 'm'),
  );
});

test('show names the backups that one needs, the newest first, and counts those of a long chain', async () => {
  const made: string[] = [];
  for (let time = 0; time < 11; time += 1) {
    const base = made.at(-1) === undefined ? ['--mode', 'full'] : ['--base-backup', made.at(-1) ?? ''];
    made.push((await project.done<Created>('create', ...base)).id);
  }
  const second = await said('show', made[1] ?? '');
  expect(second).toContain(`\nNeeds    1 other backup, newest first:\n         ${made[0] ?? ''}\nState `);
  const others = made.slice(0, -1).reverse();
  const listed = (ids: readonly string[]): string => ids.map((one) => `\n         ${one}`).join('');
  const needs = '\nNeeds    10 other backups, newest first:';
  expect(await said('show')).toContain(
    `${needs}${listed(others.slice(0, 8))}\n         and 2 more (--verbose lists them)\nState `,
  );
  expect(await said('show', '--verbose')).toContain(`${needs}${listed(others)}\nState `);
});

test('a plain tree names what it links to, and a limited or consolidated backup says so', async () => {
  const { id } = await project.done<Created>('create', '--format', 'directory');
  expect(await said('create', '--format', 'directory', '--mode', 'incremental')).toMatch(
    new RegExp(`^Mode +incremental, unchanged files linked to ${id}$`, 'm'),
  );
  expect(await said('show')).toMatch(
    new RegExp(`^Linked +unchanged files are hard links to ${id}, which is not needed$`, 'm'),
  );
  await project.done('create', '--mode', 'full');
  await project.done('create', '--mode', 'incremental', '--since', '2026-01-02');
  expect(await said('show')).toMatch(/^Limited +to files changed since 2026-01-0\d \d\d:\d\d:\d\d$/m);
  expect(await said('list')).toMatch(/since 2026-01-0\d$/m);
  const { id: source } = await project.done<Created>('create', '--mode', 'incremental');
  await project.done('consolidate');
  expect(await said('show')).toMatch(new RegExp(`^Made from +${source}$`, 'm'));
});
