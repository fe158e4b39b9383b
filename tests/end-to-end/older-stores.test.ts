/**
 * Stores that earlier versions made. `tests/fixtures/stores/<version>.tar.gz` holds a project, as `project/`, and its store, as
 * `backups/`: a tar named `tar`, a zip named `zip` and a plain tree named `tree`, each of the whole project.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { restoredContent } from '../support/history-databases.ts';
import { TestProject, storeName, type Created } from '../support/make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

const stores = fileURLToPath(new URL('../fixtures/stores/', import.meta.url));
const database = 'data/history.db';

describe.each(readdirSync(stores))('%s', (fixture) => {
  let project: TestProject;
  let files: TreeSnapshot;
  let rows: string;

  const snapshot = (folder: string): TreeSnapshot => snapshotTree(folder, [storeName, 'data']);

  beforeEach(() => {
    project = new TestProject();
    execFileSync('tar', ['-xpzf', join(stores, fixture), '--no-same-owner', '-C', project.folder]);
    renameSync(project.beside('backups'), project.store);
    rows = restoredContent(project.root, database);
    files = snapshot(project.root);
  });

  afterEach(() => project.remove());

  async function expectRestored(name: string): Promise<void> {
    const to = project.beside(`restored-${name}`);
    await project.done('restore', name, '--to', to, '--yes');
    expect(treeDifferences(files, snapshot(to))).toEqual([]);
    expect(restoredContent(to, database)).toBe(rows);
  }

  test('its backups are listed, verified and restored', async () => {
    const { backups } = await project.done<{ backups: { name: string; mode: string; layout: string }[] }>('list');
    expect(backups.map(({ name, mode, layout }) => [name, mode, layout]).sort()).toEqual([
      ['tar', 'full', 'tar'],
      ['tree', 'full', 'directory'],
      ['zip', 'full', 'zip'],
    ]);
    expect((await project.tool('verify', '--all', '--check-content')).code).toBe(0);
    for (const name of ['tar', 'zip', 'tree']) await expectRestored(name);
  });

  test.each(['incremental', 'differential'])('its tar is the base of an %s backup', async (mode) => {
    // A little is changed in the midst of a large file; every other file has a new inode and change time.
    const fd = openSync(project.path('state/large.log'), 'r+');
    writeSync(fd, 'changed', 500_000);
    closeSync(fd);
    project.write('state/new', 'new\n');
    files = snapshot(project.root);
    const created = await project.done<Created & { mode: string }>('create', '--mode', mode);
    expect(created.mode).toBe(mode);
    const { chain } = JSON.parse(readFileSync(join(created.directory, 'metadata.json'), 'utf8')) as { chain: string[] };
    const { backups } = await project.done<{ backups: { id: string; name?: string }[] }>('list');
    expect(chain).toEqual([backups.find(({ name }) => name === 'tar')?.id, created.id]);
    expect(statSync(created.archive!).size).toBeLessThan(statSync(project.path('state/large.log')).size / 50);
    expect((await project.tool('verify', '--check-content')).code).toBe(0);
    await expectRestored(created.id);
  });
});
