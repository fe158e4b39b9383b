/** Verifying encrypted backups: with the key, without, with another; and every bit of them that changes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { wrappedKeyOf } from '../../lib/store/sealed-names.ts';
import { parseMetadata } from '../../lib/store/metadata.ts';
import { EncryptedRoom, metadataOf } from '../support/encrypted-room.ts';
import type { Verified } from '../support/make-project.ts';

/** How many places of each file get a bit flipped; more by the environment. */
const rounds = Number(process.env.BACKUP_TEST_FLIPS ?? 150);

let room: EncryptedRoom;
let first: string;
let second: string;
let withFirst: RunContext;
let withoutKey: RunContext;
let made: CreateResult;
let other: CreateResult;

beforeAll(async () => {
  room = new EncryptedRoom();
  room.write('config/app.json', '{}');
  room.write('agents/noise', randomBytes(3000));
  for (let at = 0; at < 20; at += 1) room.write(`state/${at}.json`, `${at} words `.repeat(at * 10));
  first = room.key('first.key', 'the first\n');
  second = room.key('second.key', 'the second\n');
  withFirst = await room.open(first);
  withoutKey = await room.open();
  made = await room.create(withFirst, { mode: 'full' });
  other = await room.create(await room.open(second), { mode: 'full' });
});

afterAll(() => room.remove());

describe('verify', () => {
  test('without a key: the stored bytes, a warning, exit code 0', async () => {
    const ended = await room.tool('verify', made.id, '--json');
    expect(ended.code).toBe(0);
    const { ok, warnings } = ended.json<Verified & { warnings: { code: string }[] }>();
    expect([ok, warnings.map((one) => one.code)]).toEqual([true, ['key-missing']]);
    // What was not opened does not count as verified.
    expect(metadataOf(made.directory).verifiedAt).toBeUndefined();
  });

  test('without a key, of the content: exit code 12', async () => {
    expect((await room.tool('verify', made.id, '--check-content')).code).toBe(12);
    expect((await room.tool('verify', '--all', '--check-content')).code).toBe(12);
  });

  test('with another key: exit code 12', async () => {
    const ended = await room.tool('verify', made.id, '--encryption-key', second, '--json');
    expect(ended.code).toBe(12);
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'KEY_WRONG' } });
    expect(await room.verdict(await room.open(second), made.id, 'content')).toBe('KEY_WRONG');
  });

  test('--all, of backups with two keys: each is opened with its own', async () => {
    const one = await room.tool('verify', '--all', '--encryption-key', first, '--json');
    expect(one.code).toBe(0);
    const codes = (ended: typeof one): Record<string, string[]> =>
      Object.fromEntries(
        ended
          .json<{ backups: { id: string; warnings: { code: string }[] }[] }>()
          .backups.map(({ id, warnings }) => [id, warnings.map(({ code }) => code)]),
      );
    expect(codes(one)).toEqual({ [made.id]: [], [other.id]: ['key-missing'] });
    room.encryptedSettings({ oldKeyFiles: ['../first.key'] });
    const both = await room.tool('verify', '--all', '--check-content', '--encryption-key', second, '--json');
    room.encryptedSettings();
    expect(both.code).toBe(0);
    expect(codes(both)).toEqual({ [made.id]: [], [other.id]: [] });
  });

  test('with the key: the content', async () => {
    expect(await room.verdict(withFirst, made.id, 'content')).toBe('whole');
    expect(metadataOf(made.directory).verifiedAt).toBeDefined();
  });

  test.each(['RESTORE.md', 'the manifest', 'the archive'])('misses %s', async (part) => {
    const file = partOf(made, part);
    const bytes = readFileSync(file);
    rmSync(file);
    try {
      const verdicts = [await room.verdict(withFirst, made.id), await room.verdict(withoutKey, made.id)];
      const code = { 'RESTORE.md': 'whole', 'the manifest': 'manifest-damaged', 'the archive': 'archive-missing' }[
        part
      ];
      expect(verdicts).toEqual([code, code]);
    } finally {
      writeFileSync(file, bytes, { mode: 0o600 });
    }
  });
});

function partOf({ directory, archive = '' }: CreateResult, part: string): string {
  const files: Record<string, string> = {
    'the archive': archive,
    'the manifest': join(directory, 'manifest.jsonl.gz.enc'),
    '<archive>.key': wrappedKeyOf(archive),
  };
  return files[part] ?? join(directory, part);
}

/** Places from the first byte to the last, as far from each other as there are rounds for, another bit of each. */
function* flips(bytes: Buffer): Generator<{ at: number; bit: number; changed: Buffer }> {
  const count = Math.min(rounds, bytes.length * 8);
  for (let round = 0; round < count; round += 1) {
    const at = Math.floor(((bytes.length - 1) * round) / Math.max(1, count - 1));
    const bit = (round * 5 + 3) % 8;
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << bit);
    yield { at, bit, changed };
  }
}

/** Puts a file back as it was after something was done to it. */
async function keeping(file: string, run: (bytes: Buffer) => Promise<void>): Promise<void> {
  const bytes = readFileSync(file);
  try {
    await run(bytes);
  } finally {
    writeFileSync(file, bytes);
  }
}

/**
 * What a MAC is made of is the value of metadata.json, not its text. A flip that leaves the value as it is (a space that becomes a
 * tab or a line feed, an escape that means the same letter) has changed nothing that anybody reads; and the times of later
 * verifications are not covered: an enemy could leave them out as well.
 */
function meansTheSame(one: string, two: string): boolean {
  const covered = (text: string): string => {
    const { verifiedAt: _, drilledAt: __, ...rest } = parseMetadata(text, 'it');
    return JSON.stringify(rest);
  };
  try {
    return covered(one) === covered(two);
  } catch {
    return false;
  }
}

describe(`one bit that changed, of ${rounds} of each file`, () => {
  test.each(['the archive', 'the manifest'])('of %s is found, with the key and without', async (part) => {
    const file = partOf(made, part);
    await keeping(file, async (bytes) => {
      for (const { at, bit, changed } of flips(bytes)) {
        writeFileSync(file, changed);
        const code = part === 'the archive' ? /archive-hash/ : /manifest-/;
        expect([at, bit, await room.verdict(withFirst, made.id)]).toEqual([at, bit, expect.stringMatching(code)]);
        expect([at, bit, await room.verdict(withoutKey, made.id)]).toEqual([at, bit, expect.stringMatching(code)]);
      }
    });
  });

  test('of metadata.json is found with the key, or means the same', async () => {
    const file = partOf(made, 'metadata.json');
    let same = 0;
    await keeping(file, async (bytes) => {
      for (const { at, bit, changed } of flips(bytes)) {
        writeFileSync(file, changed);
        const verdict = await verdictOrUnreadable(withFirst, made.id);
        if (verdict !== 'whole') continue;
        same += 1;
        expect([at, bit, meansTheSame(bytes.toString(), changed.toString())]).toEqual([at, bit, true]);
      }
    });
    expect(same).toBeLessThan(rounds * 0.25);
  });

  test('of RESTORE.md is found, with the key and without', async () => {
    const file = partOf(made, 'RESTORE.md');
    await keeping(file, async (bytes) => {
      for (const { at, bit, changed } of flips(bytes)) {
        writeFileSync(file, changed);
        expect([at, bit, await room.verdict(withFirst, made.id)]).toEqual([at, bit, 'not-authentic']);
        expect([at, bit, await room.verdict(withoutKey, made.id)]).toEqual([at, bit, 'not-authentic']);
      }
    });
  });

  test.each(['wrapped.key', '<archive>.key'])('of %s is found', async (part) => {
    const pairs = [room.pair(`of ${part[0]}`, 2048), room.pair('another', 3072)];
    const context = await room.open(pairs[0]?.privateFile);
    const keys = context.keys.withRecipients(pairs.map(({ publicFile }) => publicFile));
    const wrapped = await room.create({ ...context, keys }, { mode: 'full' });
    expect(await room.verdict(context, wrapped.id)).toBe('whole');
    const file = partOf(wrapped, part);
    await keeping(file, async (bytes) => {
      for (const { at, bit, changed } of flips(bytes)) {
        writeFileSync(file, changed);
        expect([at, bit, await room.verdict(withoutKey, wrapped.id)]).toEqual([at, bit, 'not-authentic']);
        // Each opening with the private key derives keys anew: a few of them tell.
        if (at % 16 !== 0) continue;
        expect([at, bit, await room.verdict(context, wrapped.id)]).toEqual([at, bit, 'not-authentic']);
      }
      rmSync(file);
      expect(await room.verdict(context, wrapped.id)).toBe('not-authentic');
      writeFileSync(file, bytes, { mode: 0o600 });
    });
    expect(existsSync(file)).toBe(true);
  });
});

/** The store lists a backup whose metadata cannot be read at all as unreadable: that is an error, when it is named. */
async function verdictOrUnreadable(context: RunContext, id: string): Promise<string> {
  const verdict = await room.verdict(context, id);
  expect(verdict).not.toMatch(/^(BACKUP_NOT_FOUND|KEY_MISSING)$/);
  return verdict;
}
