/** A chain of four of which one archive is gone or damaged: what is said of each backup, and what can still be had of it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { ChainManifest } from '../support/chain-manifest.ts';
import { restoredContent } from '../support/history-databases.ts';
import { TestProject, storeName, type Created, type Restored } from '../support/make-project.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

const database = 'data/app.db';

interface Link {
  id: string;
  archive: string;
  manifest: ChainManifest;
  /** What the project was like. */
  files: TreeSnapshot;
  rows: string;
}

let project: TestProject;
let chain: Link[];
/** The store as it was made; each test damages a copy of it. */
let whole: string;

beforeAll(async () => {
  project = new TestProject();
  project.settings({ targets: { config: false, logs: false, agents: false, security: false } });
  project.write('state/early', seededBytes(1, 50_000));
  project.write('state/empty', '');
  project.link('early', 'state/link');
  project.write(database, '');
  chain = [];
  for (const [number, compression] of ['gzip', 'none', 'none', 'gzip'].entries()) {
    project.write(`state/of-${number}`, seededBytes(10 + number, 30_000));
    const large = seededBytes(20, 3 << 20);
    // Later ones keep what earlier ones changed.
    for (let change = 1; change <= number; change += 1) seededBytes(30 + change, 20_000).copy(large, change * 500_000);
    project.write('state/large', large);
    if (number === 2) renameSync(project.path('state/early'), project.path('state/late'));
    change(project.path(database), number);
    chain.push(await backUp(number, compression));
  }
  whole = project.beside('whole');
  renameSync(project.store, whole);
});

afterAll(() => project.remove());

function change(path: string, number: number): void {
  const app = new Database(path);
  app.exec('CREATE TABLE IF NOT EXISTS fact (id INTEGER PRIMARY KEY, word TEXT, bytes BLOB)');
  const insert = app.prepare("INSERT INTO fact (word, bytes) VALUES ('first', randomblob(3000))");
  app.transaction(() => {
    for (let row = 0; row < 500 && number === 0; row += 1) insert.run();
    app.prepare('UPDATE fact SET word = ? WHERE id % 50 = ?').run(`of ${number}`, number);
  })();
  app.close();
}

async function backUp(number: number, compression: string): Promise<Link> {
  const mode = number === 0 ? 'full' : 'incremental';
  const created = await project.done<Created>('create', '--mode', mode, '--compression', compression);
  const { id, archive = '', directory } = created;
  const rows = restoredContent(project.root, database);
  return { id, archive, manifest: new ChainManifest(directory), files: snapshotFiles(project.root), rows };
}

const snapshotFiles = (folder: string): TreeSnapshot => snapshotTree(folder, [storeName, 'config', 'data']);

/** A frame of that archive that even the last backup of the chain needs. */
function neededFrame(number: number): { frame: number; middle: number } {
  const { manifest } = chain[number]!;
  const [piece] = manifest.of(`state/of-${number}`).pieces;
  const line = manifest.frames[piece!.frame]!;
  expect(line.archive).toBe(0);
  return { frame: line.frame, middle: line.offset + (line.storedSize >> 1) };
}

const harms = {
  gone: {
    says: '--force',
    apply: (archive: string): void => rmSync(archive),
    lostFrames: (number: number, { manifest }: Link): Set<number> => {
      const index = manifest.archives.findIndex(({ backup }) => backup === chain[number]!.id);
      return new Set(manifest.frames.filter((one) => one.archive === index).map((one) => one.frame));
    },
  },
  flipped: {
    says: '--force',
    apply: (archive: string, number: number): void => {
      const { middle } = neededFrame(number);
      const byte = Buffer.alloc(1);
      const fd = openSync(archive, 'r+');
      readSync(fd, byte, 0, 1, middle);
      byte[0]! ^= 0x10;
      writeSync(fd, byte, 0, 1, middle);
      closeSync(fd);
    },
    lostFrames: (number: number, _link: Link): Set<number> => new Set([neededFrame(number).frame]),
  },
};

test('the chain is one: each archive holds something that the last backup needs', () => {
  const last = chain[3]!.manifest;
  expect(last.archives.map(({ backup }) => backup)).toEqual([chain[3]!.id, ...chain.slice(0, 3).map(({ id }) => id)]);
  for (const origin of ['state/large', database]) {
    const entry = last.of(origin);
    expect([0, 1, 2, 3].map((archive) => last.bytesIn(archive, entry) > 0)).toEqual([true, true, true, true]);
  }
});

describe.each(['gone', 'flipped'] as const)('an archive that is %s', (harm) => {
  test.each([0, 1, 2, 3])('number %i of the chain', async (number) => {
    rmSync(project.store, { recursive: true, force: true });
    cpSync(whole, project.store, { recursive: true });
    const { archive, id: broken } = chain[number]!;
    harms[harm].apply(archive, number);
    for (const [at, link] of chain.entries()) {
      const lost = number > at ? [] : link.manifest.needing(harms[harm].lostFrames(number, link)).sort();
      expect(lost.length > 0).toBe(number <= at);
      if (lost.length === 0) await expectWhole(link);
      // A backup that stands alone has nothing without its archive.
      else if (at === 0 && harm === 'gone') await expectNothing(link, broken);
      else await expectBroken(link, broken, lost, harms[harm].says);
    }
    await expectUntouched(`state/of-${number}`, archive);
  });
});

async function expectWhole(link: Link): Promise<void> {
  expect((await project.tool('verify', link.id)).code).toBe(0);
  const to = project.beside('to');
  expect((await project.tool('restore', link.id, '--to', to, '--yes')).code).toBe(0);
  expect(differences(link, to)).toEqual([]);
  rmSync(to, { recursive: true });
}

async function expectNothing(link: Link, broken: string): Promise<void> {
  expect((await project.tool('verify', link.id)).code).toBe(4);
  const to = project.beside('to');
  for (const force of [[], ['--force']]) {
    const refused = await project.tool('restore', link.id, '--to', to, '--yes', ...force);
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining(`${broken}.tar`) });
    expect(refused.stderr).toContain('Put it back at that path');
    expect(existsSync(to)).toBe(false);
  }
}

async function expectBroken(link: Link, broken: string, lost: readonly string[], hint: string): Promise<void> {
  const verified = await project.tool('verify', link.id, '--json');
  expect(verified.code).toBe(4);
  const { ok, problems } = verified.json<{ ok: boolean; problems: { message: string }[] }>();
  expect(ok).toBe(false);
  expect(problems.map(({ message }) => message).join('\n')).toContain(`${broken}.tar`);

  const to = project.beside('to');
  const refused = await project.tool('restore', link.id, '--to', to, '--yes');
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining(`${broken}.tar`) });
  expect(refused.stderr).toContain(hint);
  expect(existsSync(to)).toBe(false);

  const forced = await project.tool('restore', link.id, '--to', to, '--yes', '--force', '--json');
  expect(forced.code).toBe(3);
  const { warnings } = forced.json<Restored>();
  const named = warnings.filter(({ code }) => code === 'entry-not-restored').map(({ path }) => path);
  expect(named.sort()).toEqual(lost);
  expect(differences(link, to, lost)).toEqual([]);
  expect(lost.filter((name) => existsSync(join(to, name)))).toEqual([]);
  rmSync(to, { recursive: true });
}

function differences(link: Link, folder: string, lost: readonly string[] = []): string[] {
  const expected = new Map([...link.files].filter(([path]) => !lost.includes(path)));
  const rows = lost.includes(database) ? 'missing' : link.rows;
  const found = restoredContent(folder, database);
  return [...treeDifferences(expected, snapshotFiles(folder)), ...(found === rows ? [] : [`${database}: ${found}`])];
}

/** Over the project itself it is refused as well, before the safety backup even. */
async function expectUntouched(name: string, archive: string): Promise<void> {
  const content = readFileSync(project.path(name));
  rmSync(project.path(name));
  const before = project.snapshot();
  const ended = await project.tool('restore', chain[3]!.id, '--yes');
  expect(ended).toMatchObject({ code: 4, stderr: expect.stringContaining(archive) });
  expect(treeDifferences(before, project.snapshot())).toEqual([]);
  expect((await project.done<{ total: number }>('list')).total).toBe(chain.length);
  project.write(name, content);
}
