/** Backups as plain trees: what has not changed since the one before is a hard link to it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appendFileSync, existsSync, lstatSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created } from '../support/make-project.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

const stateOnly = { config: false, database: false, logs: false, agents: false, security: false };

describe('a plain tree after a plain tree', () => {
  let tree: TestProject;

  beforeAll(() => {
    tree = new TestProject();
    tree.settings({ storage: { compress: false }, targets: stateOnly });
    // What was changed within two seconds of a backup is copied again: its time cannot prove that it was not.
    const past = 1_700_000_000;
    for (const name of ['same', 'changed', 'same-size', 'gone', 'other-mode', 'caf\u00e9/\u{1f5c4} deep']) {
      utimesSync(tree.write(`state/${name}`, 'first '.repeat(1000)), past, past);
    }
    tree.link('same', 'state/link');
  });

  afterAll(() => {
    tree.remove();
  });

  test('links what has not changed, copies what has, and outlives its predecessor', async () => {
    await sinceChange();
    const first = await tree.done<Created & { storedSize: number }>('create');
    const before = snapshotTree(tree.path('state'));
    appendFileSync(tree.path('state/changed'), 'and more');
    const { mtimeMs } = statSync(tree.path('state/same-size'));
    writeFileSync(tree.path('state/same-size'), 'FIRST '.repeat(1000));
    utimesSync(tree.path('state/same-size'), mtimeMs / 1000, mtimeMs / 1000);
    rmSync(tree.path('state/gone'));
    tree.write('state/new', 'new');
    const now = snapshotTree(tree.path('state'));
    const second = await tree.done<Created & { storedSize: number }>('create');

    const inode = (backup: Created, name: string): number | undefined =>
      lstatSync(join(backup.directory, 'state', name), { throwIfNoEntry: false })?.ino;
    for (const name of ['same', 'other-mode', 'caf\u00e9/\u{1f5c4} deep'])
      expect([name, inode(second, name)]).toEqual([name, inode(first, name)]);
    for (const name of ['changed', 'same-size']) expect(inode(second, name)).not.toBe(inode(first, name));
    expect(inode(second, 'gone')).toBeUndefined();
    expect(second.storedSize).toBeLessThan(first.storedSize);
    await tree.done('verify', '--all', '--check-content');

    await tree.done('restore', first.id, '--to', tree.beside('first'), '--yes', '--verify');
    expect(treeDifferences(before, snapshotTree(tree.beside('first/state')))).toEqual([]);

    const removed = await tree.done<{ remove: { id: string }[] }>('cleanup', '--keep-count', '1');
    expect(removed.remove.map((one) => one.id)).toEqual([first.id]);
    expect(existsSync(first.directory)).toBe(false);
    await tree.done('verify', second.id, '--check-content');
    await tree.done('restore', second.id, '--to', tree.beside('second'), '--yes', '--verify');
    expect(treeDifferences(now, snapshotTree(tree.beside('second/state')))).toEqual([]);
  });

  /** Waits until the files' change times, which nobody can set, are far enough back to be believed. */
  async function sinceChange(): Promise<void> {
    const newest = Math.max(
      ...[...snapshotTree(tree.path('state')).keys()].map((name) => lstatSync(tree.path(`state/${name}`)).ctimeMs),
    );
    const left = newest + 2_100 - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
});

test('a database that did not change is a hard link too', async () => {
  const shop = new TestProject();
  try {
    shop.settings({ storage: { format: 'directory' }, targets: { ...stateOnly, state: false, database: true } });
    const database = new Database(shop.path('shop.db'));
    database.exec('CREATE TABLE item (id INTEGER PRIMARY KEY)');
    database.close();
    const first = await shop.done<Created>('create');
    const second = await shop.done<Created>('create');
    expect(lstatSync(join(second.directory, 'database/shop.db')).ino).toBe(
      lstatSync(join(first.directory, 'database/shop.db')).ino,
    );
    await shop.done('verify', '--all', '--check-content');
  } finally {
    shop.remove();
  }
});
