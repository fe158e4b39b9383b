import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { contextFor } from '../support/context-for.ts';
import { TestProject } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
});

afterEach(() => project.remove());

const everything = (): string[] => readdirSync(project.root, { recursive: true }).map(String).sort();

async function createNothing(): Promise<void> {
  const context = await contextFor(project.root);
  await expect(createBackup(context, { type: 'manual' })).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP' });
}

describe('a create with nothing to back up', () => {
  test('leaves no store where there was none', async () => {
    const ended = await project.tool('create');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/Nothing to back up/);
    expect(everything()).toEqual([]);
  });

  test('leaves none of the folders on the way to it either, but those that were there', async () => {
    project.write('other.json', '{"backup": {"storage": {"path": "deep/in/it"}}}');
    mkdirSync(project.path('deep'));
    const ended = await project.tool('create', '--config', project.path('other.json'));
    expect(ended.code).toBe(1);
    expect(everything()).toEqual(['deep', 'other.json']);
  });

  test('leaves a store that was there as it was, empty or not', async () => {
    mkdirSync(project.store);
    await createNothing();
    expect(readdirSync(project.root)).toEqual(['backups']);

    project.write('config/app.json', '{}');
    const context = await contextFor(project.root);
    const { id } = await createBackup(context, { type: 'manual' });
    rmSync(project.path('config'), { recursive: true });
    await createNothing();
    expect(readdirSync(project.store).sort()).toEqual(['.state', 'audit.log', id, `${id}.tar.gz`]);
  });
});

describe('a first create that finds nothing, and takes its store back while another one waits for it', () => {
  /** Two at once: the one that begins first has nothing to back up. */
  async function two(targets: string[]): Promise<unknown> {
    const first = await contextFor(project.root);
    const second = await contextFor(project.root, { retryLockSeconds: 30 });
    let other: Promise<unknown> = Promise.resolve();
    first.events.on('phase', (phase) => {
      if (phase === 'scan') other = createBackup(second, { type: 'manual', targets }).catch((error: unknown) => error);
    });
    await expect(createBackup(first, { type: 'manual', targets: ['state'] })).rejects.toMatchObject({
      code: 'NOTHING_TO_BACK_UP',
    });
    return other;
  }

  test('does not keep the other from making a backup', async () => {
    project.write('config/app.json', '{}');
    const made = await two(['config']);
    expect(made).toMatchObject({ complete: true });
    expect(readdirSync(project.store)).toContain((made as { id: string }).id);
  });

  test('leaves no store when the other finds nothing either', async () => {
    expect(await two(['logs'])).toMatchObject({ code: 'NOTHING_TO_BACK_UP' });
    expect(everything()).toEqual([]);
  });
});

test('a first create that is interrupted leaves no store', async () => {
  project.write('config/app.json', '{}');
  const controller = new AbortController();
  const context = await contextFor(project.root, { signal: controller.signal });
  context.events.on('phase', (phase) => {
    if (phase === 'pack') controller.abort();
  });
  await expect(createBackup(context, { type: 'manual' })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(readdirSync(project.root)).toEqual(['config']);
});
