import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { TestProject, type Created } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.settings({ schedule: { nightly: '0 2 * * *' } });
  project.write('state/queue.json', '[1, 2, 3]\n');
  project.write('state/\u001b[31mred\u0007.json', '{}');
  project.write('package.json', '{"name": "host"}\n');
});

afterEach(() => project.remove());

type Json = Record<string, unknown>;

describe('other forms of output', () => {
  test('--json --progress prints JSON Lines: status, then one summary', async () => {
    const { id } = await project.done<Created>('create');
    for (const args of [['create'], ['verify'], ['restore', id, '--overwrite', 'always', '--yes'], ['cleanup']]) {
      const ended = await project.tool(...args, '--json', '--progress');
      expect(ended.code).toBe(0);
      expect(ended.stderr).toBe('');
      const lines = ended.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Json);
      const types = lines.map((line) => line['message_type']);
      expect(types.length).toBeGreaterThan(1);
      expect(types.slice(0, -1).every((type) => type === 'status')).toBe(true);
      expect(types.at(-1)).toBe('summary');
      expect(lines.slice(0, -1).every((line) => typeof line['phase'] === 'string')).toBe(true);
    }
  });

  test('--quiet prints nothing but errors', async () => {
    for (const args of [['create'], ['list'], ['show'], ['verify'], ['restore', '--yes'], ['cleanup'], ['config']]) {
      const ended = await project.tool(...args, '--quiet');
      expect([...args, ended.code, ended.stdout, ended.stderr]).toEqual([...args, 0, '', '']);
    }
    const failed = await project.tool('verify', 'nothing', '--quiet');
    expect(failed.code).toBe(10);
    expect(failed.stderr).toContain('nothing');
  });

  test('no escape code and no control character without a terminal, whatever files are called', async () => {
    const foreign = project.beside('\u001b[31mtheirs\u0007.tar');
    execFileSync('tar', ['-cf', foreign, '-C', project.root, 'state']);
    for (const args of [
      ['list'],
      ['create'],
      ['list'],
      ['show', '--files'],
      ['show', foreign, '--files'],
      ['verify', foreign],
      ['restore', foreign, '--to', project.beside('\u001b[2Jtheirs'), '--yes'],
      ['verify', '--verbose'],
      ['restore', '--to', project.beside('\u001b[2Jelsewhere'), '--yes', '--verbose'],
      ['restore', '--dry-run', '--overwrite', 'always', '--verbose'],
      ['cleanup', '--verbose'],
      ['config'],
      ['init', '--dry-run'],
      ['verify', '\u001b[31mnothing\u0007'],
    ]) {
      const ended = await project.tool(...args);
      // eslint-disable-next-line no-control-regex -- control characters are what this is about
      expect([...args, `${ended.stdout}${ended.stderr}`.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g)]).toEqual([
        ...args,
        null,
      ]);
    }
    expect((await project.tool('show', '--files')).stdout).toContain('state/\\x1b[31mred\\x07.json');
  });

  test('colours only where they are asked for', async () => {
    const escape = '\u001b[';
    expect((await project.toolWith({ env: { FORCE_COLOR: '1' } }, 'list')).stdout).not.toContain('\u001b]');
    await project.done('create');
    const forced = await project.toolWith({ env: { FORCE_COLOR: '1' } }, 'list');
    expect(forced.stdout).toContain(escape);
    for (const env of [{ FORCE_COLOR: '1', NO_COLOR: '1' }, { NO_COLOR: '1' }]) {
      expect((await project.toolWith({ env }, 'list')).stdout).not.toContain(escape);
    }
    expect((await project.toolWith({ env: { FORCE_COLOR: '1' } }, 'list', '--no-color')).stdout).not.toContain(escape);
  });

  test('--verbose says where an error came from', async () => {
    expect((await project.tool('verify', 'nothing', '--verbose')).stderr).toMatch(/\n\s+at /);
    expect((await project.tool('verify', 'nothing')).stderr).not.toMatch(/\n\s+at /);
  });

  test('a name that would drive a terminal is refused', async () => {
    const ended = await project.tool('create', '--name', 'a\u001b[2Jb');
    expect(ended.code).toBe(2);
    expect(readdirSync(project.root)).not.toContain('backups');
  });
});
