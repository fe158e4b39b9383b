/** Nothing of a project whose backups are encrypted lies readable in its store, however a run ends. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { EncryptedRoom, filesBelow, keyFileVariable, metadataOf } from '../support/encrypted-room.ts';
import type { Created, Restored } from '../support/make-project.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { startTool, type Stopped } from '../support/start-tool.ts';

let room: EncryptedRoom;
let key: string;
let environment: Record<string, string>;

/** Every content, and every file's name, has one of these words in it, and nothing else has. */
const contentWord = 'Zwiebelkuchen';
const nameWord = 'marmelade';

beforeEach(() => {
  room = new EncryptedRoom();
  room.encryptedSettings({}, { targets: { uploads: ['public/uploads'], knowledge: { groups: { jam: ['jars'] } } } });
  key = room.key('a.key', 'Grünkohl words\n');
  environment = { [keyFileVariable]: key, TMPDIR: room.folder };
  fill('one');
});

afterEach(() => room.remove());

function fill(generation: string): void {
  const text = (at: number): string => `${contentWord} ${generation} ${at}\n`;
  for (let at = 0; at < 40; at += 1) room.write(`state/${nameWord}-${at}.json`, text(at).repeat(20));
  room.write(`public/uploads/${nameWord}.bin`, Buffer.concat([seededBytes(1, 2_000_000), Buffer.from(text(0))]));
  room.write(`public/uploads/${nameWord}.txt`, text(1).repeat(100_000));
  room.write(`jars/${nameWord}.md`, text(2));
  room.write(`logs/${nameWord}.log`, text(3));
  room.write('.env', `${nameWord.toUpperCase()}=${contentWord}-${generation}\n`, 0o600);
  const database = new Database(room.path('state.db'));
  database.exec(`CREATE TABLE IF NOT EXISTS item (text TEXT)`);
  database.prepare(`INSERT INTO item VALUES (?)`).run(text(4));
  database.close();
}

/** Files of the store, by their paths in it, in whose bytes or names something of the project can be read. */
function traces(): string[] {
  const words = [contentWord, nameWord, nameWord.toUpperCase(), 'Grünkohl'];
  return filesBelow(room.store)
    .filter((file) => {
      const bytes = readFileSync(file);
      const readable = bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])) ? gunzipSync(bytes) : bytes;
      const inName = words.some((word) => relative(room.store, file).includes(word));
      return inName || words.some((word) => readable.includes(word));
    })
    .map((file) => relative(room.store, file));
}

/** What docs/security.md says stays readable: what metadata.json names, and the sources in RESTORE.md. */
const isSaidToBeReadable = (file: string): boolean => /\/(metadata\.json|RESTORE\.md)$/.test(file);

const create = (...args: string[]): Promise<Created> =>
  room.toolWith({ env: environment }, 'create', '--json', ...args).then(made);

function made(ended: { code: number | null; stderr: string; json: <T>() => T }): Created {
  if (ended.code !== 0) throw new Error(ended.stderr);
  return ended.json<Created>();
}

test('backups of every kind, and what the store keeps beside them', async () => {
  await create();
  fill('two');
  await create('--mode', 'incremental');
  await create('--format', 'zip');
  expect((await room.toolWith({ env: environment }, 'verify', '--all', '--check-content')).code).toBe(0);
  expect((await room.toolWith({ env: environment }, 'consolidate')).code).toBe(0);
  expect(traces()).toEqual([]);
});

test('what is readable, on purpose: names of databases, of their tables and of what a warning is about, and the sources', async () => {
  const database = new Database(room.path(`${nameWord}.db`));
  database.exec(`CREATE TABLE ${nameWord} (name TEXT)`);
  database.close();
  room.link('/nowhere', `state/${nameWord}-link`);
  room.encryptedSettings(
    {},
    { targets: { uploads: ['public/uploads', `jars/${nameWord}.md`, `jars/no ${nameWord}`] } },
  );
  const { directory } = await create();
  expect(traces().every(isSaidToBeReadable)).toBe(true);
  const { databases, warnings } = metadataOf(directory);
  const named = databases.find(({ name }) => name === `${nameWord}.db`);
  expect(named?.tables).toEqual([nameWord]);
  expect(warnings.map(({ path }) => path)).toContain(`jars/no ${nameWord}`);
  expect(readFileSync(join(directory, 'RESTORE.md'), 'utf8')).toContain(`jars/${nameWord}.md`);
  for (const file of traces()) expect(readFileSync(join(room.store, file), 'utf8')).not.toContain(contentWord);
});

test('for public keys: the names in the manifest that stays on this machine, and nothing else', async () => {
  const { publicFile } = room.pair('one', 2048);
  room.encryptedSettings({ recipients: [publicFile] }, { targets: { uploads: ['public/uploads'] } });
  const { id } = await create();
  expect(traces()).toEqual([`.state/manifests/${id}.jsonl.gz`]);
  const manifest = gunzipSync(readFileSync(join(room.store, `.state/manifests/${id}.jsonl.gz`))).toString();
  expect(manifest).toContain(nameWord);
  expect(manifest).not.toContain(contentWord);
});

describe('a restore', () => {
  /** Files of the project that are not of the generation that was there. */
  const leftovers = (): string[] => [
    ...readdirSync(room.root).filter((name) => name.startsWith('.ai-backup')),
    ...readdirSync(room.folder).filter((name) => name.startsWith('ai-backup')),
    ...readdirSync(join(room.store, '.state/tmp')),
  ];

  test('saves what it replaces encrypted, `.env` too', async () => {
    const { id } = await create();
    fill('two');
    const words = ['restore', id, '--yes', '--json', '--overwrite', 'always', '--include', '**', '--include', '.env'];
    const ended = await room.toolWith({ env: environment }, ...words);
    expect([ended.stderr, ended.code]).toEqual([expect.anything(), 0]);
    const { safetyBackup = '' } = ended.json<Restored>();
    expect(metadataOf(join(room.store, safetyBackup))).toMatchObject({
      type: 'pre-restore',
      archive: { encryption: { algorithm: 'aes-256-ctr' } },
    });
    expect(traces()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test('without a key is refused before anything is saved', async () => {
    const { id } = await create();
    fill('two');
    const before = readdirSync(room.store);
    expect((await room.tool('restore', id, '--yes')).code).toBe(12);
    expect(readdirSync(room.store)).toEqual(before);
    expect(traces()).toEqual([]);
  });

  test('that fails leaves nothing', async () => {
    const { id, archive = '' } = await create();
    fill('two');
    const bytes = readFileSync(archive);
    const { manifestOffset = 0 } = metadataOf(join(room.store, id)).archive ?? {};
    // The last frames, so that others are unpacked before.
    bytes.fill(0, manifestOffset - 3000, manifestOffset - 2000);
    writeFileSync(archive, bytes);
    const ended = await room.toolWith({ env: environment }, 'restore', id, '--yes');
    expect(ended.code).toBe(4);
    expect(readFileSync(room.path(`jars/${nameWord}.md`), 'utf8')).toContain('two');
    expect(traces()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test('that is interrupted at any time leaves nothing', async () => {
    const { id } = await create();
    const restore = async (generation: string, stopAfterMs?: number): Promise<Stopped & { ms: number }> => {
      fill(generation);
      const startedAt = performance.now();
      const tool = startTool(['restore', id, '--root', room.root, '--yes', '--overwrite', 'always'], environment);
      if (stopAfterMs !== undefined) {
        await Promise.race([wait(stopAfterMs), tool.ended]);
        tool.signal('SIGINT');
      }
      return { ...(await tool.ended), ms: performance.now() - startedAt };
    };
    const { code, ms } = await restore('two');
    expect(code).toBe(0);
    let interrupted = 0;
    for (const part of [0.25, 0.4, 0.55, 0.7, 0.85]) {
      const stopped = await restore(`after ${part}`, ms * part);
      if (stopped.code !== 0 && stopped.code !== 130) throw new Error(stopped.stderr);
      if (stopped.code === 130) interrupted += 1;
      expect([part, traces(), leftovers()]).toEqual([part, [], []]);
    }
    expect(interrupted).toBeGreaterThan(0);
    expect((await room.toolWith({ env: environment }, 'verify', '--all')).code).toBe(0);
  });
});
