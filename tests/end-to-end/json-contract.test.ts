import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { TestProject, type Created } from '../support/make-project.ts';
import { runTool, type Ended } from '../support/run-tool.ts';

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

/** What type a field has, down to the elements of lists. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, shapeOf(field)]));
}

/** The one document on standard output, which is the only thing there, on a line of its own. */
function documentOf(ended: Ended): Json {
  expect(ended.stdout.endsWith('\n')).toBe(true);
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(ended.stderr).toBe('');
  return ended.json<Json>();
}

const finding = { code: 'string', message: 'string', path: 'string', target: 'string', params: expect.anything() };

describe('what --json prints', () => {
  test('create', async () => {
    const document = documentOf(await project.tool('create', '--name', 'first', '--json'));
    expect(shapeOf(document)).toEqual({
      id: 'string',
      name: 'string',
      type: 'string',
      mode: 'string',
      directory: 'string',
      archive: 'string',
      files: 'number',
      size: 'number',
      storedSize: 'number',
      duration: 'number',
      targets: Object.fromEntries(
        ['config', 'database', 'logs', 'agents', 'state', 'security'].map((name) => [
          name,
          { files: 'number', size: 'number', duration: 'number' },
        ]),
      ),
      warnings: [finding],
      complete: 'boolean',
    });
    expect(document).toMatchObject({ name: 'first', type: 'manual', mode: 'full' });
    const tree = documentOf(await project.tool('create', '--format', 'directory', '--json'));
    expect(tree).not.toHaveProperty('archive');
    expect(shapeOf(documentOf(await project.tool('create', '--dry-run', '--json')))).toMatchObject({
      dryRun: 'boolean',
      files: 'number',
      size: 'number',
    });
  });

  test('list: the fields of metadata.json', async () => {
    const { id, directory } = await project.done<Created>('create', '--name', 'first');
    await project.done('verify', id);
    const document = documentOf(await project.tool('list', '--json'));
    expect(document).toMatchObject({ total: 1 });
    const [backup] = document['backups'] as Json[];
    const { readFileSync } = await import('node:fs');
    expect(backup).toEqual(JSON.parse(readFileSync(`${directory}/metadata.json`, 'utf8')));
    expect(Object.keys(backup!).sort()).toEqual(
      [
        ...['archive', 'chain', 'checksum', 'complete', 'databases', 'duration', 'files', 'format', 'host', 'id'],
        ...[
          'incremental',
          'layout',
          'mode',
          'name',
          'size',
          'storedSize',
          'targets',
          'timestamp',
          'type',
          'verifiedAt',
        ],
        ...['version', 'warnings'],
      ].sort(),
    );
    expect(Object.keys(backup!['archive'] as Json)).toEqual(
      expect.arrayContaining(['file', 'size', 'sha256', 'compression']),
    );
  });

  test('verify', async () => {
    const { id, archive = '' } = await project.done<Created>('create');
    const shape = {
      id: 'string',
      ok: 'boolean',
      level: 'string',
      files: 'number',
      bytes: 'number',
      duration: 'number',
    };
    for (const args of [[], ['--check-content']]) {
      const document = documentOf(await project.tool('verify', id, '--json', ...args));
      expect(shapeOf(document)).toEqual({ ...shape, problems: [], warnings: [] });
      expect(document['ok']).toBe(true);
    }
    rmSync(archive);
    const ended = await project.tool('verify', id, '--json');
    expect(ended.code).toBe(4);
    const [problem] = documentOf(ended)['problems'] as Json[];
    expect(shapeOf(problem)).toMatchObject({ code: 'string', path: 'string', message: 'string' });
    expect(shapeOf(documentOf(await project.tool('verify', '--all', '--json')))).toMatchObject({
      ok: 'boolean',
      backups: [shape],
    });
  });

  test('restore, planned and done', async () => {
    const { id } = await project.done<Created>('create');
    project.write('state/queue.json', 'changed');
    const shape = {
      id: 'string',
      dryRun: 'boolean',
      destination: 'string',
      created: 'number',
      overwritten: 'number',
      unchanged: 'number',
      kept: 'number',
      deleted: 'number',
      bytes: 'number',
      duration: 'number',
    };
    const planned = documentOf(await project.tool('restore', id, '--dry-run', '--json'));
    const action = { action: 'string', path: 'string', reason: 'string' };
    expect(shapeOf(planned)).toEqual({ ...shape, actions: [action], warnings: [] });
    expect(planned).toMatchObject({ dryRun: true, overwritten: 1 });
    const done = documentOf(await project.tool('restore', id, '--yes', '--json'));
    expect(shapeOf(done)).toEqual({ ...shape, safetyBackup: 'string', warnings: [] });
    expect(done).toMatchObject({ id, dryRun: false, destination: project.root, overwritten: 1 });
    const nothing = documentOf(await project.tool('restore', id, '--yes', '--json'));
    expect(nothing).toMatchObject({ id, dryRun: false, created: 0, overwritten: 0 });
  });

  test('cleanup', async () => {
    for (let times = 0; times < 3; times += 1) await project.done('create');
    const verdict = expect.objectContaining({ id: expect.any(String), reasons: expect.any(Array) });
    for (const more of [['--dry-run'], []]) {
      const document = documentOf(await project.tool('cleanup', '--keep-count', '1', '--json', ...more));
      expect(document).toEqual({
        dryRun: more.length === 1,
        keep: [verdict],
        remove: [verdict, verdict],
        freedBytes: expect.any(Number),
      });
    }
  });

  test('every other verb: one document as well', async () => {
    await project.done('create');
    for (const args of [
      ['show'],
      ['show', '--files'],
      ['config'],
      ['config', '--check'],
      ['config', '--set-option', 'retention=7'],
      ['init'],
      ['schedule', '--list'],
      ['schedule', '--once', 'nightly'],
      ['schedule', '--schedule-type', 'daily', '--time', '03:00'],
    ]) {
      const ended = await project.tool(...args, '--json');
      expect([...args, ended.code]).toEqual([...args, 0]);
      documentOf(ended);
    }
  });
});

describe('failures under --json', () => {
  test('every verb says its error on standard error, as code, message and hint, and prints nothing', async () => {
    writeFileSync(project.store, 'a file in the place of the store');
    const failures: [args: string[], code: number, name: string][] = [
      [['create'], 1, 'WRITE_FAILED'],
      [['list'], 1, 'STORE_UNREADABLE'],
      [['show'], 1, 'STORE_UNREADABLE'],
      [['verify'], 1, 'STORE_UNREADABLE'],
      [['restore', '--yes'], 1, 'STORE_UNREADABLE'],
      [['cleanup'], 1, 'STORE_UNREADABLE'],
      [['schedule', '--once', 'weekly'], 2, 'SCHEDULE_UNKNOWN'],
      [['config', '--set-option', 'nothing=1'], 2, 'CONFIG_INVALID'],
      [['init', '--nothing'], 2, 'USAGE'],
      [['create', '--compression-level', '99'], 2, 'OPTION_INVALID'],
      [['create', '--targets', 'stat'], 2, 'TARGET_UNKNOWN'],
    ];
    for (const [args, code, name] of failures) {
      const ended = await project.tool(...args, '--json');
      expect([...args, ended.code, ended.stdout]).toEqual([...args, code, '']);
      expect(JSON.parse(ended.stderr)).toEqual({
        error: { code: name, message: expect.stringMatching(/./), hint: expect.stringMatching(/./) },
      });
    }
    const unknown = await runTool(['craete', '--json']);
    expect((JSON.parse(unknown.stderr) as { error: Json }).error['code']).toBe('USAGE');
  });

  test('--verbose adds the stack, and it stays one document', async () => {
    const ended = await project.tool('verify', 'nothing', '--json', '--verbose');
    expect(shapeOf(JSON.parse(ended.stderr))).toEqual({
      error: { code: 'string', message: 'string', hint: 'string', stack: 'string' },
    });
  });
});

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
