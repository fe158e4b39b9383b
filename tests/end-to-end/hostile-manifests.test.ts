import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { forgeManifest, type ManifestJson } from '../support/forge-manifest.ts';
import { TestProject, type Created, type Verified } from '../support/make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

let project: TestProject;
/** Where an attack would write, beside the project. */
let outside: string;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n');
  project.write('state/queue.json', '[1, 2, 3]\n');
  outside = project.beside('outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'theirs'), 'untouched');
});

afterEach(() => project.remove());

/** Everything but the store. The root's own time is left out: a staging folder came and went in it. */
function everything(): TreeSnapshot {
  const root = basename(project.root);
  const snapshot = snapshotTree(project.folder, [`${root}/backups`]);
  snapshot.delete(root);
  return snapshot;
}

/** Forges the backup; verify and restore are to end with 4, and nothing is to change anywhere. */
async function expectRefused(change: (lines: ManifestJson[]) => ManifestJson[], reason: RegExp): Promise<void> {
  const { directory, id } = await project.done<Created>('create');
  forgeManifest(directory, change);
  project.write('config/app.json', 'changed since');
  const before = everything();
  const verified = await project.tool('verify', '--json');
  expect(verified.code).toBe(4);
  expect(JSON.stringify(verified.json<Verified>().problems)).toMatch(reason);
  const restored = await project.tool('restore', id, '--yes', '--skip-backup', '--to', project.beside('elsewhere'));
  expect(restored.code).toBe(4);
  expect(restored.stderr).toMatch(reason);
  expect(treeDifferences(before, everything())).toEqual([]);
}

const entryOf = (lines: readonly ManifestJson[], path: string): ManifestJson => ({
  ...lines.find((line) => line['path'] === path)!,
});

describe('a manifest that was changed by someone who knows the format', () => {
  test.each([
    ['../outside/planted', /\.\./],
    ['state/../../outside/planted', /\.\./],
    ['/tmp/ai-backup-planted', /absolute path/],
    ['state/planted\0.json', /NUL/],
  ])('an entry that would come to %j is refused', async (origin, reason) => {
    await expectRefused(
      (lines) => [...lines, { ...entryOf(lines, 'state/queue.json'), path: 'state/x', origin }],
      reason,
    );
  });

  test.each(['state/../../outside/planted'])('so is one whose path is %j', async (path) => {
    await expectRefused((lines) => [...lines, { ...entryOf(lines, 'state/queue.json'), path }], /outside/);
  });

  test.each(['before', 'after'])('a link of the backup’s own leads nowhere: %s the file behind it', async (order) => {
    await expectRefused((lines) => {
      const file = { ...entryOf(lines, 'state/queue.json'), path: 'state/door/planted', origin: 'state/door/planted' };
      const { sha256: _, size: __, at: ___, ...common } = entryOf(lines, 'state/queue.json');
      const link = { ...common, path: 'state/door', origin: 'state/door', kind: 'symlink', linkTarget: outside };
      return order === 'before' ? [...lines, link, file] : [...lines, file, link];
    }, /behind a link/);
  });

  test('a folder and a file under one name are refused', async () => {
    const { directory, id } = await project.done<Created>('create');
    forgeManifest(directory, (lines) => {
      const file = { ...entryOf(lines, 'state/queue.json'), path: 'state/twice', origin: 'state/twice' };
      return [...lines, file, { ...file, path: 'state/twice/x', origin: 'state/twice/x' }];
    });
    const before = everything();
    const restored = await project.tool('restore', id, '--yes', '--skip-backup');
    expect(restored.code).toBe(4);
    expect(treeDifferences(before, everything())).toEqual([]);
  });

  test('an archive that is named by a path is refused', async () => {
    await expectRefused(
      ([header, ...lines]) => [{ ...header, archives: [{ backup: 'x', file: '../../outside/theirs' }] }, ...lines],
      /its name only/,
    );
  });

  test('contents that lie about their size, hash or place are refused', async () => {
    const lies: ManifestJson[] = [
      { size: 1e15 },
      { size: 5 },
      { sha256: 'a'.repeat(64) },
      { at: [99, 0] },
      { at: [0, 1e9] },
    ];
    for (const lie of lies) {
      const { directory, id } = await project.done<Created>('create');
      forgeManifest(directory, (lines) =>
        lines.map((line) => (line['path'] === 'state/queue.json' ? { ...line, ...lie } : line)),
      );
      const before = everything();
      expect((await project.tool('verify', id, '--check-content')).code).toBe(4);
      const restored = await project.tool('restore', id, '--yes', '--skip-backup', '--overwrite', 'always');
      expect([lie, restored.code]).toEqual([lie, 4]);
      expect(treeDifferences(before, everything())).toEqual([]);
    }
  });

  test('frames that claim to be huge take no memory', async () => {
    const { directory, id } = await project.done<Created>('create');
    forgeManifest(directory, (lines) =>
      lines.map((line) => ('frame' in line ? { ...line, size: 1e12, storedSize: 1e12 } : line)),
    );
    for (const args of [
      ['verify', id, '--check-content'],
      ['restore', id, '--yes', '--overwrite', 'always'],
    ]) {
      const ended = await project.tool(...args);
      expect([args[0], ended.code]).toEqual([args[0], 4]);
    }
  });

  test('nothing is restored into the store', async () => {
    const { directory, id } = await project.done<Created>('create');
    forgeManifest(directory, (lines) => [
      ...lines,
      { ...entryOf(lines, 'state/queue.json'), path: 'state/x', origin: `backups/${id}/RESTORE.md` },
    ]);
    const instructions = readFileSync(join(directory, 'RESTORE.md'));
    const restored = await project.tool('restore', id, '--yes', '--skip-backup');
    expect(restored.code).toBe(1);
    expect(restored.stderr).toContain('lies in the backup store');
    expect(readFileSync(join(directory, 'RESTORE.md'))).toEqual(instructions);
  });

  test('no file comes back that runs as somebody else', async () => {
    const { directory, id } = await project.done<Created>('create');
    forgeManifest(directory, (lines) =>
      lines.map((line) => (line['path'] === 'state/queue.json' ? { ...line, mode: '6755' } : line)),
    );
    const elsewhere = project.beside('elsewhere');
    await project.done('restore', id, '--yes', '--to', elsewhere);
    expect((lstatSync(join(elsewhere, 'state/queue.json')).mode & 0o7777).toString(8)).toBe('755');
  });
});

describe('links at the destination', () => {
  test('a link in the place of a folder is not written through', async () => {
    const { id } = await project.done<Created>('create');
    rmSync(project.path('state'), { recursive: true });
    symlinkSync(outside, project.path('state'));
    project.write('config/app.json', 'changed since');
    const before = everything();
    for (const more of [[], ['--delete-extra']]) {
      const restored = await project.tool('restore', id, '--yes', '--skip-backup', ...more);
      expect(restored.code).toBe(1);
      expect(restored.stderr).toContain(`${project.path('state')} is a link at the destination`);
    }
    expect(treeDifferences(before, everything())).toEqual([]);
  });

  test('a link in the place of a file is replaced, and what it led to stays', async () => {
    const { id } = await project.done<Created>('create');
    rmSync(project.path('state/queue.json'));
    symlinkSync(join(outside, 'theirs'), project.path('state/queue.json'));
    await project.done('restore', id, '--yes');
    expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('[1, 2, 3]\n');
    expect(lstatSync(project.path('state/queue.json')).isFile()).toBe(true);
    expect(readFileSync(join(outside, 'theirs'), 'utf8')).toBe('untouched');
  });

  test('a link in the place of a database is replaced, too', async () => {
    new Database(project.path('state/app.db')).exec("CREATE TABLE t (x); INSERT INTO t VALUES ('ours')").close();
    new Database(join(outside, 'their.db')).exec("CREATE TABLE t (x); INSERT INTO t VALUES ('theirs')").close();
    const { id } = await project.done<Created>('create');
    rmSync(project.path('state/app.db'));
    symlinkSync(join(outside, 'their.db'), project.path('state/app.db'));
    await project.done('restore', id, '--yes');
    const contentOf = (file: string): unknown => {
      const database = new Database(file, { readonly: true });
      const content = database.prepare('SELECT x FROM t').pluck().get();
      database.close();
      return content;
    };
    expect(contentOf(join(outside, 'their.db'))).toBe('theirs');
    expect(contentOf(project.path('state/app.db'))).toBe('ours');
    expect(lstatSync(project.path('state/app.db')).isFile()).toBe(true);
  });

  test('the project’s own link that leads out is kept as a link', async () => {
    symlinkSync(outside, project.path('state/door'));
    const { id } = await project.done<Created>('create');
    rmSync(project.path('state'), { recursive: true });
    await project.done('restore', id, '--yes');
    expect(readlinkSync(project.path('state/door'))).toBe(outside);
    expect((await project.tool('verify', id)).code).toBe(0);
  });
});
