/** Encrypted backups that build on each other, and everything that reads them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { cleanUp } from '../../lib/operations/clean-up.ts';
import { consolidateBackup } from '../../lib/operations/consolidate-backup.ts';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import type { OpenBackup } from '../../lib/operations/opened-backup.ts';
import type { RestoreRequest } from '../../lib/operations/restore-result.ts';
import { rewrapBackups } from '../../lib/operations/rewrap-backups.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import type { FrameLine } from '../../lib/store/manifest.ts';
import { wrappedKeyOf } from '../../lib/store/sealed-names.ts';
import { followInstructions, rescueFolder } from '../support/encrypted-instructions.ts';
import { EncryptedRoom, filesBelow, keyFileVariable, metadataOf } from '../support/encrypted-room.ts';
import type { Ended } from '../support/run-tool.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

let room: EncryptedRoom;
let context: RunContext;
let key: string;

/** A backup, and the files that were there when it was made. */
interface Day {
  made: CreateResult;
  files: TreeSnapshot;
}
const days: Day[] = [];

beforeAll(async () => {
  room = new EncryptedRoom();
  key = room.key('a.key', 'the words of a\n');
  context = await room.open(key);
  const database = new Database(room.path('app.db'));
  database.exec('CREATE TABLE item (name TEXT)');
  database.close();
  room.write('.env', 'TOKEN=x\n', 0o600);
  room.write('config/app.json', '{}');
  for (let at = 0; at < 12; at += 1) room.write(`agents/${at}.bin`, randomBytes(1_050_000));
  await day('full');
  changeBlock(1);
  room.write('state/of day 1', '1');
  await day('incremental');
  changeBlock(2);
  room.write('state/of day 2', '2');
  await day('incremental');
  room.write('state/of day 3', '3');
  await day('differential');
});

afterAll(() => room.remove());

async function day(mode: 'full' | 'incremental' | 'differential'): Promise<void> {
  days.push({ made: await room.create(context, { mode }), files: covered(room.root) });
}

function changeBlock(at: number): void {
  const bytes = readFileSync(room.path('agents/3.bin'));
  bytes[at * 100_000] = (bytes[at * 100_000] ?? 0) ^ 1;
  room.write('agents/3.bin', bytes);
}

/** What a restore to a new folder gives back. The database is a copy, and `.env` files come on request. */
const covered = (root: string): TreeSnapshot =>
  new Map([...snapshotTree(root, ['backups'])].filter(([path]) => !/^(app\.db.*|\.env)$/.test(path)));

function dayOf(number: number): Day {
  const found = days.at(number);
  if (found === undefined) throw new RangeError('there is no such day');
  return found;
}

async function restored(run: RunContext, name: string, more?: Partial<RestoreRequest>): Promise<string> {
  const ended = await room.restore(run, name, more);
  if ('folder' in ended) return ended.folder;
  throw new Error(`restore ended with ${ended.code}`);
}

const tool = (...args: string[]): Promise<Ended> => room.toolWith({ env: { [keyFileVariable]: key } }, ...args);

async function opened(run: RunContext, name: string): Promise<OpenBackup> {
  const backup = await openBackup(run, name, room.root);
  if (backup.kind === 'foreign') throw new TypeError('it is of another tool');
  return backup;
}

describe('a chain', () => {
  test.each([0, 1, 2, 3])('gives back each of its days: %i', async (number) => {
    const { made, files } = dayOf(number);
    expect(metadataOf(made.directory).chain).toHaveLength([1, 2, 3, 2][number] ?? 0);
    if (number > 0) expect(made.storedSize).toBeLessThan(100_000);
    expect(treeDifferences(files, covered(await restored(context, made.id)))).toEqual([]);
    expect(await room.verdict(context, made.id, 'content')).toBe('whole');
  });

  test('has no file that is not encrypted', () => {
    const names = filesBelow(room.store).filter((path) => !path.includes('/.state/') && !path.endsWith('audit.log'));
    expect(names.filter((path) => !/(\.enc|metadata\.json|RESTORE\.md)$/.test(path))).toEqual([]);
  });

  test('lies elsewhere: its archives alone, under any name', async () => {
    const { made, files } = dayOf(2);
    const folder = room.beside('elsewhere');
    rescueFolder(
      folder,
      made,
      days.slice(0, 3).map((one) => one.made),
    );
    rmSync(join(folder, made.id), { recursive: true });
    const alone = join(folder, `${made.id}.tar.gz.enc`);
    expect(treeDifferences(files, covered(await restored(context, alone)))).toEqual([]);
    expect(await room.verdict(context, alone, 'content')).toBe('whole');
  });

  test('compares: with the key only', async () => {
    const [first, second] = [dayOf(0).made.id, dayOf(1).made.id];
    const ended = await tool('diff', first, second, '--json');
    expect(ended.code).toBe(0);
    const { changes } = ended.json<{ changes: { path: string }[] }>();
    expect(changes.map(({ path }) => path)).toEqual(expect.arrayContaining(['agents/3.bin', 'state/of day 1']));
    expect((await room.tool('diff', first, second)).code).toBe(12);
  });

  test('shows its files: with the key only; lists itself as encrypted: without', async () => {
    const { made } = dayOf(1);
    expect((await tool('show', made.id, '--files')).stdout).toContain('state/of day 1');
    expect((await room.tool('show', made.id, '--files')).code).toBe(12);
    const { stdout } = await room.tool('list');
    expect(stdout.match(/encrypted/g)).toHaveLength(
      readdirSync(room.store).filter((name) => /\.enc$/.test(name)).length,
    );
  });

  test('becomes one full backup, which stays encrypted when the settings do not ask for it any more', async () => {
    const { made, files } = dayOf(2);
    // The newest only is consolidated.
    const store = await room.keepStore();
    rmSync(dayOf(3).made.directory, { recursive: true });
    rmSync(dayOf(3).made.archive ?? '');
    const { settings } = context;
    const without = { ...context, settings: { ...settings, storage: { ...settings.storage, encrypt: false } } };
    const whole = await consolidateBackup(without, await opened(without, made.id));
    if (!('directory' in whole)) throw new TypeError('nothing was consolidated');
    expect(metadataOf(whole.directory)).toMatchObject({
      chain: [whole.id],
      archive: { encryption: { algorithm: 'aes-256-ctr' } },
    });
    expect(treeDifferences(files, covered(await restored(context, whole.id)))).toEqual([]);
    expect(await room.verdict(context, whole.id, 'content')).toBe('whole');
    expect(await room.verdict(await room.open(), whole.id, 'content')).toBe('KEY_MISSING');
    await store();
  });
});

describe('a part of a backup', () => {
  test('by targets, by include', async () => {
    const { made } = dayOf(2);
    const ofTarget = await restored(context, made.id, { targets: ['state'] });
    expect([...snapshotTree(ofTarget).keys()].sort()).toEqual(['state', 'state/of day 1', 'state/of day 2']);
    const ofInclude = await restored(context, made.id, { include: ['agents/3.bin'] });
    expect([...snapshotTree(ofInclude).keys()].sort()).toEqual(['agents', 'agents/3.bin']);
    const dotenv = await restored(context, made.id, { include: ['.env'] });
    expect(readFileSync(join(dotenv, '.env'), 'utf8')).toBe('TOKEN=x\n');
  });

  test('reads its own frames and no others', async () => {
    const { made, files } = dayOf(0);
    const archive = made.archive ?? '';
    const backup = await opened(context, made.id);
    const frames: FrameLine[] = [];
    let mine: number | undefined;
    for await (const batch of backup.readManifest()) {
      for (const line of batch) {
        if (line.type === 'frame') frames.push(line.frame);
        else if (line.type === 'entry' && line.entry.path === 'agents/7.bin') mine = line.entry.at?.frame;
      }
    }
    if (mine === undefined) throw new TypeError('there is no such file');
    const first = frames[mine];
    const last = frames[mine + 1];
    const bytes = readFileSync(archive);
    const damaged = Buffer.from(bytes);
    // All but the two frames of the file is lost.
    damaged.fill(0, 16, first?.offset ?? 0);
    damaged.fill(0, (last?.offset ?? 0) + (last?.storedSize ?? 0));
    try {
      writeFileSync(archive, damaged);
      const folder = await restored(context, made.id, { include: ['agents/7.bin'] });
      expect(snapshotTree(folder).get('agents/7.bin')?.sha256).toBe(files.get('agents/7.bin')?.sha256);
      expect(await room.restore(context, made.id)).toMatchObject({ exitCode: 4, wrote: [] });
    } finally {
      writeFileSync(archive, bytes);
    }
  });
});

test('a zip: restored, verified, in parts, without a trace of what was unpacked', async () => {
  const { settings } = context;
  const zipping = { ...context, settings: { ...settings, storage: { ...settings.storage, format: 'zip' as const } } };
  const made = await room.create(zipping);
  expect(made.archive).toMatch(/\.zip\.enc$/);
  const files = covered(room.root);
  expect(treeDifferences(files, covered(await restored(context, made.id)))).toEqual([]);
  expect(await room.verdict(context, made.id, 'content')).toBe('whole');
  const part = await restored(context, made.id, { include: ['agents/3.bin'] });
  expect(snapshotTree(part).get('agents/3.bin')?.sha256).toBe(files.get('agents/3.bin')?.sha256);
  const alone = room.beside('alone.zip.enc');
  writeFileSync(alone, readFileSync(made.archive ?? ''));
  expect(treeDifferences(files, covered(await restored(context, alone)))).toEqual([]);
  expect(readdirSync(join(room.store, '.state', 'tmp'))).toEqual([]);
});

describe('another key', () => {
  test('makes the next backup a full one; each is restored with its own key, or with both given', async () => {
    const before = await room.create(context, { mode: 'incremental' });
    const files = covered(room.root);
    const other = room.key('b.key', 'the words of b\n');
    const withOther = await room.open(other);
    const after = await room.create(withOther, { mode: 'incremental' });
    expect(metadataOf(after.directory)).toMatchObject({ mode: 'full', chain: [after.id] });
    expect(after.warnings.find(({ code }) => code === 'mode-full')?.params.reason).toBe('other-key');
    const next = await room.create(withOther, { mode: 'incremental' });
    expect(metadataOf(next.directory).chain).toEqual([after.id, next.id]);
    expect(treeDifferences(files, covered(await restored(context, before.id)))).toEqual([]);
    expect(treeDifferences(files, covered(await restored(withOther, next.id)))).toEqual([]);
    expect(await room.restore(withOther, before.id)).toMatchObject({ code: 'KEY_WRONG', exitCode: 12, wrote: [] });
    room.encryptedSettings({ oldKeyFiles: [key] });
    const withBoth = await room.open(other);
    room.encryptedSettings();
    expect(treeDifferences(files, covered(await restored(withBoth, before.id)))).toEqual([]);
    expect(await room.verdict(withBoth, next.id)).toBe('whole');
  });
});

describe('public keys', () => {
  let writing: RunContext;
  let reading: RunContext;
  let pair: ReturnType<EncryptedRoom['pair']>;
  const chain: CreateResult[] = [];

  beforeAll(async () => {
    pair = room.pair('first', 2048);
    const none = await room.open();
    writing = { ...none, keys: none.keys.withRecipients([pair.publicFile]) };
    reading = await room.open(pair.privateFile);
    chain.push(await room.create(writing, { mode: 'full' }));
    room.write('state/for recipients', 'x');
    chain.push(await room.create(writing, { mode: 'incremental' }));
  });

  const last = (): CreateResult => {
    const made = chain.at(-1);
    if (made === undefined) throw new TypeError('there is none');
    return made;
  };

  test('alone make incremental backups; the private key restores them', async () => {
    const { directory, id, storedSize } = last();
    expect(metadataOf(directory).chain).toHaveLength(2);
    expect(storedSize).toBeLessThan(100_000);
    expect(await room.restore(writing, id)).toMatchObject({ code: 'KEY_MISSING', exitCode: 12, wrote: [] });
    expect(treeDifferences(covered(room.root), covered(await restored(reading, id)))).toEqual([]);
  });

  test('without the manifest that they left, make a full one', async () => {
    rmSync(join(room.store, '.state/manifests'), { recursive: true });
    const made = await room.create(writing, { mode: 'incremental' });
    expect(metadataOf(made.directory).mode).toBe('full');
  });

  test('are exchanged: what was wrapped anew opens with the new keys, by hand too, and is whole', async () => {
    const [second, third] = [room.pair('second', 3072), room.pair('third', 2048)];
    const keys = reading.keys.withRecipients([second.publicFile, third.publicFile]);
    const done = await rewrapBackups({ ...reading, keys });
    expect(done.failed).toEqual([]);
    expect(done.rewrapped).toEqual(expect.arrayContaining(chain.map(({ id }) => id)));
    const { id } = last();
    const withThird = await room.open(third.privateFile);
    expect(await room.verdict(withThird, id)).toBe('whole');
    expect(await room.verdict(await room.open(), id)).toBe('whole');
    expect(treeDifferences(covered(room.root), covered(await restored(withThird, id)))).toEqual([]);
    expect(await room.verdict(await room.open(pair.privateFile), id)).toBe('KEY_WRONG');
    const rescue = rescueFolder(room.beside('by hand'), last(), chain);
    const project = room.beside('rescued by hand');
    const { code, stderr } = await followInstructions(rescue, last(), { project, key: third.privateFile });
    expect([stderr, code]).toEqual(['', 0]);
    expect(readFileSync(join(project, 'state/for recipients'), 'utf8')).toBe('x');
  });

  test('are removed with their backups', async () => {
    const archives = chain.map(({ archive = '' }) => archive);
    expect(archives.every((archive) => existsSync(wrappedKeyOf(archive)))).toBe(true);
    room.write('state/after', 'y');
    // What was verified last stays, too: that is to be this one.
    const { id } = await room.create(reading, { mode: 'full' });
    expect(await room.verdict(reading, id)).toBe('whole');
    await cleanUp(reading, { keepCount: 1 });
    const left = readdirSync(room.store).filter((name) => /\.key$/.test(name));
    const held = readdirSync(room.store).filter((name) => /\.enc$/.test(name));
    expect(left.every((name) => held.includes(name.replace(/\.key$/, '')))).toBe(true);
    expect(archives.filter((archive) => existsSync(wrappedKeyOf(archive)))).toEqual([]);
  });
});
