import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created, type Verified } from '../support/make-project.ts';
import { runResidentTool } from '../support/resident-tool.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n');
  project.write('state/queue.json', '[1, 2, 3]\n');
  project.write('agents/notes.md', 'remember\n');
});

afterEach(() => project.remove());

const create = (...args: string[]): Promise<Created> => project.done<Created>('create', ...args);

describe('a backup that is asked for and is not there', () => {
  test('an unknown ID ends with 10 and names the nearest one', async () => {
    const { id } = await create();
    const misspelt = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
    for (const verb of ['show', 'verify', 'restore']) {
      const ended = await project.tool(verb, misspelt);
      expect(ended.code).toBe(10);
      expect(ended.stderr).toContain(`There is no backup "${misspelt}"`);
      expect(ended.stderr).toContain(`the nearest is ${id}`);
      expect(ended.stderr).toContain('backup:list');
    }
  });

  test('a beginning that fits several ends with 10 and names them; one that fits one is enough', async () => {
    const first = await create();
    const second = await create();
    const ended = await project.tool('verify', 'backup-20');
    expect(ended.code).toBe(10);
    expect(ended.stderr).toContain(first.id);
    expect(ended.stderr).toContain(second.id);
    // Two backups a moment apart differ in their milliseconds.
    const shared = [...first.id].findIndex((letter, at) => letter !== second.id[at]);
    const beginning = first.id.slice(0, shared + 1);
    expect((await project.tool('verify', beginning)).stdout).toContain(first.id);
  });

  test('without a store, and in an empty one, it ends with 10; the list is empty', async () => {
    for (const [verb, text] of [
      ['show', 'no backup store'],
      ['verify', 'no backup store'],
      ['restore', 'no backup store'],
      ['cleanup', 'no backup store'],
    ] as const) {
      const ended = await project.tool(verb);
      expect([verb, ended.code]).toEqual([verb, 10]);
      expect(ended.stderr).toContain(text);
      expect(ended.stderr).toContain('backup:create');
    }
    expect((await project.done<{ total: number }>('list')).total).toBe(0);
    expect(existsSync(project.store)).toBe(false);

    mkdirSync(project.store);
    for (const args of [['show'], ['verify'], ['verify', '--all'], ['restore']]) {
      const ended = await project.tool(...args);
      expect([...args, ended.code]).toEqual([...args, 10]);
      expect(ended.stderr).toContain('holds no complete backup');
    }
    expect((await project.tool('list')).code).toBe(0);
    expect((await project.tool('cleanup')).code).toBe(0);
  });

  test('a store that is named and is not there ends with 10, one that is a file with 1', async () => {
    expect((await project.tool('list', '--backup-dir', project.beside('nowhere'))).code).toBe(10);
    writeFileSync(project.store, 'no folder');
    for (const verb of ['list', 'verify', 'create', 'cleanup']) {
      const ended = await project.tool(verb);
      expect([verb, ended.code]).toEqual([verb, 1]);
      expect(ended.stderr).toContain(project.store);
      expect(ended.stderr).not.toContain('--verbose');
    }
  });
});

describe('settings', () => {
  test('a mistake in the syntax ends with 2 and names line and column', async () => {
    project.write('config/config.json', '{\n  "backup": {\n    "retention": 30\n    "maxBackups": 3\n  }\n}\n');
    for (const verb of ['create', 'list', 'verify', 'restore', 'cleanup', 'config', 'schedule']) {
      const ended = await project.tool(verb);
      expect([verb, ended.code]).toEqual([verb, 2]);
      expect(ended.stderr).toMatch(/not valid JSON at line 4, column 5/);
    }
    expect(existsSync(project.store)).toBe(false);
  });

  test('an unknown key and an impossible value end with 2, both named, with the nearest known key', async () => {
    project.settings({ retension: 30, storage: { compressionLevel: 99 } });
    const ended = await project.tool('create');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/backup\.retension \(line 3\).*did you mean "retention"\?/);
    expect(ended.stderr).toMatch(/backup\.storage\.compressionLevel.*found 99, expected a whole number/);
  });

  test('a file that is not there, may not be read, or is a folder ends with 2', async () => {
    const missing = await project.tool('create', '--config', project.path('config/missing.json'));
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('config/missing.json');
    const folder = await project.tool('create', '--config', project.path('config'));
    expect(folder.code).toBe(2);

    chmodSync(project.write('config/config.json', '{}'), 0o000);
    openToAll(project.folder);
    const secret = await runAsNobody(['create', '--root', project.root]);
    expect(secret.code).toBe(2);
    expect(secret.stderr).toContain('config/config.json');
    expect(existsSync(project.store)).toBe(false);
  });

  test('a root that is not there, or is a file, ends with 2', async () => {
    for (const root of [project.beside('nowhere'), project.path('config/app.json')]) {
      const ended = await project.toolWith({}, 'create', '--root', root, '--json');
      expect(ended.code).toBe(2);
    }
  });
});

describe('words that mean nothing', () => {
  test('an unknown target ends with 2 and names the nearest and all that there are', async () => {
    await create();
    for (const verb of ['create', 'restore']) {
      const ended = await project.tool(verb, '--targets', 'stat');
      expect([verb, ended.code]).toEqual([verb, 2]);
      expect(ended.stderr).toContain('There is no target "stat"; did you mean "state"?');
      expect(ended.stderr).toMatch(/Known targets: .*config.*state/);
    }
  });

  test('unknown verbs, options and values, and options without one, end with 2 and say what is meant', async () => {
    const mistakes: [args: string[], said: RegExp][] = [
      [['craete'], /create/],
      [[], /Which command/],
      [['create', '--tragets', 'state'], /tragets/],
      [['create', '--targets'], /targets/],
      [['create', '--compression', 'rar'], /compression.*rar/s],
      [['create', '--compression-level', '42'], /compression-level.*42/],
      [['create', '--name', ''], /--name/],
      [['create', '--retry-lock', 'soon'], /--retry-lock.*soon.*seconds/],
      [['create', '--lang', 'fr'], /lang.*fr/s],
      [['create', '--name', 'a', '--name', 'b'], /--name is given more than once/],
      [['restore', '--overwrite', 'sometimes'], /overwrite.*sometimes/s],
      [['verify', 'latest', 'another'], /another/],
      [['verify', 'latest', '--all'], /--all/],
      [['cleanup', '--keep-days', 'many'], /--keep-days.*many/],
    ];
    for (const [args, said] of mistakes) {
      const ended = await runResidentTool([...args, '--root', project.root]);
      expect([...args, ended.code]).toEqual([...args, 2]);
      expect(ended.stderr).toMatch(said);
      expect(ended.stdout).toBe('');
    }
    expect(existsSync(project.store)).toBe(false);
  });

  test('a verb’s name may be the value of an option', async () => {
    const { id } = await create('--name', 'restore');
    expect((await project.done<Verified & { id: string }>('verify', 'restore')).id).toBe(id);
  });
});

describe('a restore to an impossible place', () => {
  test('a destination that is a file, or lies below one, ends with 1, and the file stays', async () => {
    await create();
    const file = project.beside('taken');
    writeFileSync(file, 'mine');
    for (const destination of [file, join(file, 'below')]) {
      const ended = await project.tool('restore', '--to', destination, '--yes');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('is a file, not a folder');
    }
    expect(snapshotTree(project.folder).get('taken')?.size).toBe(4);
  });

  test('a destination in the store ends with 1, by whatever name', async () => {
    await create();
    const before = snapshotTree(project.store, ['.state', 'audit.log']);
    symlinkSync(project.store, project.beside('alias'));
    for (const destination of [project.store, join(project.store, 'new'), project.beside('alias/deep/new')]) {
      const ended = await project.tool('restore', '--to', destination, '--yes');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('lies in the backup store');
    }
    expect(treeDifferences(before, snapshotTree(project.store, ['.state', 'audit.log']))).toEqual([]);
  });

  test('a file in the place of a folder, or the other way round, ends with 1 and nothing is changed', async () => {
    await create();
    rmSync(project.path('state'), { recursive: true });
    project.write('state', 'a file now');
    project.write('config/app.json', 'changed');
    const before = project.snapshot();
    const ended = await project.tool('restore', '--yes');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/state is a file at the destination, but a folder in the backup/);
    expect(treeDifferences(before, project.snapshot())).toEqual([]);
  });

  test('a folder that may not be written to ends with 1, and nothing is left in it', async () => {
    await create();
    const destination = project.beside('closed');
    mkdirSync(destination);
    openToAll(project.folder);
    giveToNobody(project.store);
    chmodSync(destination, 0o555);
    const ended = await runAsNobody(['restore', '--root', project.root, '--to', destination, '--yes']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(destination);
    expect(ended.stderr).not.toContain('storage.path');
    expect(readdirSync(destination)).toEqual([]);
  });

  test('without a terminal and without --yes it ends with 2, and nothing is changed', async () => {
    await create();
    project.write('config/app.json', 'changed');
    const before = project.snapshot();
    for (const more of [[], ['--json']]) {
      const ended = await project.tool('restore', ...more);
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('--yes');
    }
    expect(treeDifferences(before, project.snapshot())).toEqual([]);
    expect((await project.done<{ total: number }>('list')).total).toBe(1);
  });
});
