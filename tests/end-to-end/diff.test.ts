/** What `diff` says of real projects: between two backups, and since one. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created, type Finding } from '../support/make-project.ts';
import type { Ended } from '../support/run-tool.ts';
import { startWriter } from '../support/start-writer.ts';
import { withDatabase } from '../targets/databases/sqlite-folder.ts';

interface Diff {
  a: string;
  b?: string;
  counts: Record<'added' | 'changed' | 'removed' | 'moved' | 'unchanged', number>;
  addedBytes: number;
  removedBytes: number;
  uncovered: { target: string; missingIn: string }[];
  databases: Record<string, unknown>[];
  changes: Record<string, string | number | object | undefined>[];
  warnings: Finding[];
}

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n');
  project.write('state/queue.json', '[1, 2, 3]\n');
  project.write('state/keep.json', '{}');
  project.write('state/old/name.bin', randomBytes(300_000));
  project.write('state/gone.txt', 'gone');
  project.link('queue.json', 'state/link');
  mkdirSync(project.path('data'));
  withDatabase(project.path('data/app.db'), (database) => {
    database.exec(`PRAGMA journal_mode = wal; CREATE TABLE event (id INTEGER PRIMARY KEY, text); CREATE TABLE old (x);
      WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 4000)
      INSERT INTO event (text) SELECT 'event ' || i FROM c`);
  });
});

afterEach(() => project.remove());

function changeEverything(): void {
  project.write('state/queue.json', '[1, 2, 3, 4]\n');
  project.write('state/fresh/new.txt', 'new!');
  unlinkSync(project.path('state/gone.txt'));
  mkdirSync(project.path('state/new'));
  renameSync(project.path('state/old/name.bin'), project.path('state/new/other.bin'));
  chmodSync(project.path('state/keep.json'), 0o600);
  unlinkSync(project.path('state/link'));
  symlinkSync('keep.json', project.path('state/link'));
  withDatabase(project.path('data/app.db'), (database) => {
    database.exec(`CREATE TABLE audit (x); INSERT INTO audit VALUES (1); DROP TABLE old;
      DELETE FROM event WHERE id > 3990; ALTER TABLE event ADD COLUMN level`);
  });
}

const everything = (changes: Diff['changes']): string[] =>
  changes
    .map((one) => ['change', 'path', 'from', 'to'].flatMap((key) => (key in one ? [JSON.stringify(one[key])] : [])))
    .map((words) => words.join(' ').replaceAll('"', ''));

function expectEverything(diff: Diff): void {
  expect(everything(diff.changes)).toEqual([
    'added state/fresh',
    'added state/fresh/new.txt',
    'added state/new',
    'changed state/keep.json',
    'changed state/link',
    'changed state/queue.json',
    'changed data/app.db',
    'removed state/gone.txt',
    'moved state/old/name.bin state/new/other.bin',
  ]);
  expect(diff.counts).toEqual({ added: 3, changed: 4, removed: 1, moved: 1, unchanged: expect.any(Number) });
  expect([diff.addedBytes, diff.removedBytes, diff.warnings, diff.uncovered]).toEqual([4, 4, [], []]);
  expect(diff.changes).toEqual(
    expect.arrayContaining([
      { change: 'added', path: 'state/fresh/new.txt', target: 'state', kind: 'file', size: 4 },
      {
        change: 'changed',
        path: 'state/keep.json',
        target: 'state',
        kind: 'file',
        mode: { before: '0644', after: '0600' },
      },
      expect.objectContaining({ path: 'state/link', linkTarget: { before: 'queue.json', after: 'keep.json' } }),
      expect.objectContaining({ path: 'state/queue.json', sizeBefore: 10, sizeAfter: 13 }),
      expect.objectContaining({ path: 'data/app.db', target: 'database', database: 'sqlite', kind: 'file' }),
    ]),
  );
  expect(diff.databases).toEqual([
    {
      path: 'data/app.db',
      target: 'database',
      added: [{ name: 'audit', rows: 1 }],
      removed: [{ name: 'old', rows: 0 }],
      tables: [{ name: 'event', rowsBefore: 4000, rowsAfter: 3990, pages: expect.any(Number) }],
      schemaChanged: [
        {
          type: 'table',
          name: 'event',
          before: 'CREATE TABLE event (id INTEGER PRIMARY KEY, text)',
          after: 'CREATE TABLE event (id INTEGER PRIMARY KEY, text, level)',
        },
      ],
      bytes: expect.any(Number),
    },
  ]);
}

const leftovers = (): string[] => readdirSync(join(project.store, '.state', 'tmp'));

describe.each(['tar', 'zip', 'directory'])('backups as %s', (format) => {
  test('two are compared, and one with the project since', async () => {
    const { id: before } = await project.done<Created>('create', '--format', format, '--name', 'before');
    changeEverything();
    const since = await project.done<Diff>('diff', 'before');
    expect(since).not.toHaveProperty('b');
    expectEverything(since);
    const { id: after } = await project.done<Created>('create', '--format', format);
    const between = await project.done<Diff>('diff', before, 'latest');
    expect([between.a, between.b]).toEqual([before, after]);
    expectEverything(between);
    const back = await project.done<Diff>('diff', 'latest', before);
    expect(back.counts).toMatchObject({ added: 1, changed: 4, removed: 3, moved: 1 });
    expect(back.databases).toMatchObject([{ added: [{ name: 'old' }], removed: [{ name: 'audit' }] }]);
    const nothing = await project.done<Diff>('diff');
    expect([nothing.a, nothing.changes, nothing.databases]).toEqual([after, [], []]);
    expect(nothing.counts.unchanged).toBeGreaterThan(6);
    expect(leftovers()).toEqual([]);
  });
});

test('of backups that build on each other it is known without reading how much of a file is new', async () => {
  const content = randomBytes(3_000_000);
  project.write('state/large.bin', content);
  const { id } = await project.done<Created>('create', '--mode', 'full');
  changeEverything();
  content.fill('changed', 1_000_000, 1_005_000);
  project.write('state/large.bin', content);
  await project.done<Created>('create', '--mode', 'incremental');
  const { changes, databases } = await project.done<Diff>('diff', id, 'latest');
  const large = changes.find((one) => one['path'] === 'state/large.bin');
  expect(large).toMatchObject({ sizeBefore: 3_000_000, sizeAfter: 3_000_000, bytes: expect.any(Number) });
  expect(large?.['bytes']).toBeGreaterThanOrEqual(5_000);
  expect(large?.['bytes']).toBeLessThan(300_000);
  expect(changes).toContainEqual(expect.objectContaining({ path: 'state/queue.json', sizeAfter: 13, bytes: 13 }));
  expect(databases).toMatchObject([{ path: 'data/app.db', tables: [{ name: 'event', rowsAfter: 3990 }] }]);
});

test('an archive by its path, away from its store, is compared with one of the store', async () => {
  const { archive = '' } = await project.done<Created>('create');
  const moved = project.beside('elsewhere.tar.gz');
  renameSync(archive, moved);
  rmSync(project.store, { recursive: true });
  changeEverything();
  await project.done<Created>('create');
  expectEverything(await project.done<Diff>('diff', moved, 'latest'));
});

describe('since a backup', () => {
  test('a file is read where its times prove nothing, and not told for its times', async () => {
    await project.done('create');
    utimesSync(project.path('state/keep.json'), 1, 1);
    expect((await project.done<Diff>('diff')).changes).toEqual([]);
    const { atime, mtime } = statSync(project.path('state/queue.json'));
    // The same size and the same time: only the content tells.
    writeFileSync(project.path('state/queue.json'), '[3, 2, 1]\n');
    utimesSync(project.path('state/queue.json'), atime, mtime);
    expect((await project.done<Diff>('diff')).changes).toEqual([
      { change: 'changed', path: 'state/queue.json', target: 'state', kind: 'file', sizeBefore: 10, sizeAfter: 10 },
    ]);
  });

  test('what a file, a folder and a link became', async () => {
    project.write('state/one/inside', 'x');
    await project.done('create');
    rmSync(project.path('state/one'), { recursive: true });
    project.write('state/one', 'a file now');
    unlinkSync(project.path('state/gone.txt'));
    mkdirSync(project.path('state/gone.txt'));
    const { changes } = await project.done<Diff>('diff');
    expect(changes).toEqual([
      expect.objectContaining({ path: 'state/gone.txt', kind: 'directory', kindBefore: 'file', sizeBefore: 4 }),
      expect.objectContaining({ path: 'state/one', kind: 'file', kindBefore: 'directory', sizeAfter: 10 }),
      expect.objectContaining({ change: 'removed', path: 'state/one/inside' }),
    ]);
  });

  test('a database that stays locked is not compared, and not called removed', async () => {
    await project.done('create');
    const writer = await startWriter({ path: project.path('data/locked.db'), journalMode: 'delete', work: 'open' });
    await writer.stop();
    await project.done('create');
    const holder = await startWriter({ path: project.path('data/locked.db'), journalMode: 'delete', work: 'lock' });
    try {
      const impatient = { env: { BACKUP_DATABASE_TIMEOUT: '0.2' } };
      const ended = await project.toolWith(impatient, 'diff', '--json', '--targets', 'database');
      expect(ended.code).toBe(0);
      const diff = ended.json<Diff>();
      expect(diff.changes).toEqual([]);
      expect(diff.warnings).toEqual([expect.objectContaining({ code: 'not-compared', path: 'data/locked.db' })]);
    } finally {
      await holder.kill();
    }
  });

  test('a database that is written to all the time is compared as it was at one moment', async () => {
    const path = project.path('state/live.db');
    const first = await startWriter({ path, journalMode: 'wal', work: 'steady' });
    await first.stop();
    await project.done('create');
    const writer = await startWriter({ path, journalMode: 'wal', work: 'steady' });
    try {
      const { databases, warnings } = await project.done<Diff>('diff');
      expect(warnings).toEqual([]);
      const [live] = databases as [{ path: string; tables: { name: string; rowsBefore: number; rowsAfter: number }[] }];
      expect(live.path).toBe('state/live.db');
      const movement = live.tables.find((one) => one.name === 'movement');
      expect(movement?.rowsAfter).toBeGreaterThan(movement?.rowsBefore ?? 0);
    } finally {
      expect((await writer.stop()).violations).toEqual([]);
    }
    expect(leftovers()).toEqual([]);
  });

  test('a database that moved to another folder is moved', async () => {
    await project.done('create');
    mkdirSync(project.path('lib'));
    renameSync(project.path('data/app.db'), project.path('lib/renamed.db'));
    const { changes } = await project.done<Diff>('diff');
    expect(changes).toEqual([expect.objectContaining({ change: 'moved', from: 'data/app.db', to: 'lib/renamed.db' })]);
  });

  test('a database that only stands elsewhere in the backup is the same one', async () => {
    await project.done('create');
    // Both are app.db now: the later one gets a longer path in the backup.
    mkdirSync(project.path('adata'));
    withDatabase(project.path('adata/app.db'), (database) => database.exec('CREATE TABLE t (x)'));
    withDatabase(project.path('data/app.db'), (database) => database.exec('DELETE FROM event WHERE id = 1'));
    const since = await project.done<Diff>('diff');
    await project.done('create');
    for (const diff of [since, await project.done<Diff>('diff', await firstId(), 'latest')]) {
      expect(everything(diff.changes)).toEqual(['added adata/app.db', 'changed data/app.db']);
      expect(diff.databases).toMatchObject([
        { path: 'data/app.db', tables: [{ name: 'event', rowsBefore: 4000, rowsAfter: 3999 }] },
      ]);
    }
  });

  test('what may not be read is not compared, and its content not called removed', async () => {
    project.write('state/closed/inside.txt', 'x');
    project.write('state/secret.txt', 'before');
    await project.done('create');
    project.write('state/secret.txt', 'behind');
    giveToNobody(project.folder);
    openToAll(project.folder);
    chmodSync(project.path('state/closed'), 0o000);
    chmodSync(project.path('state/secret.txt'), 0o000);
    try {
      const ended = await runAsNobody(['diff', '--json', '--root', project.root]);
      expect(ended.code).toBe(0);
      const { warnings, changes } = ended.json<Diff>();
      expect(warnings.map(({ code, path }) => [code, path])).toEqual([
        ['not-compared', 'state/closed'],
        ['not-compared', 'state/secret.txt'],
      ]);
      expect(changes.filter((one) => one['change'] === 'removed')).toEqual([]);
    } finally {
      chmodSync(project.path('state/closed'), 0o755);
    }
  });
});

async function firstId(): Promise<string> {
  const { backups } = await project.done<{ backups: { id: string }[] }>('list');
  return backups.at(-1)?.id ?? '';
}

test('what a backup itself could not read is not called added', async () => {
  project.write('state/secret.txt', 'x');
  giveToNobody(project.folder);
  openToAll(project.folder);
  chmodSync(project.path('state/secret.txt'), 0o000);
  const made = await runAsNobody(['create', '--root', project.root, '--json']);
  expect(made.code).toBe(3);
  const { id } = made.json<Created>();
  chmodSync(project.path('state/secret.txt'), 0o644);
  expect((await runAsNobody(['create', '--root', project.root])).code).toBe(0);
  const diff = await project.done<Diff>('diff', id, 'latest');
  expect(diff.changes).toEqual([]);
  expect(diff.warnings).toEqual([
    expect.objectContaining({
      code: 'not-compared',
      path: 'state/secret.txt',
      params: expect.objectContaining({ found: id }),
    }),
  ]);
});

describe('what is compared', () => {
  test('a target that one of the two does not cover is told once', async () => {
    const { id } = await project.done<Created>('create', '--targets', 'state');
    await project.done<Created>('create', '--targets', 'config,state');
    const forth = await project.done<Diff>('diff', id, 'latest');
    expect([forth.changes, forth.uncovered]).toEqual([[], [{ target: 'config', missingIn: 'a' }]]);
    const back = await project.done<Diff>('diff', 'latest', id);
    expect([back.changes, back.uncovered]).toEqual([[], [{ target: 'config', missingIn: 'b' }]]);
    const ended = await project.tool('diff', id);
    expect(ended.stdout).toMatch(new RegExp(`as ${id} does not cover them: config, `));
    expect((await project.done<Diff>('diff', id, '--targets', 'state')).uncovered).toEqual([]);
  });

  test('--targets and --include', async () => {
    await project.done('create');
    changeEverything();
    expect(everything((await project.done<Diff>('diff', '--targets', 'config,database')).changes)).toEqual([
      'changed data/app.db',
    ]);
    const included = await project.done<Diff>('diff', '--include', 'state/*.json', '--include', 'state/fresh');
    expect(everything(included.changes)).toEqual([
      'added state/fresh',
      'added state/fresh/new.txt',
      'changed state/keep.json',
      'changed state/queue.json',
    ]);
    expect(included.counts.unchanged).toBe(0);
  });

  test('--stat: the summary alone, and no database is unpacked', async () => {
    const { archive = '' } = await project.done<Created>('create');
    changeEverything();
    await project.done('create');
    rmSync(archive);
    const document = await project.done<Diff>('diff', await firstId(), 'latest', '--stat');
    expect(document).not.toHaveProperty('changes');
    expect(document).not.toHaveProperty('databases');
    expect(document).toMatchObject({ counts: { added: 3, changed: 4, removed: 1, moved: 1 }, warnings: [] });
  });
});

test('of a missing archive all but what its databases hold is told', async () => {
  const { id, archive = '' } = await project.done<Created>('create');
  changeEverything();
  await project.done('create');
  rmSync(archive);
  const diff = await project.done<Diff>('diff', id, 'latest');
  expect(diff.counts).toMatchObject({ added: 3, changed: 4, removed: 1, moved: 1 });
  expect(diff.databases).toEqual([]);
  expect(diff.warnings).toEqual([expect.objectContaining({ code: 'not-compared', path: 'data/app.db' })]);
});

test('of a damaged archive the same', async () => {
  const { id, archive = '' } = await project.done<Created>('create', '--targets', 'database');
  changeEverything();
  await project.done('create');
  const bytes = readFileSync(archive);
  bytes.fill(0, 1000, 2000);
  writeFileSync(archive, bytes);
  const diff = await project.done<Diff>('diff', id, 'latest');
  expect(everything(diff.changes)).toEqual(['changed data/app.db']);
  expect(diff.warnings).toEqual([expect.objectContaining({ code: 'not-compared', path: 'data/app.db' })]);
  expect(leftovers()).toEqual([]);
});

describe('mistakes', () => {
  const codeAndError = ({ code, stderr, stdout }: Ended): unknown => [
    code,
    (JSON.parse(stderr) as { error: { code: string } }).error.code,
    stdout,
  ];

  test('no such backup, no such target, nothing that is named so, a third name', async () => {
    await project.done('create');
    for (const [args, code, name] of [
      [['nothing'], 10, 'BACKUP_NOT_FOUND'],
      [['latest', 'nothing'], 10, 'BACKUP_NOT_FOUND'],
      [['--targets', 'stat'], 2, 'TARGET_UNKNOWN'],
      [['--include', 'nothing-like-it'], 2, 'OPTION_INVALID'],
      [['latest', 'latest', 'latest'], 2, 'USAGE'],
    ] as const) {
      expect(codeAndError(await project.tool('diff', ...args, '--json'))).toEqual([code, name, '']);
    }
  });

  test('an archive that something else made, and a damaged manifest', async () => {
    const { id, directory } = await project.done<Created>('create');
    execFileSync('tar', ['czf', project.beside('other.tar.gz'), '-C', project.root, 'state']);
    const foreign = await project.tool('diff', project.beside('other.tar.gz'), '--json');
    expect(codeAndError(foreign)).toEqual([4, 'ARCHIVE_UNKNOWN', '']);
    writeFileSync(`${directory}/manifest.jsonl.gz`, 'damaged');
    expect(codeAndError(await project.tool('diff', id, '--json'))).toEqual([4, 'MANIFEST_DAMAGED', '']);
    expect(existsSync(project.store)).toBe(true);
  });
});

describe('for a person', () => {
  test('a summary, the changes by kind with their sizes in a column, the databases', async () => {
    const { id } = await project.done<Created>('create');
    changeEverything();
    for (let at = 0; at < 40; at += 1) project.write(`state/many/${String(at).padStart(2, '0')}`, 'x'.repeat(at));
    const { code, stdout } = await project.tool('diff');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 7)).toEqual([
      `Since ${id}`,
      expect.stringMatching(/^ {2}44 added \(784 B\), 4 changed, 1 removed \(4 B\), 1 moved, \d+ unchanged$/),
      '',
      '  +             state/fresh/',
      '  +        4 B  state/fresh/new.txt',
      '  +             state/many/',
      '  +        0 B  state/many/00',
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        '  +             … and 14 more; --verbose shows all',
        '  ~             state/keep.json  (mode 0644 → 0600)',
        '  ~             state/link  (link queue.json → keep.json)',
        '  ~       13 B  state/queue.json  (10 B before)',
        '  -        4 B  state/gone.txt',
        '  →   293.0 KB  state/old/name.bin → state/new/other.bin',
        'Databases',
        '    + table audit (1 row)',
        '    - table old (0 rows)',
        '    ~ definition of table event',
      ]),
    );
    expect(stdout).toMatch(/ {4}~ event: 4,000 → 3,990 rows {2}\(\d+ pages? differs?\)/);
    const verbose = await project.tool('diff', '--verbose');
    expect(verbose.stdout).toContain('state/many/39');
    expect(verbose.stdout).not.toContain('more;');
    expect((await project.tool('diff', '--quiet')).stdout).toBe('');
  });

  test('names cannot drive the terminal', async () => {
    await project.done('create');
    project.write('state/\u001b[31mred', 'x');
    withDatabase(project.path('data/app.db'), (database) => database.exec('CREATE TABLE "\u001b[31m" (x)'));
    const { stdout } = await project.tool('diff');
    expect(stdout).toContain('state/\\x1b[31mred');
    expect(stdout).toContain('table \\x1b[31m');
    expect(stdout).not.toContain('\u001b');
  });

  test('in Japanese', async () => {
    const { id } = await project.done<Created>('create', '--targets', 'state,database');
    changeEverything();
    await project.done('create', '--targets', 'state,database,config');
    const say = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await project.toolWith({ env: { BACKUP_LANG: 'ja' } }, 'diff', ...args);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).not.toMatch(/undefined|\[object/);
      return stdout;
    };
    const text = await say(id, 'latest');
    for (const part of [
      `${id} から backup-`,
      '追加 3（4 B）、変更 4、削除 1（4 B）、移動 1、変更なし',
      '含まれない対象のため比較していません: config',
      '権限 0644 → 0600',
      'データベース',
      'テーブル audit（1 行）',
      'event: 4,000 → 3,990 行',
      'テーブル event の定義',
    ]) {
      expect(text).toContain(part);
    }
    // What is left after names, sizes and IDs is no English.
    expect(text.replace(/backup-\S+|\S*[/.]\S*/g, '')).not.toMatch(/[a-z]{3,} [a-z]{3,}/);
    expect(await say('latest', '--targets', 'state')).toContain('違いはありません。');
    expect(await say('--help')).toContain('バックアップ以降の変更を表示する');
  });
});
