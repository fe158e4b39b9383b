import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestProject, type Created } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.settings({});
  project.write('state/queue.json', '[1, 2, 3]\n');
});

afterEach(() => project.remove());

const logFile = (): string => join(project.store, 'audit.log');
const lines = (): Record<string, unknown>[] =>
  readFileSync(logFile(), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('audit verify', () => {
  test('ends with 0 for a log that nobody touched, after all kinds of acts', async () => {
    await project.done('create');
    project.write('state/queue.json', '[]\n');
    await project.done('create', '--mode', 'incremental');
    await project.done('verify', '--all', '--check-content');
    project.write('state/queue.json', '{}\n');
    await project.done('restore', '--yes');
    await project.done('consolidate');
    await project.done('cleanup', '--keep-count', '1');
    await project.tool('create', '--targets', 'nothing');
    const ended = await project.tool('audit', 'verify');
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toMatch(/^The audit log is whole: \d+ lines in 1 file\./);
    expect(new Set(lines().map(({ act }) => act))).toEqual(
      new Set(['create', 'verify', 'restore', 'consolidate', 'cleanup']),
    );
  });

  test('ends with 4 and names file and line of what was changed', async () => {
    await project.done('create');
    await project.done('verify');
    writeFileSync(logFile(), readFileSync(logFile(), 'utf8').replace('"act":"create"', '"act":"verify"'));
    const ended = await project.tool('audit', 'verify');
    expect(ended.code).toBe(4);
    expect(ended.stdout).toMatch(/Line 1 of audit\.log is not as it was written/);
  });

  test('ends with 4 where a backup was taken away by hand', async () => {
    const { id, directory, archive = '' } = await project.done<Created>('create');
    await project.done('create');
    rmSync(directory, { recursive: true });
    rmSync(archive);
    const ended = await project.tool('audit');
    expect(ended.code).toBe(4);
    expect(ended.stdout).toContain(id);
  });

  test('checks MACs with the key that is given, as an option or by the environment', async () => {
    const keyFile = project.beside('key');
    writeFileSync(keyFile, 'correct horse battery staple\n', { mode: 0o600 });
    const env = { BACKUP_ENCRYPTION_KEY_FILE: keyFile };
    expect((await project.toolWith({ env }, 'create')).code).toBe(0);
    expect(lines()[0]).toHaveProperty('mac');
    const without = await project.tool('audit', 'verify');
    expect(without.code).toBe(0);
    expect(without.stdout).toContain('1 line not proven with a key');
    const checked = await project.tool('audit', 'verify', '--encryption-key', keyFile);
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('1 line proven with the key.')]);
    writeFileSync(logFile(), readFileSync(logFile(), 'utf8').replace('"act":"create"', '"act":"verify"'));
    expect((await project.toolWith({ env }, 'audit', 'verify')).stdout).toContain('its MAC is not right');
  });

  test('without a store ends with 10; before the first line there is nothing to check', async () => {
    expect((await project.tool('audit')).code).toBe(10);
    await project.done('create');
    rmSync(logFile());
    rmSync(join(project.store, '.state'), { recursive: true });
    const ended = await project.tool('audit');
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('There is no audit log yet')]);
    expect(ended.stderr).toContain('older than the audit log');
  });
});

describe('audit show', () => {
  test('shows the newest lines in a table', async () => {
    const { id } = await project.done<Created>('create');
    await project.done('verify');
    await project.tool('create', '--targets', 'nothing');
    const all = await project.tool('audit', 'show');
    expect(all.code).toBe(0);
    expect(all.stdout).toMatch(
      /1 .* create +done +backup-.*\n.*2 .* verify +done .*\n.*3 .* create +refused .*TARGET_UNKNOWN/,
    );
    expect(all.stdout).toContain(id);
    const { stdout } = await project.tool('audit', 'show', '--last', '1');
    expect(stdout).toContain('TARGET_UNKNOWN');
    expect(stdout).not.toContain(id);
    expect(stdout).toContain('1 of 3 lines');
  });

  test('lets nothing that somebody wrote into the log reach the terminal', async () => {
    await project.done('create');
    const [line = ''] = readFileSync(logFile(), 'utf8').split('\n');
    writeFileSync(logFile(), `${line.replace('"user":"', '"user":"\\u001b[31m')}\nhello\n`);
    const { stdout, stderr } = await project.tool('audit', 'show');
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toContain('1 line cannot be read');
  });

  test('takes a whole number, and only here', async () => {
    await project.done('create');
    for (const value of ['0', '-1', 'x']) {
      expect((await project.tool('audit', 'show', `--last=${value}`)).code).toBe(2);
    }
    expect((await project.tool('audit', 'verify', '--last', '3')).code).toBe(2);
    expect((await project.tool('audit', 'burn')).code).toBe(2);
  });
});

describe('a change of settings', () => {
  test('is noted with the names of its keys, and never a value', async () => {
    await project.done('create');
    await project.done('config', '--set-option', 'storage.encryptionKey=correct-horse', '--set-option', 'retention=9');
    expect(lines().at(-1)).toMatchObject({
      act: 'config',
      outcome: 'done',
      keys: ['storage.encryptionKey', 'retention'],
    });
    expect((await project.tool('config', '--set-option', 'retention=-4')).code).toBe(2);
    expect(lines().at(-1)).toMatchObject({
      act: 'config',
      outcome: 'refused',
      code: 'CONFIG_INVALID',
      keys: ['retention'],
    });
    await project.done('schedule', '--schedule-type', 'daily', '--time', '03:00');
    expect(lines().at(-1)).toMatchObject({ act: 'config', outcome: 'done', keys: ['schedule.daily'] });
    expect(readFileSync(logFile(), 'utf8')).not.toContain('horse');
  });

  test('of the store is noted where the backups were', async () => {
    await project.done('create');
    await project.done('config', '--set-option', 'storage.path=./elsewhere');
    expect(lines().at(-1)).toMatchObject({ act: 'config', keys: ['storage.path'] });
  });

  test('that mends settings that were broken is noted too', async () => {
    await project.done('create');
    project.settings({ retention: -1 });
    await project.done('config', '--set-option', 'retention=5');
    expect(lines().at(-1)).toMatchObject({ act: 'config', outcome: 'done', keys: ['retention'] });
  });
});
