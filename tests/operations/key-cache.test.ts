import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BackupSecret } from '../../lib/crypto/backup-secret.ts';
import { adoptKeys, keepKeys } from '../../lib/operations/key-cache.ts';
import type { Store } from '../../lib/store/store.ts';

const macSalt = Buffer.from('0011223344556677', 'hex');
const salt = Buffer.from('8899aabbccddeeff', 'hex');
const other = Buffer.from('0102030405060708', 'hex');
const passphrase = (): BackupSecret => new BackupSecret(Buffer.from('correct horse battery staple'));

let store: Store;
beforeEach(() => {
  const path = mkdtempSync(join(tmpdir(), 'ai-backup-key-cache-'));
  store = { path, modes: { file: 0o640, folder: 0o750 } };
});
afterEach(() => rmSync(store.path, { recursive: true, force: true }));

const file = (): string => join(store.path, '.state', 'keys.json');

/** What a secret knows without deriving anything. */
const known = async (secret: BackupSecret): Promise<string[]> => (await secret.derivedKeys()).map(([of]) => of);

/** Keeps the key of one salt, as a run does. */
async function keep(secret: BackupSecret, of: Buffer): Promise<Buffer> {
  const { key } = await secret.fileKey(of);
  await keepKeys(store, secret, macSalt);
  return key;
}

describe('keys of files that were derived before', () => {
  test('are known to the next run of the same secret, and are the same', async () => {
    const key = await keep(passphrase(), salt);
    const next = passphrase();
    await adoptKeys(store, next, macSalt);
    expect(await known(next)).toEqual([salt.toString('hex')]);
    expect((await next.fileKey(salt)).key).toEqual(key);
    expect((await passphrase().fileKey(salt)).iv).toEqual((await next.fileKey(salt)).iv);
  });

  test('rest encrypted, for nobody but their owner', async () => {
    const key = await keep(passphrase(), salt);
    const bytes = readFileSync(file());
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(bytes.includes(key.toString(form))).toBe(false);
    expect(bytes.includes('battery')).toBe(false);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test('are not known to another secret, nor under another salt of the store', async () => {
    await keep(passphrase(), salt);
    const stranger = new BackupSecret(Buffer.from('another'));
    await adoptKeys(store, stranger, macSalt);
    expect(await known(stranger)).toEqual([]);
    const moved = passphrase();
    await adoptKeys(store, moved, other);
    expect(await known(moved)).toEqual([]);
  });

  test('are taken for what they are only: one that was changed, or stands under another salt, is derived again', async () => {
    await keep(passphrase(), salt);
    const cache = JSON.parse(readFileSync(file(), 'utf8')) as { keys: [string, string][] };
    const [[, sealed] = ['', '']] = cache.keys;
    const bytes = Buffer.from(sealed, 'base64');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    for (const keys of [[[other.toString('hex'), sealed]], [[salt.toString('hex'), bytes.toString('base64')]]]) {
      writeFileSync(file(), JSON.stringify({ ...cache, keys }));
      const next = passphrase();
      await adoptKeys(store, next, macSalt);
      expect(await known(next)).toEqual([]);
    }
  });

  test.each(['{', 'null', '{"macSalt":"0011223344556677","keys":[["x"]]}'])(
    'do no harm where the file holds %j',
    async (text) => {
      await keep(passphrase(), salt);
      writeFileSync(file(), text);
      const next = passphrase();
      await adoptKeys(store, next, macSalt);
      expect(await known(next)).toEqual([]);
      await keep(next, other);
      const last = passphrase();
      await adoptKeys(store, last, macSalt);
      expect(await known(last)).toEqual([other.toString('hex')]);
    },
  );

  test('never fail a run where they cannot be kept', async () => {
    const secret = passphrase();
    await secret.fileKey(salt);
    writeFileSync(join(store.path, '.state'), 'a file in the place of the folder');
    await keepKeys(store, secret, macSalt);
    expect(existsSync(file())).toBe(false);
  });
});
