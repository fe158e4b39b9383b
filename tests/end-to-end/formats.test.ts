/** Every layout of a backup holds everything, in its store and alone, and a damaged or impossible one says so. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';
import { fillWithOddFiles, oddSizes } from '../support/odd-files.ts';
import { runTool } from '../support/run-tool.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

const hasZstd = 'zstd' in process.versions;
const stateOnly = { config: false, database: false, logs: false, agents: false, security: false };

interface Layout {
  layout: string;
  args: string[];
  ending: string;
}

const archives: Layout[] = [
  { layout: 'tar in gzip frames', args: ['--compression', 'gzip'], ending: '.tar.gz' },
  { layout: 'tar without compression', args: ['--compression', 'none'], ending: '.tar' },
  { layout: 'zip', args: ['--format', 'zip'], ending: '.zip' },
  { layout: 'tar in bzip2 streams', args: ['--compression', 'bzip2'], ending: '.tar.bz2' },
  { layout: 'tar in xz streams', args: ['--compression', 'xz', '--compression-level', '0'], ending: '.tar.xz' },
  ...(hasZstd ? [{ layout: 'tar in zstd frames', args: ['--compression', 'zstd'], ending: '.tar.zst' }] : []),
];
const layouts: Layout[] = [...archives, { layout: 'a plain tree', args: ['--format', 'directory'], ending: '' }];

interface Entry {
  path: string;
  origin?: string;
  kind: string;
  size: number;
  sha256?: string;
  linkTarget?: string;
}

let project: TestProject;

beforeAll(() => {
  project = new TestProject();
  mkdirSync(project.beside('outside'));
  fillWithOddFiles(project.path('all'), project.beside('outside'));
  const database = new Database(project.path('shop.db'));
  database.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)');
  database.exec("INSERT INTO item (name) VALUES ('lamp'), ('chair')");
  database.close();
  project.settings({ targets: { ...stateOnly, state: false, database: true, all: ['all'] } });
});

afterAll(() => {
  project.remove();
});

/** What a restore put into a folder is what the project holds. */
function expectWhole(folder: string): void {
  expect(treeDifferences(snapshotTree(project.path('all')), snapshotTree(join(folder, 'all')))).toEqual([]);
  const database = new Database(join(folder, 'shop.db'), { readonly: true });
  expect(database.prepare('SELECT name FROM item ORDER BY id').pluck().all()).toEqual(['lamp', 'chair']);
  database.close();
}

describe.each(layouts)('$layout', ({ layout, args, ending }) => {
  let created: Created;
  const aside = (name: string): string => project.beside(`${name} ${layout}`);

  beforeAll(async () => {
    created = await project.done<Created>('create', ...args);
  });

  test('holds all of the project, privately', () => {
    expect(created).toMatchObject({ complete: true, warnings: [] });
    const inStore = readdirSync(project.store).filter((name) => name.startsWith(created.id));
    expect(inStore.sort()).toEqual([created.id, ...(ending === '' ? [] : [`${created.id}${ending}`])]);
    const modes = [...snapshotTree(created.directory)].filter(([, one]) => one.kind !== 'symlink');
    expect(modes.filter(([, one]) => one.mode !== (one.kind === 'directory' ? '700' : '600'))).toEqual([]);
    if (created.archive !== undefined) expect(statSync(created.archive).mode & 0o777).toBe(0o600);
  });

  test('is listed, shown and verified', async () => {
    const { backups } = await project.done<{ backups: { id: string; files: number }[] }>('list');
    expect(backups.find((one) => one.id === created.id)).toMatchObject({ files: created.files });
    const { entries } = await project.done<{ entries: Entry[] }>('show', created.id, '--files');
    const original = project.snapshot();
    const shown = entries.filter((one) => one.origin?.startsWith('all') === true);
    expect(shown.map((one) => one.origin)).toHaveLength(
      [...original.keys()].filter((path) => /^all\b/.test(path)).length,
    );
    for (const one of shown) {
      const { kind, size, sha256, linkTarget } = original.get(one.origin ?? '') ?? {};
      expect(one).toMatchObject({
        kind,
        ...(kind === 'file' ? { size, sha256 } : {}),
        ...(kind === 'symlink' ? { linkTarget } : {}),
      });
    }
    for (const level of ['--check-integrity', '--check-content']) {
      const verified = await project.done<Verified>('verify', created.id, level);
      expect(verified).toMatchObject({ ok: true, files: created.files, problems: [] });
    }
  });

  test('comes back whole', async () => {
    await project.done('restore', created.id, '--to', aside('restored'), '--yes', '--verify');
    expectWhole(aside('restored'));
  });

  test('gives one file without the rest', async () => {
    const include = `all/sizes/${(1 << 20) + 1}`;
    const restored = await project.done<Restored>(
      'restore',
      created.id,
      '--include',
      include,
      '--to',
      aside('one'),
      '--yes',
    );
    expect(restored).toMatchObject({ created: 1, bytes: (1 << 20) + 1 });
    expect(readFileSync(join(aside('one'), include)).equals(readFileSync(project.path(include)))).toBe(true);
  });

  test('a flipped bit is found, named, and not restored', async () => {
    const file = created.archive ?? join(created.directory, 'all/sizes/1048576');
    const bytes = readFileSync(file);
    const harmed = Buffer.from(bytes);
    const middle = harmed.length >> 1;
    harmed[middle] = (harmed[middle] ?? 0) ^ 0x10;
    writeFileSync(file, harmed);
    try {
      for (const level of ['--check-integrity', '--check-content']) {
        const ended = await project.tool('verify', created.id, level, '--json');
        expect(ended.code).toBe(4);
        expect(ended.json<Verified>().problems.length).toBeGreaterThan(0);
      }
      const ended = await project.tool('restore', created.id, '--to', aside('harmed'), '--yes');
      expect(ended).toMatchObject({ code: 4, stdout: expect.any(String) });
      expect(existsSync(aside('harmed')) ? readdirSync(aside('harmed')) : []).toEqual([]);
    } finally {
      writeFileSync(file, bytes);
    }
  });
});

describe.each(archives)('$layout, alone and under another name', ({ layout, args, ending }) => {
  let other: TestProject;
  let file: string;
  let created: Created;

  beforeAll(async () => {
    created = await project.done<Created>('create', ...args, '--name', `alone ${layout}`);
    other = new TestProject();
    mkdirSync(other.beside('usb stick'));
    file = other.beside(`usb stick/kept for later${ending}`);
    copyFileSync(created.archive ?? '', file);
  });

  afterAll(() => {
    other.remove();
  });

  test('is listed with what it is, and shown', async () => {
    const { backups, total } = await other.done<{ backups: object[]; total: number }>(
      'list',
      '--backup-dir',
      other.beside('usb stick'),
    );
    expect(total).toBe(1);
    expect(backups).toMatchObject([{ id: created.id, name: `alone ${layout}`, files: created.files }]);
    const { entries, ...shown } = await other.done<{ entries: Entry[]; size: number }>('show', file, '--files');
    expect(shown).toMatchObject({ id: created.id, size: created.size, complete: true });
    expect(entries.filter((one) => one.kind === 'file')).toHaveLength(created.files);
  });

  test.each(['--check-integrity', '--check-content'])('is verified with %s', async (level) => {
    const verified = await other.done<Verified>('verify', file, level);
    expect(verified).toMatchObject({ ok: true, files: created.files, problems: [] });
    expect(verified.bytes).toBeGreaterThan(created.size / 2);
  });

  test('comes back whole, named by a path from where one stands', async () => {
    const ended = await runTool(
      ['restore', basename(file), '--root', other.root, '--to', 'back', '--yes', '--verify', '--json'],
      { cwd: other.beside('usb stick') },
    );
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.json<Restored>()).toMatchObject({ id: created.id, overwritten: 0 });
    expectWhole(other.beside('usb stick/back'));
  });

  test('cut short, it says so and restores nothing', async () => {
    const cut = other.beside(`usb stick/cut${ending}`);
    writeFileSync(cut, readFileSync(file).subarray(0, -5000));
    const verified = await other.tool('verify', cut, '--json');
    expect(verified.code).toBe(4);
    const restored = await other.tool('restore', cut, '--to', other.beside('cut'), '--yes');
    expect(restored.code).toBe(4);
    expect(existsSync(other.beside('cut')) ? readdirSync(other.beside('cut')) : []).toEqual([]);
    rmSync(cut);
  });
});

const zstdTest = hasZstd ? test.skip : test;
zstdTest('zstd where the runtime lacks it is wrong usage, and nothing is written', async () => {
  const bare = new TestProject();
  try {
    bare.write('state/a', 'a');
    for (const where of ['option', 'settings']) {
      if (where === 'settings') bare.settings({ storage: { compression: 'zstd' } });
      const ended = await bare.tool('create', '--json', ...(where === 'option' ? ['--compression', 'zstd'] : []));
      expect(ended.code).toBe(2);
      expect(JSON.parse(ended.stderr)).toMatchObject({
        error: { code: 'CODEC_UNAVAILABLE', message: expect.stringContaining('zstd') },
      });
      expect(existsSync(bare.store)).toBe(false);
    }
  } finally {
    bare.remove();
  }
});

test('sizes around the borders of blocks and frames, each first in its frame and each after another', async () => {
  // 1 MiB of a frame holds a header of 512 bytes and what is left: these are the sizes where that arithmetic shows.
  const edges = new TestProject();
  try {
    edges.settings({ targets: { ...stateOnly, one: ['one'], two: ['two'] } });
    for (const size of oddSizes) {
      const content = Buffer.alloc(size, `${size}\n`);
      edges.write(`one/${String(size).padStart(8, '0')}`, content);
      edges.write(`two/${String(size).padStart(8, '0')}-a`, content);
      edges.write(`two/${String(size).padStart(8, '0')}-b`, 'small');
    }
    const { archive, id } = await edges.done<Created>('create', '--compression', 'none');
    await edges.done('verify', id, '--check-content');
    await edges.done('restore', id, '--to', edges.beside('copy'), '--yes', '--verify');
    for (const name of ['one', 'two'])
      expect(treeDifferences(snapshotTree(edges.path(name)), snapshotTree(edges.beside(`copy/${name}`)))).toEqual([]);
    // And to a stranger it is one plain tar.
    const listed = execFileSync('tar', ['tf', archive ?? ''], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(listed.filter((path) => !path.endsWith('/'))).toHaveLength(oddSizes.length * 3 + 2);
  } finally {
    edges.remove();
  }
});

test('an archive whose name comes from a pattern is found, and its folder does not matter', async () => {
  const named = new TestProject();
  try {
    named.settings({ storage: { archiveName: 'backup_{date}_{time}_{name}' }, targets: stateOnly });
    named.write('state/a', 'a');
    const { archive, id, directory } = await named.done<Created>('create', '--name', 'before the move');
    expect(basename(archive ?? '')).toMatch(/^backup_\d{8}_\d{6}_before_the_move\.tar\.gz$/);
    await named.done('verify', 'before the move', '--check-content');
    renameSync(directory, named.beside('gone'));
    const { backups } = await named.done<{ backups: { id: string }[] }>('list');
    expect(backups.map((one) => one.id)).toEqual([id]);
    await named
      .done('restore', basename(archive ?? ''), '--to', named.beside('copy'), '--yes')
      .catch(async () => named.done('restore', archive ?? '', '--to', named.beside('copy'), '--yes'));
    expect(readFileSync(named.beside('copy/state/a'), 'utf8')).toBe('a');
  } finally {
    named.remove();
  }
});
