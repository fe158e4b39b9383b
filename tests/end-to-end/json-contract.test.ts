import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
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
      folders: 'number',
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

  test('create that builds on another, and consolidate of it', async () => {
    const base = await project.done<Created>('create');
    project.write('state/new.json', '{}');
    const document = documentOf(await project.tool('create', '--mode', 'incremental', '--json'));
    expect(document).toMatchObject({ mode: 'incremental', base: base.id });
    const amounts = { copiedBytes: 'number', repackedBytes: 'number' };
    const about = { consolidatedFrom: 'string', chain: ['string'], files: 'number', size: 'number' };
    const planned = documentOf(await project.tool('consolidate', '--dry-run', '--json'));
    expect(shapeOf(planned)).toEqual({ dryRun: 'boolean', ...about, ...amounts });
    const made = documentOf(await project.tool('consolidate', '--json'));
    expect(shapeOf(made)).toMatchObject({
      id: 'string',
      archive: 'string',
      storedSize: 'number',
      ...about,
      ...amounts,
    });
    expect(made).toMatchObject({ mode: 'full', consolidatedFrom: document['id'], chain: [base.id, document['id']] });
    const again = documentOf(await project.tool('consolidate', '--json'));
    expect(again).toEqual({ id: made['id'], standsAlone: 'full' });
  });

  test('diff', async () => {
    const { id } = await project.done<Created>('create');
    project.write('state/new.json', '{}');
    const { id: b } = await project.done<Created>('create');
    for (const [other, missing] of [
      [[], ['b']],
      [[b], []],
    ] as const) {
      const document = documentOf(await project.tool('diff', id, ...other, '--json'));
      const fields = [
        'a',
        'b',
        'counts',
        'addedBytes',
        'removedBytes',
        'uncovered',
        'warnings',
        'databases',
        'changes',
      ];
      expect(Object.keys(document)).toEqual(fields.filter((name) => !(missing as readonly string[]).includes(name)));
      expect(document).toMatchObject({ a: id, counts: { added: 1, changed: 0, removed: 0, moved: 0 } });
      expect(document['changes']).toContainEqual({
        change: 'added',
        path: 'state/new.json',
        target: 'state',
        kind: 'file',
        size: 2,
      });
      const summary = documentOf(await project.tool('diff', id, ...other, '--stat', '--json'));
      expect(summary).not.toHaveProperty('changes');
      expect(summary).not.toHaveProperty('databases');
    }
  });

  test('keys', async () => {
    const made = documentOf(await project.tool('keys', 'generate', '--json'));
    expect(shapeOf(made)).toEqual({ kind: 'string', keyFile: 'string' });
    const withKey = ['--encryption-key', project.path('.ai-backup.key'), '--json'];
    await project.tool('create', '--encrypt', ...withKey);
    const backup = { id: 'string', encrypted: 'boolean', opens: 'boolean', key: 'string' };
    const checked = { encrypts: 'boolean', key: 'string', recipients: [], newest: 'string', backups: [backup] };
    expect(shapeOf(documentOf(await project.tool('keys', 'check', ...withKey)))).toEqual({
      ...checked,
      ok: 'boolean',
      warnings: [],
    });
    const locked = await project.tool('keys', 'check', '--json');
    expect(locked.code).toBe(12);
    const { key: _, ...without } = backup;
    expect(shapeOf(documentOf(locked)['backups'])).toEqual([{ ...without, code: 'string', reason: 'string' }]);
    expect(shapeOf(documentOf(await project.tool('keys', 'recovery-kit', ...withKey)))).toEqual({
      files: ['string'],
      holdsKey: 'boolean',
      backup: 'string',
      warnings: [],
    });
    expect(shapeOf(documentOf(await project.tool('keys', 'rotate', ...withKey)))).toEqual({
      keyFile: 'string',
      oldKeyFile: 'string',
      settingsFile: 'string',
      warnings: [],
    });
    const pair = documentOf(await project.tool('keys', 'generate', '--rsa', project.beside('pair'), '--json'));
    expect(shapeOf(pair)).toEqual({
      kind: 'string',
      privateKeyFile: 'string',
      publicKeyFile: 'string',
      fingerprint: 'string',
    });
    project.settings({ storage: { recipients: [project.beside('pair.public.pem')] } });
    const direct = await project.tool('keys', 'rotate', '--rewrap', ...withKey);
    expect((JSON.parse(direct.stderr) as { error: Json }).error['code']).toBe('REWRAP_UNAVAILABLE');
    await project.done('create', '--encrypt');
    const privateKey = ['--encryption-key', project.beside('pair.private.pem'), '--json'];
    expect(shapeOf(documentOf(await project.tool('keys', 'rotate', '--rewrap', ...privateKey)))).toEqual({
      recipients: ['string'],
      rewrapped: [],
      unchanged: ['string'],
      direct: ['string'],
      failed: [],
      warnings: [],
    });
  });

  test('doctor', async () => {
    await project.done('create');
    const document = documentOf(await project.tool('doctor', '--json'));
    expect(Object.keys(document)).toEqual(['ok', 'checks']);
    const statuses = ['ok', 'warning', 'problem'];
    for (const check of document['checks'] as Json[]) {
      const { hint = '', ...about } = check;
      expect([shapeOf(about), typeof hint]).toEqual([
        { name: 'string', status: 'string', code: 'string', message: 'string' },
        'string',
      ]);
      expect(statuses).toContain(about['status']);
    }
  });

  test('audit verify and audit show', async () => {
    const { id } = await project.done<Created>('create');
    const checked = documentOf(await project.tool('audit', 'verify', '--json'));
    expect(checked).toEqual({
      ok: true,
      files: 1,
      lines: 1,
      macs: { checked: 0, unchecked: 0, none: 1 },
      problems: [],
      warnings: [],
    });
    const shown = documentOf(await project.tool('audit', 'show', '--json'));
    expect(shown).toMatchObject({ lines: [{ seq: 1, act: 'create', outcome: 'done', backup: id }], total: 1 });
    rmSync(`${project.store}/audit.log`);
    const ended = await project.tool('audit', '--json');
    expect(ended.code).toBe(4);
    expect(documentOf(ended)).toMatchObject({ ok: false, problems: [{ code: 'audit-lines-cut' }] });
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
      ['doctor'],
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
      [['diff'], 1, 'STORE_UNREADABLE'],
      [['consolidate'], 1, 'STORE_UNREADABLE'],
      [['cleanup'], 1, 'STORE_UNREADABLE'],
      [['keys', 'check'], 1, 'STORE_UNREADABLE'],
      [['audit'], 1, 'STORE_UNREADABLE'],
      [['audit', 'show'], 1, 'STORE_UNREADABLE'],
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
