import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadSettings } from '../../lib/config/load-settings.ts';
import type { Settings } from '../../lib/config/settings.ts';
import type { Finding } from '../../lib/core/findings.ts';
import { collectEntries } from '../../lib/operations/collect-entries.ts';
import { findProjectFiles, wasLeftToScan, type FindOptions } from '../../lib/targets/find-project-files.ts';
import { stagingPrefix } from '../../lib/targets/scan-folder.ts';
import type { PlacedFolder } from '../../lib/targets/scan-target.ts';
import { defineTargets } from '../../lib/targets/target-definitions.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

/*
 * What a target takes in whole is looked at once, by its own scan: the walk through the project leaves it out. Whoever
 * looks, the backup is the same. A target that excludes one thing more, which does not exist, is not taken in whole:
 * with that the walk looks at everything itself.
 */

let root: string;
beforeEach(() => {
  root = makeTemporaryFolder('one-look');
  chmodSync(root, 0o755);
});
afterEach(() => removeTemporaryFolder(root));

/** The first bytes are all that is looked at. */
const database = Buffer.concat([Buffer.from('SQLite format 3\0', 'latin1'), Buffer.alloc(1008)]);

const contents = { database, text: 'text', empty: '', page: Buffer.alloc(512) };

interface Collected {
  entries: unknown[];
  placed: PlacedFolder[];
  findings: unknown[];
  /** Databases that were told ahead of the database target's turn. */
  told: string[];
}

async function settingsOf(backup: object): Promise<Settings> {
  rmSync(join(root, 'config/config.json'), { force: true });
  write('config/config.json', JSON.stringify({ backup }));
  const settings = await loadSettings({ root, environment: {} });
  rmSync(join(root, 'config/config.json'));
  return settings;
}

function write(path: string, content: string | Buffer = path): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

async function collect(
  settings: Settings,
  names: string[] | undefined,
  knownDatabases: string[],
  looksTwice: boolean,
): Promise<Collected> {
  const targets = defineTargets(settings, names, looksTwice ? ['nothing-is-called-so'] : []);
  const collected: Collected = { entries: [], placed: [], findings: [], told: [] };
  const collector = collectEntries({ settings, environment: {} }, targets, {
    report: ({ code, path, target, params }: Finding) => collected.findings.push({ code, path, target, params }),
    onPlaced: (placed) => collected.placed.push(placed),
    onDatabase: (origin) => collected.told.push(origin),
    knownDatabases: new Set(knownDatabases),
  });
  for (const target of targets) {
    for (const entry of await collector.entriesOf(target)) {
      // Made of the environment's files, whose masking has nothing to do with it.
      const { content: _, ...rest } = entry;
      collected.entries.push(rest);
    }
  }
  collected.findings.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  collected.told.sort();
  return collected;
}

const bothWays = async (
  settings: Settings,
  names?: string[],
  known: string[] = [],
): Promise<{ once: Collected; twice: Collected }> => ({
  once: await collect(settings, names, known, false),
  twice: await collect(settings, names, known, true),
});

const folders = [
  'state',
  'state/deep',
  'agents',
  'agents/node_modules',
  'logs',
  'data',
  'data/ccla',
  'src',
  'config',
  '.',
];
const fileNames = [
  ...['a.txt', 'app.db', 'plain', 'plain-wal', 'app.db-wal', 'my-journal', 'cache.bin', '.env', '.env.local', 'x.pem'],
  ...[
    'access.log',
    'z.gz',
    'skip.tmp',
    'caf\udce9.bin',
    'café.db',
    '🚀',
    '\uffee',
    `${stagingPrefix}1.bin`,
    'kept.sqlite',
  ],
];
const file = fc.record({
  folder: fc.constantFrom(...folders),
  name: fc.constantFrom(...fileNames),
  content: fc.constantFrom<keyof typeof contents>('database', 'text', 'empty', 'page'),
});
const link = fc.record({
  folder: fc.constantFrom(...folders),
  name: fc.constantFrom('link', 'queue', 'ccla'),
  to: fc.constantFrom('../state', 'deep', 'nowhere'),
});
const source = fc.constantFrom(
  'state/',
  'state/deep',
  '.',
  'data',
  'data/ccla',
  'agents/node_modules',
  'src/**/*.bin',
  'state/app.db',
  'data/link',
  'queue',
);
const settings = fc.record({
  exclude: fc.subarray(['*.tmp', 'deep', 'node_modules', '/src/', '!kept.sqlite', '*.bin']),
  targets: fc.record({
    state: fc.constantFrom<unknown>(true, false, { exclude: ['*.txt'] }, ['state/', 'src/']),
    agents: fc.constantFrom<unknown>(true, ['.'], ['agents/', 'state/deep/']),
    database: fc.constantFrom<unknown>(true, { exclude: ['state'] }, { exclude: ['*.bin'] }),
    mine: fc.record({ paths: fc.array(source, { minLength: 1, maxLength: 3 }) }),
  }),
});
const selection = fc.option(
  fc.subarray(['config', 'state', 'agents', 'logs', 'security', 'database', 'mine'], { minLength: 1 }),
);

describe('a project that is looked at once', () => {
  test('is taken in as one that is looked at twice', async () => {
    const project = fc.record({
      files: fc.array(file, { minLength: 3, maxLength: 14 }),
      links: fc.array(link, { maxLength: 2 }),
      settings,
      selection,
      known: fc.subarray(['state/plain', 'state/deep/a.txt', 'data/cache.bin', 'app.db']),
    });
    await fc.assert(
      fc.asyncProperty(project, async ({ files, links, settings: given, selection: names, known }) => {
        for (const name of ['state', 'agents', 'logs', 'data', 'src', 'config', 'queue']) {
          rmSync(join(root, name), { recursive: true, force: true });
        }
        for (const name of fileNames) rmSync(bytesOf(name), { force: true, recursive: true });
        for (const { folder, name, content } of files) writeOdd(folder, name, contents[isLog(name) ? 'page' : content]);
        for (const { folder, name, to } of links) makeLink(join(folder, name), to);
        const loaded = await settingsOf(given);
        const isOff = (name: string): boolean => !loaded.targets.some((target) => target.name === name);
        const selected = names?.filter((name) => !isOff(name));
        if (selected?.length === 0) return;
        const { once, twice } = await bothWays(loaded, selected, known);
        expect(once).toEqual(twice);
      }),
      { numRuns: 200 },
    );
  });

  /** A log that is a database itself is a place where the walk finds one and the scan none. */
  const isLog = (name: string): boolean => name.endsWith('-wal');

  function bytesOf(path: string): Buffer {
    return Buffer.from(join(root, path).replace('\udce9', '\u0000'), 'utf8').map((byte) =>
      byte === 0 ? 0xe9 : byte,
    ) as Buffer;
  }

  function writeOdd(folder: string, name: string, content: string | Buffer): void {
    const place = join(root, folder);
    if (existsSync(place) && !lstatSync(place).isDirectory()) return;
    mkdirSync(place, { recursive: true });
    writeFileSync(bytesOf(join(folder, name)), content);
  }

  function makeLink(path: string, to: string): void {
    const folder = lstatSync(dirname(join(root, path)), { throwIfNoEntry: false });
    if (folder?.isDirectory() !== true) return;
    if (lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined) symlinkSync(to, join(root, path));
  }

  test('has its databases where they were, whatever they are called, and tells each of them once', async () => {
    write('state/app.db', database);
    write('state/cache', database);
    write('agents/one/cache', database);
    write('data/cache', database);
    const { once, twice } = await bothWays(await settingsOf({}));
    expect(once).toEqual(twice);
    expect(once.told).toEqual(['agents/one/cache', 'data/cache', 'state/app.db', 'state/cache']);
    const paths = once.entries.map((entry) => (entry as { path: string }).path);
    expect(paths.filter((path) => path.startsWith('database/'))).toEqual([
      'database/app.db',
      'database/cache',
      'database/data/cache',
      'database/state/cache',
    ]);
  });

  test('says the same of what cannot be looked at', async () => {
    for (const name of ['a', 'b.db', 'deep/c.db', 'e.pem']) write(`state/listed/${name}`);
    write('state/closed/f.db');
    const loaded = await settingsOf({});
    chmodSync(join(root, 'state/listed'), 0o444);
    chmodSync(join(root, 'state/closed'), 0o000);
    const { once, twice } = await withoutPrivileges(() => bothWays(loaded));
    chmodSync(join(root, 'state/listed'), 0o755);
    chmodSync(join(root, 'state/closed'), 0o755);
    expect(once).toEqual(twice);
    expect(once.findings).toContainEqual(expect.objectContaining({ code: 'folder-unsearched', path: 'state/listed' }));
  });
});

describe('the walk', () => {
  const asked: string[] = [];
  const options = (scanned: string[]): FindOptions => ({
    root,
    exclude: ['*.tmp'],
    neverEnter: new Set([join(root, 'state/store')]),
    databases: {
      classOf: (origin) => {
        asked.push(origin);
        return undefined;
      },
      scanned: new Set(scanned),
      isExpected: (name) => name.endsWith('.db'),
    },
  });
  const left = ['state/a', 'state/deep/b'];
  const other = ['state/c.db', 'state/x.tmp', 'state/node_modules/d', 'state/store/e', 'state/f.pem', 'src/g', 'h'];

  test('asks of a scanned folder only about what is expected to be a database', () => {
    asked.length = 0;
    for (const path of [...left, ...other]) write(path);
    findProjectFiles(options(['state']));
    expect(asked).toEqual(['h', 'src/g', 'state/c.db']);
  });

  test('knows what it has left to a scan', () => {
    for (const path of [...left, ...other]) write(path);
    symlinkSync('state', join(root, 'link'));
    const wasLeft = [...left, ...other, 'link/a'].filter((path) => wasLeftToScan(path, options(['state', 'link'])));
    expect(wasLeft).toEqual(left);
    expect(wasLeftToScan('h', options(['']))).toBe(true);
    expect(wasLeftToScan('state/a', options(['state/deep']))).toBe(false);
  });
});
