/** A store that others can write to: who could have put what is in it? */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import type { Ended } from '../support/run-tool.ts';

const isRoot = process.getuid?.() === 0;
let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{}\n');
});

afterEach(() => project.remove());

const errorOf = ({ stderr }: Ended): { code: string; message: string; hint: string } =>
  (JSON.parse(stderr) as { error: { code: string; message: string; hint: string } }).error;

describe('nothing is written into it', () => {
  test.each([0o770, 0o702, 0o777, 0o1777])('of mode %o', async (mode) => {
    mkdirSync(project.store);
    chmodSync(project.store, mode);
    const ended = await project.tool('create', '--json');
    expect(ended.code).toBe(1);
    const { code, message, hint } = errorOf(ended);
    expect(code).toBe('STORE_OPEN');
    expect(message).toContain(`${project.store} (mode ${mode.toString(8).padStart(4, '0')})`);
    expect(hint).toContain(`\`chmod 0700 ${project.store}\``);
    expect(readdirSync(project.store)).toEqual([]);
  });

  test('by create, consolidate, cleanup, or the safety backup of a restore; what only reads goes on', async () => {
    await project.done('create');
    project.write('config/app.json', '{"new": true}\n');
    await project.done('create', '--mode', 'incremental');
    const names = readdirSync(project.store).sort();
    chmodSync(project.store, 0o777);
    for (const args of [
      ['create'],
      ['consolidate'],
      ['cleanup', '--keep-count', '1'],
      ['restore', 'latest', '--yes'],
    ]) {
      project.write('config/app.json', `{"at": "${args[0]}"}\n`);
      const ended = await project.tool(...args, '--json');
      expect([args[0], ended.code, errorOf(ended).code]).toEqual([args[0], 1, 'STORE_OPEN']);
    }
    expect(readdirSync(project.store).sort()).toEqual(names);
    const log = readFileSync(`${project.store}/audit.log`, 'utf8');
    for (const args of [
      ['list'],
      ['show'],
      ['verify'],
      ['cleanup', '--dry-run'],
      ['restore', '--yes', '--skip-backup'],
    ]) {
      expect([args[0], (await project.tool(...args)).code]).toEqual([args[0], 0]);
    }
    // Neither does the note of a verification go in, nor a line about all this.
    const { warnings } = await project.done<Created>('verify');
    expect(warnings.map(({ code }) => code)).toContain('verification-not-noted');
    expect(readFileSync(`${project.store}/audit.log`, 'utf8')).toBe(log);
  });

  test.each(['.state', '.state/tmp'])('where %s is what they can write to', async (name) => {
    await project.done('create');
    chmodSync(`${project.store}/${name}`, 0o777);
    const ended = await project.tool('create', '--json');
    expect(errorOf(ended)).toMatchObject({ code: 'STORE_OPEN' });
    expect(errorOf(ended).message).toContain(`${project.store}/${name} `);
  });

  test('where it belongs to another user', async () => {
    if (!isRoot) return;
    mkdirSync(project.store, { mode: 0o700 });
    chownSync(project.store, 4711, 4711);
    const ended = await project.tool('create', '--json');
    expect(errorOf(ended)).toMatchObject({ code: 'STORE_OPEN' });
    expect(errorOf(ended).message).toContain('ID 4711');
    expect(errorOf(ended).hint).toContain('sudo chown -R');
    expect(readdirSync(project.store)).toEqual([]);
  });
});

describe('it is written to all the same', () => {
  test('where the settings say who may: by the folder mode, or in general', async () => {
    mkdirSync(project.store);
    chmodSync(project.store, 0o770);
    project.settings({ storage: { folderMode: '0770', fileMode: '0660' } });
    expect((await project.tool('create')).code).toBe(0);
    chmodSync(project.store, 0o777);
    expect((await project.tool('create')).code).toBe(1);
    project.settings({ storage: { allowOthersToWrite: true } });
    expect((await project.tool('create')).code).toBe(0);
    // Nobody's mode is changed behind his back.
    expect((statSync(project.store).mode & 0o777).toString(8)).toBe('777');
  });

  test('by root, where it belongs to the owner of the project; and by that owner', async () => {
    if (!isRoot) return;
    openToAll(project.folder);
    giveToNobody(project.root);
    expect((await runAsNobody(['create', '--root', project.root])).code).toBe(0);
    expect((await project.tool('create')).code).toBe(0);
  });
});

describe('a word of caution', () => {
  test('where others can look into it', async () => {
    mkdirSync(project.store);
    chmodSync(project.store, 0o755);
    const { warnings } = await project.done<Created>('create');
    expect(warnings).toContainEqual(
      expect.objectContaining({ code: 'store-readable', path: project.store, message: expect.stringMatching(/0755/) }),
    );
    await project.done('doctor', '--repair');
    expect((await project.done<Created>('create')).warnings.map(({ code }) => code)).not.toContain('store-readable');
  });

  test('where others could put another store in its place', async () => {
    const codesIn = async (mode: number): Promise<string[]> => {
      chmodSync(project.root, mode);
      return (await project.done<Created>('create')).warnings.map(({ code }) => code);
    };
    expect(await codesIn(0o777)).toContain('store-swappable');
    expect(await codesIn(0o1777)).not.toContain('store-swappable');
    // The group of its own that many systems give each user.
    expect(await codesIn(0o775)).not.toContain('store-swappable');
    if (!isRoot) return;
    chownSync(project.root, 0, 4711);
    expect(await codesIn(0o775)).toContain('store-swappable');
  });
});
