/** Keys that are taken from a secret, beside what the openssl command takes from it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupSecret, isSameMac } from '../../lib/crypto/backup-secret.ts';
import { deriveFileKey, deriveMaster, subkey, type KeyPurpose } from '../../lib/crypto/derive-keys.ts';
import { storeSalt } from '../../lib/operations/seal-keys.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const word = Buffer.from('Schlüssel, 世界');
const salt = Buffer.from('fedcba9876543210', 'hex');

let folder: string;
beforeAll(() => {
  folder = makeTemporaryFolder('derive');
  writeFileSync(join(folder, 'key'), word);
});
afterAll(() => removeTemporaryFolder(folder));

const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8' });

/** What `openssl enc -P` prints: `key=<hex>`, and `iv =<hex>`. */
function printed(name: 'key' | 'iv'): string {
  const way = ['-aes-256-ctr', '-pbkdf2', '-iter', '600000', '-md', 'sha256', '-S', salt.toString('hex'), '-P'];
  const text = openssl('enc', ...way, '-pass', `file:${join(folder, 'key')}`);
  return new RegExp(`^${name} *=([0-9A-F]+)$`, 'm').exec(text)?.[1]?.toLowerCase() ?? '';
}

test('the key and IV of a file are those of openssl enc', async () => {
  const { key, iv } = await deriveFileKey(word, salt);
  expect([key.toString('hex'), iv.toString('hex')]).toEqual([printed('key'), printed('iv')]);
});

// PBKDF2-HMAC-SHA-256 of RFC 7914, 11, has no vector with so many rounds: `openssl kdf` has.
test('the master is PBKDF2 of the secret, and what openssl enc calls the key', async () => {
  const options = [
    `hexpass:${word.toString('hex')}`,
    `hexsalt:${salt.toString('hex')}`,
    'iter:600000',
    'digest:SHA256',
  ];
  const args = options.flatMap((option) => ['-kdfopt', option]);
  const text = openssl('kdf', '-keylen', '32', ...args, 'PBKDF2');
  const master = (await deriveMaster(word, salt)).toString('hex');
  expect(text.trim().replaceAll(':', '').toLowerCase()).toBe(master);
  expect(printed('key')).toBe(master);
});

describe('a subkey', () => {
  const master = Buffer.from('0b'.repeat(32), 'hex');
  const purposes: KeyPurpose[] = [
    'metadata mac v1',
    'manifest mac v1',
    'key check v1',
    'environment v1',
    'audit log v1',
  ];

  test.each(purposes)('for %s is HKDF-SHA-256 of the master', (purpose) => {
    const options = ['digest:SHA256', `hexkey:${master.toString('hex')}`, `info:ai-backup ${purpose}`];
    const text = openssl('kdf', '-keylen', '32', ...options.flatMap((option) => ['-kdfopt', option]), 'HKDF');
    expect(subkey(master, purpose).toString('hex')).toBe(text.trim().replaceAll(':', '').toLowerCase());
  });

  test('is another one for each purpose', () => {
    expect(new Set(purposes.map((purpose) => subkey(master, purpose).toString('hex'))).size).toBe(purposes.length);
  });
});

describe('a secret', () => {
  test('derives each key once, and keeps it', async () => {
    const secret = new BackupSecret(word);
    const [one, other] = await Promise.all([secret.fileKey(salt), secret.fileKey(Buffer.from(salt))]);
    expect(one).toBe(other);
    expect(await secret.fileKey(Buffer.alloc(8))).not.toEqual(one);
  });

  test('makes the MAC of a text with the key of that purpose', async () => {
    const secret = new BackupSecret(word);
    const key = subkey(await deriveMaster(word, salt), 'metadata mac v1');
    const expected = createHmac('sha256', key).update('a text').digest('hex');
    expect(await secret.mac(salt, 'metadata mac v1', 'a text')).toBe(expected);
    expect(await secret.mac(salt, 'manifest mac v1', 'a text')).not.toBe(expected);
    const command = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`];
    expect(execFileSync('openssl', command, { input: 'a text', encoding: 'utf8' }).trim().split(' ').at(-1)).toBe(
      expected,
    );
  });

  test('has a key check of 16 digits, which is another one for another secret or salt', async () => {
    const secret = new BackupSecret(word);
    const others = [
      new BackupSecret(Buffer.from('other')).keyCheck(salt),
      secret.keyCheck(Buffer.alloc(8)),
      new BackupSecret(Buffer.from(word)).keyCheck(salt),
    ];
    const own = await secret.keyCheck(salt);
    expect(own).toMatch(/^[0-9a-f]{16}$/);
    expect((await Promise.all(others)).map((check) => check === own)).toEqual([false, false, true]);
  });

  test('has a file key that is not its master: each file has a salt of its own', async () => {
    const { key } = await new BackupSecret(word).fileKey(salt);
    const keys = await Promise.all(
      ['metadata mac v1' as const, 'key check v1' as const].map((purpose) =>
        new BackupSecret(word).subkey(salt, purpose),
      ),
    );
    for (const one of keys) expect(one.equals(key)).toBe(false);
  });
});

describe('MACs are the same', () => {
  const mac = 'ab'.repeat(32);
  const cases: [string, string, boolean][] = [
    [mac, mac, true],
    [mac, mac.toUpperCase(), true],
    [mac, `${mac.slice(0, -1)}c`, false],
    [mac, `0${mac.slice(1)}`, false],
    [mac, mac.slice(0, -2), false],
    [mac, '', false],
    ['', '', false],
    ['no digits', 'no digits', false],
  ];
  test.each(cases)('%s, %s: %s', (one, other, expected) => expect(isSameMac(one, other)).toBe(expected));
});

test('the salt of a store is its own, and the same each time', () => {
  const salts = [storeSalt('host', '/a'), storeSalt('host', '/b'), storeSalt('other', '/a'), storeSalt('hos', 't/a')];
  expect(new Set(salts.map((one) => one.toString('hex'))).size).toBe(4);
  expect(salts[0]).toHaveLength(8);
  expect(storeSalt('host', '/a')).toEqual(salts[0]);
});
