/** Encrypted backups open without the toolkit: RESTORE.md is followed to the letter, by sh, openssl, tar and the like. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { EncryptedRoom, filesBelow, metadataOf } from '../support/encrypted-room.ts';
import { followInstructions, rescueFolder } from '../support/encrypted-instructions.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

const dotenv = 'PASSWORD=pâss word\nURL="https://u:p@host/"\n';
const authentic = 'the backup is authentic';

let room: EncryptedRoom;
let line: string;
let live: Database.Database;
let rescues = 0;

beforeAll(() => {
  room = new EncryptedRoom();
  room.encryptedSettings({}, { targets: { uploads: ['public/uploads'] } });
  line = room.key('line.key', 'correct horse "battery" $staple ünd so\n');
  live = new Database(room.write('data/app.db', ''));
  live.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)');
  addRows(5000);
  write('.env', dotenv);
  write('config/app.json', '{"a": 1}');
  write(`state/it's "odd" \\ $(touch hacked).json`, '{}');
  write('state/empty', '');
  write('state/private', 'x', 0o600);
  write('public/uploads/large.bin', randomBytes(2_500_000));
  room.link('private', 'state/link');
});

afterAll(() => {
  live.close();
  room.remove();
});

function addRows(count: number): void {
  const add = live.prepare('INSERT INTO item (name) VALUES (?)');
  live.transaction(() => {
    for (let number = 0; number < count; number += 1) add.run(`${number}`.repeat(9));
  })();
}

function write(name: string, content: string | Buffer, mode?: number): void {
  // Written to long ago: what has not changed since is known by its times.
  utimesSync(room.write(name, content, mode), 1_700_000_000, 1_700_000_000 + content.length);
}

function change(name: string, places: readonly number[]): void {
  const bytes = readFileSync(room.path(name));
  for (const at of places) bytes[at] = (bytes[at] ?? 0) ^ 1;
  write(name, bytes);
}

/** Files and links, to the second, and the database's rows. */
interface State {
  files: TreeSnapshot;
  rows: unknown[];
}

function stateOf(root: string): State {
  const files = new Map(
    [...snapshotTree(root, ['backups', 'data'])]
      // `.env` files come out in a file of their own; folders that hold several sources get the time of their last one.
      .filter(([path, one]) => path !== '.env' && one.kind !== 'directory')
      .map(([path, one]) => [path, { ...one, mtimeNs: one.kind === 'file' ? one.mtimeNs / 1_000_000_000n : 0n }]),
  );
  const database = new Database(join(root, 'data/app.db'), { readonly: true });
  try {
    return { files, rows: database.prepare('SELECT * FROM item').raw().all() };
  } finally {
    database.close();
  }
}

const contextWith = async (key: string | undefined, storage: object = {}): Promise<RunContext> => {
  const context = await room.open(key);
  return { ...context, settings: { ...context.settings, storage: { ...context.settings.storage, ...storage } } };
};

async function withRecipients(files: readonly string[]): Promise<RunContext> {
  const context = await room.open();
  return { ...context, keys: context.keys.withRecipients(files) };
}

async function expectRescued(
  made: CreateResult,
  key: string,
  state: State,
  chain: readonly CreateResult[] = [made],
): Promise<void> {
  rescues += 1;
  const rescue = rescueFolder(room.beside(`rescue ${rescues}`), made, chain);
  const project = room.beside(`rescued ${rescues}`);
  const ended = await followInstructions(rescue, made, { project, key });
  expect([ended.stderr, ended.code]).toEqual(['', 0]);
  expect(ended.stdout).toContain(authentic);
  expect(ended.stdout).toContain('all files are as the manifest says');
  const rescued = stateOf(project);
  expect(treeDifferences(state.files, rescued.files).filter((one) => !one.includes('%5C'))).toEqual([]);
  expect(rescued.rows).toEqual(state.rows);
  const opened = readFileSync(join(rescue, 'opened', 'env-files.txt'), 'utf8');
  expect(opened).toContain(`# ai-backup: .env, mode 0644`);
  expect(opened).toContain(dotenv);
  rmSync(rescue, { recursive: true });
}

const openssl = (words: string, key: string, from: string): Buffer =>
  execFileSync('openssl', [...words.split(' '), '-pass', `file:${key}`, '-in', from], { maxBuffer: 1 << 30 });
const ctr = 'enc -d -aes-256-ctr -pbkdf2 -iter 600000 -md sha256';
const cbc = 'enc -d -a -aes-256-cbc -pbkdf2 -iter 600000 -md sha256';

test('openssl alone opens archive, manifest and env.encrypted', async () => {
  const made = await room.create(await contextWith(line), { mode: 'full' });
  const tar = openssl(ctr, line, made.archive ?? '');
  const list = execFileSync('tar', ['tzf', '-'], { input: tar, encoding: 'utf8' });
  expect(list).toContain('uploads/large.bin');
  const manifest = gunzipSync(openssl(ctr, line, join(made.directory, 'manifest.jsonl.gz.enc'))).toString();
  expect(manifest).toContain('"path":"uploads/large.bin"');
  const sealed = room.beside('env.encrypted');
  writeFileSync(sealed, execFileSync('tar', ['xzOf', '-', 'security/env.encrypted'], { input: tar }));
  expect(openssl(cbc, line, sealed).toString()).toContain(dotenv);
});

describe('RESTORE.md of an encrypted backup', () => {
  test.each([
    ['tar', 'gzip'],
    ['tar', 'none'],
    ['zip', 'gzip'],
  ])('as a %s (%s)', async (format, compression) => {
    const made = await room.create(await contextWith(line, { format, compression }), { mode: 'full' });
    const state = stateOf(room.root);
    // In the names of a zip some characters stand as %XX: docs/format.md.
    if (format === 'zip') state.files = new Map([...state.files].filter(([path]) => !path.includes('\\')));
    await expectRescued(made, line, state);
  });

  test('with a key file that is no line of text', async () => {
    const key = room.key('raw.key', Buffer.concat([Buffer.from([0, 10, 255]), randomBytes(45)]));
    const made = await room.create(await contextWith(key), { mode: 'full' });
    await expectRescued(made, key, stateOf(room.root));
  });

  test('wrapped to one public key', async () => {
    const { publicFile, privateFile } = room.pair('one', 2048);
    const made = await room.create(await withRecipients([publicFile]), { mode: 'full' });
    await expectRescued(made, privateFile, stateOf(room.root));
  });

  test('wrapped to three public keys of three lengths: each private key opens it', async () => {
    const pairs = [room.pair('a', 3072), room.pair('b', 2048), room.pair('c', 4096)];
    const made = await room.create(await withRecipients(pairs.map((one) => one.publicFile)), { mode: 'full' });
    for (const { privateFile } of pairs) await expectRescued(made, privateFile, stateOf(room.root));
  });

  test.each(['a key', 'public keys'])('of a chain with block deltas, for %s', async (kind) => {
    const [one, two] = [room.pair('d', 2048), room.pair('e', 3072)];
    const isWrapped = kind === 'public keys';
    const context = isWrapped ? await withRecipients([one.publicFile, two.publicFile]) : await contextWith(line);
    const chain = [await room.create(context, { mode: 'full' })];
    for (const day of [1, 2, 3]) {
      change('public/uploads/large.bin', [day * 500_000, day * 500_001]);
      live.exec(`UPDATE item SET name = 'day ${day}' WHERE id % 1000 = ${day}`);
      write(`state/of day ${day}`, `${day}`);
      chain.push(await room.create(context, { mode: 'incremental' }));
    }
    const last = chain.at(-1);
    if (last === undefined) throw new TypeError('there is no last one');
    expect(chain.map(({ directory }) => metadataOf(directory).chain.length)).toEqual([1, 2, 3, 4]);
    expect(last.storedSize).toBeLessThan(200_000);
    await expectRescued(last, isWrapped ? two.privateFile : line, stateOf(room.root), chain);
  });
});

describe('the checks of RESTORE.md find', () => {
  let made: CreateResult;
  beforeAll(async () => {
    made = await room.create(await contextWith(line), { mode: 'full' });
  });

  async function checked(harm: (rescue: string) => void, key = line): Promise<{ code: number | null; said: string }> {
    rescues += 1;
    const rescue = rescueFolder(room.beside(`rescue ${rescues}`), made);
    harm(rescue);
    const project = room.beside(`rescued ${rescues}`);
    const { code, stdout, stderr } = await followInstructions(rescue, made, { project, key }, 'Decrypt');
    expect(filesBelow(project)).toEqual([]);
    return { code, said: stdout + stderr };
  }

  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };

  async function expectPassed(): Promise<void> {
    const { code, said } = await checked(() => undefined);
    expect([code, said.includes(authentic)]).toEqual([0, true]);
  }

  test('nothing where nothing was changed, and where a verification was noted', async () => {
    await expectPassed();
    expect((await room.tool('verify', made.id, '--encryption-key', line)).code).toBe(0);
    expect(readFileSync(join(made.directory, 'metadata.json'), 'utf8')).toContain('verifiedAt');
    await expectPassed();
  });

  test.each(['the archive', 'the manifest'])('a change of %s', async (part) => {
    const { code, said } = await checked((rescue) =>
      flip(join(rescue, part === 'the archive' ? `${made.id}.tar.gz.enc` : `${made.id}/manifest.jsonl.gz.enc`)),
    );
    expect(code).not.toBe(0);
    expect(said).toContain('FAILED');
    expect(said).not.toContain(authentic);
  });

  test.each<[string, (text: string) => string]>([
    ['a number', (text) => text.replace(/"files": \d+,/, '"files": 1,')],
    ['a hash', (text) => text.replace(/"sha256": "[0-9a-f]/, '"sha256": "x')],
    ['the MAC', (text) => text.replace(/"mac": "[0-9a-f]{4}/, '"mac": "0000')],
    ['a line that is not there any more', (text) => text.replace(/^ {2}"host".*\n/m, '')],
    ['a line that was not there', (text) => text.replace('{\n', '{\n  "name": "another",\n')],
  ])('a change of metadata.json: %s', async (_, edit) => {
    const { code, said } = await checked((rescue) => {
      const file = join(rescue, made.id, 'metadata.json');
      const text = readFileSync(file, 'utf8');
      expect(edit(text)).not.toBe(text);
      writeFileSync(file, edit(text));
    });
    expect(code).not.toBe(0);
    expect(said).toContain('NOT WHAT WAS MADE WITH THIS KEY');
    expect(said).not.toContain(authentic);
  });

  test('another key', async () => {
    const { code, said } = await checked(() => undefined, room.key('other.key', 'other\n'));
    expect([code === 0, said.includes('NOT WHAT WAS MADE'), said.includes(authentic)]).toEqual([false, true, false]);
  });
});
