/** `env.encrypted`: what openssl makes of it, what two of them tell, and what a wrong key or a changed byte does. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { EnvFile } from '../../lib/core/env-file.ts';
import { BackupSecret } from '../../lib/crypto/backup-secret.ts';
import { fingerprinter, openEnvFiles, sealEnvFiles, type EnvironmentKey } from '../../lib/crypto/env-encryption.ts';
import { composeEnvText, parseEnvText, saltOfEnvText } from '../../lib/crypto/env-text.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const word = 'correct horse battery staple';
const key: EnvironmentKey = { secret: new BackupSecret(Buffer.from(word)), salt: Buffer.alloc(8, 7) };
const file = (origin: string, bytes: string | Buffer): EnvFile => ({
  origin,
  mode: 0o600,
  uid: 1000,
  gid: 1001,
  bytes: Buffer.from(bytes),
});

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('env');
});
afterEach(() => removeTemporaryFolder(folder));

const way = ['-aes-256-cbc', '-pbkdf2', '-iter', '600000', '-md', 'sha256'];

function openssl(args: string[], input: Buffer): Buffer {
  writeFileSync(join(folder, 'key'), `${word}\n`);
  writeFileSync(join(folder, 'in'), input);
  const pass = ['-pass', `file:${join(folder, 'key')}`, '-in', join(folder, 'in')];
  return execFileSync('openssl', ['enc', ...args, '-a', ...way, ...pass], { maxBuffer: 1 << 26 });
}

/** To compare megabytes byte by byte takes Jest longer than to encrypt them. */
const plain = (files: readonly EnvFile[]): unknown[] =>
  files.map(({ bytes, ...rest }) => ({ ...rest, content: bytes.toString('hex') }));

describe('openssl opens what the toolkit made', () => {
  const cases: [string, EnvFile[]][] = [
    ['one file', [file('.env', 'A=1\n')]],
    [
      'several, with and without a last line end, and an empty one',
      [file('.env', 'A=1'), file('apps/api/.env', ''), file('apps/web/.env.local', 'B=2\nC=3\n')],
    ],
    ['UTF-8, in names and values', [file('große/.env', 'GRUSS="Grüße, 世界 🌍"\n')]],
    ['bytes that are no text', [file('.env', Buffer.from([0, 255, 13, 10, 35, 32, 0x80, 0xc3]))]],
    [
      'what looks like the beginning of the next file',
      [file('.env', '# ai-backup: .env, mode 0600, owner 0:0, 3 bytes\nA=1\n')],
    ],
    ['a large one', [file('.env', Array.from({ length: 60_000 }, (_, at) => `NAME_${at}=${at}\n`).join(''))]],
  ];

  test.each(cases)('%s', async (_story, files) => {
    const sealed = await sealEnvFiles(key, files);
    const text = openssl(['-d'], sealed);
    expect(text.equals(composeEnvText(files, key.salt))).toBe(true);
    expect(plain(parseEnvText(text) ?? [])).toEqual(plain(files));
    const opened = await openEnvFiles(key.secret, sealed);
    expect('files' in opened && plain(opened.files)).toEqual(plain(files));
  });

  test('in lines of 64 characters, the last ended', async () => {
    const lines = (await sealEnvFiles(key, [file('.env', 'x'.repeat(500))])).toString('latin1').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.slice(0, -1).every((line) => line.length === 64)).toBe(true);
    expect(lines.at(-1)?.length).toBeLessThanOrEqual(64);
    expect(lines[0]).toMatch(/^U2FsdGVkX1/);
  });
});

describe('the same files', () => {
  test('give the same bytes, and others share nothing but their first ones', async () => {
    const one = await sealEnvFiles(key, [file('.env', 'A=1\n')]);
    const secret = new BackupSecret(Buffer.from(word));
    expect((await sealEnvFiles({ ...key, secret }, [file('.env', 'A=1\n')])).equals(one)).toBe(true);
    const other = await sealEnvFiles(key, [file('.env', 'A=2\n')]);
    const [a, b] = [one, other].map((each) => Buffer.from(each.toString(), 'base64'));
    expect(a?.subarray(0, 8)).toEqual(b?.subarray(0, 8));
    // Salt, and then each block: though most of the two texts is the same.
    for (let at = 8; at < 128; at += 8) expect(a?.subarray(at, at + 8)).not.toEqual(b?.subarray(at, at + 8));
  });

  test('give others with another key, and in another store', async () => {
    const files = [file('.env', 'A=1\n')];
    const other = await sealEnvFiles({ ...key, secret: new BackupSecret(Buffer.from('other')) }, files);
    const elsewhere = await sealEnvFiles({ ...key, salt: Buffer.alloc(8, 8) }, files);
    const sealed = await sealEnvFiles(key, files);
    expect(new Set([sealed, other, elsewhere].map(String)).size).toBe(3);
    expect(await openEnvFiles(key.secret, elsewhere)).toEqual({ files });
  });
});

describe('is not opened', () => {
  test('with another key', async () => {
    const sealed = await sealEnvFiles(key, [file('.env', 'A=1\n')]);
    expect(await openEnvFiles(new BackupSecret(Buffer.from('wrong')), sealed)).toEqual({ problem: 'wrong-key' });
  });

  test('where it is something else', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('A=1\n'), Buffer.from('U2FsdGVkX19hYWFhYWFhYQ==\n')]) {
      expect(await openEnvFiles(key.secret, bytes)).toEqual({ problem: 'wrong-key' });
    }
    const foreign = openssl(['-e'], Buffer.from('made by openssl alone'));
    expect(await openEnvFiles(key.secret, foreign)).toEqual({ problem: 'wrong-key' });
  });

  test('where one bit was changed, wherever, or the end cut off', async () => {
    const files = [file('.env', `A=${'1'.repeat(40)}\n`)];
    const bytes = Buffer.from((await sealEnvFiles(key, files)).toString(), 'base64');
    for (let at = 16; at < bytes.length; at += 5) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 4;
      expect(await openEnvFiles(key.secret, Buffer.from(changed.toString('base64')))).toHaveProperty('problem');
    }
    // CBC lets whoever changes a block choose what becomes of the next one's text: here the last digit of a value.
    const chosen = Buffer.from(bytes);
    const target = bytes.length - 2 * 16;
    chosen[target] = (chosen[target] ?? 0) ^ 1;
    expect(await openEnvFiles(key.secret, Buffer.from(chosen.toString('base64')))).toEqual({ problem: 'changed' });
    const short = bytes.subarray(0, bytes.length - 16).toString('base64');
    expect(await openEnvFiles(key.secret, Buffer.from(short))).toHaveProperty('problem');
  });
});

test('openssl can make one that the toolkit takes, where its salt is that of the text', async () => {
  const files = [file('.env', 'A=1\n')];
  const salt = Buffer.from((await sealEnvFiles(key, files)).toString(), 'base64').subarray(8, 16);
  const made = openssl(['-e', '-S', salt.toString('hex')], composeEnvText(files, key.salt));
  // OpenSSL 3 leaves the head out where the salt is given.
  const bytes = Buffer.from(made.toString(), 'base64');
  const whole = bytes.subarray(0, 8).equals(Buffer.from('Salted__'))
    ? bytes
    : Buffer.concat([Buffer.from('Salted__'), salt, bytes]);
  expect(await openEnvFiles(key.secret, Buffer.from(whole.toString('base64')))).toEqual({ files });
});

describe('the text of several files', () => {
  const names = fc
    .array(
      fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !/[/\0\\:]|^\.{1,2}$/.test(one)),
      { minLength: 1 },
    )
    .map((parts) => parts.join('/'));

  test('gives them back, whatever they are called and hold', () => {
    const anyFile = fc
      .record({ origin: names, bytes: fc.uint8Array({ maxLength: 80 }), mode: fc.integer({ min: 0, max: 0o777 }) })
      .map(({ origin, bytes, mode }): EnvFile => ({ origin, mode, uid: 0, gid: 5, bytes: Buffer.from(bytes) }));
    fc.assert(
      fc.property(fc.array(anyFile), (files) => {
        const text = composeEnvText(files, key.salt);
        expect(saltOfEnvText(text)).toEqual({ form: 1, salt: key.salt });
        expect(parseEnvText(text)).toEqual(files);
      }),
    );
  });

  test('is refused where a path leads out, a count is wrong, or something follows', () => {
    const first = composeEnvText([], key.salt).toString();
    for (const rest of [
      '# ai-backup: ../.env, mode 0600, owner 0:0, 0 bytes\n',
      '# ai-backup: /etc/.env, mode 0600, owner 0:0, 0 bytes\n',
      '# ai-backup: .env, mode 0600, owner 0:0, 9 bytes\nA=1\n',
      '# ai-backup: .env, mode 0600, owner 0:0, 99999999999999999999 bytes\nA=1\n',
      '# ai-backup: .env, mode 0600, owner 0:0, 2 bytes\nA=1\n',
      '# ai-backup: "\\u0000, mode 0600, owner 0:0, 0 bytes\n',
      'A=1\n',
      randomBytes(200).toString('latin1'),
    ]) {
      expect(parseEnvText(Buffer.from(first + rest))).toBeUndefined();
    }
  });
});

test('a fingerprint is of name, value and key', async () => {
  const of = await fingerprinter(key);
  const other = await fingerprinter({ ...key, secret: new BackupSecret(Buffer.from('other')) });
  const all = [of('A', 'x'), of('A', 'y'), of('B', 'x'), of('Ax', ''), other('A', 'x')];
  expect(new Set(all).size).toBe(all.length);
  expect(of('A', 'x')).toBe(all[0]);
  for (const one of all) expect(one).toMatch(/^[0-9a-f]{16}$/);
});
