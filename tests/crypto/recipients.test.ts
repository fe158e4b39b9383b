/** Secrets wrapped to public keys: who opens them, what openssl makes of them, and which keys are none. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  mostWrappedBytes,
  randomSecret,
  recipientOf,
  unwrapSecret,
  wrapSecret,
  type Recipient,
} from '../../lib/crypto/recipients.ts';
import { ecPair, rsaPair, type PemPair } from '../support/rsa-keys.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const privateOf = ({ privateKey }: PemPair): ReturnType<typeof createPrivateKey> => createPrivateKey(privateKey);
function recipient({ publicKey }: PemPair): Recipient {
  const made = recipientOf(createPublicKey(publicKey));
  if (made === undefined) throw new Error('it is no recipient');
  return made;
}

const stranger = rsaPair(2048, 'of a stranger');

describe('a wrapped secret', () => {
  const cases = [
    [2048],
    [3072],
    [4096],
    [2048, 4096],
    [4096, 2048],
    [2048, 3072, 4096],
    [4096, 3072, 2048],
    [3072, 2048, 2048],
  ];

  test.each(cases.map((bits) => [bits]))('is opened by each of its keys, of %j bits, and by no other', (bits) => {
    const pairs = bits.map((one, at) => rsaPair(one, bits.indexOf(one) === at ? '' : `number ${at}`));
    const secret = randomSecret();
    const wrapped = wrapSecret(secret, pairs.map(recipient));
    expect(wrapped).toHaveLength(bits.reduce((sum, one) => sum + one / 8, 0));
    for (const pair of pairs) expect(unwrapSecret(wrapped, privateOf(pair))?.equals(secret)).toBe(true);
    expect(unwrapSecret(wrapped, privateOf(stranger))).toBeUndefined();
  });

  test('is another text each time', () => {
    const [secret, to] = [randomSecret(), [recipient(rsaPair(2048))]];
    expect(wrapSecret(secret, to).equals(wrapSecret(secret, to))).toBe(false);
    expect(randomSecret().equals(randomSecret())).toBe(false);
    expect(secret.toString('latin1')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('that is damaged for one key is still there for the others', () => {
    const pairs = [rsaPair(2048), rsaPair(3072), rsaPair(4096)];
    const secret = randomSecret();
    const wrapped = wrapSecret(secret, pairs.map(recipient));
    const damaged = Buffer.from(wrapped);
    damaged[256 + 100] = (damaged[256 + 100] ?? 0) ^ 1;
    expect(pairs.map((pair) => unwrapSecret(damaged, privateOf(pair))?.equals(secret))).toEqual([
      true,
      undefined,
      true,
    ]);
    expect(unwrapSecret(wrapped.subarray(0, wrapped.length - 1), privateOf(rsaPair(4096)))).toBeUndefined();
    expect(unwrapSecret(wrapped.subarray(0, 256), privateOf(rsaPair(2048)))?.equals(secret)).toBe(true);
    expect(unwrapSecret(Buffer.alloc(0), privateOf(rsaPair(2048)))).toBeUndefined();
  });

  test('is looked for in no more bytes than it can have', () => {
    const wrapped = wrapSecret(randomSecret(), [recipient(rsaPair(2048))]);
    const long = Buffer.concat([wrapped, Buffer.alloc(mostWrappedBytes)]);
    expect(unwrapSecret(long, privateOf(rsaPair(2048)))).toBeUndefined();
    expect(unwrapSecret(long.subarray(0, mostWrappedBytes), privateOf(rsaPair(2048)))).toBeDefined();
  });

  test('that is no secret of a backup is none, though it opens', () => {
    const { key } = recipient(rsaPair(2048));
    for (const text of ['', 'a passphrase', 'f'.repeat(63), 'F'.repeat(64), 'f'.repeat(65)]) {
      const wrapped = publicEncrypt({ key, oaepHash: 'sha256' }, Buffer.from(text));
      expect(unwrapSecret(wrapped, privateOf(rsaPair(2048)))).toBeUndefined();
    }
  });
});

describe('openssl pkeyutl', () => {
  let folder: string;
  beforeEach(() => {
    folder = makeTemporaryFolder('recipients');
  });
  afterEach(() => removeTemporaryFolder(folder));

  const way = ['-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', 'rsa_oaep_md:sha256'];
  const pkeyutl = (how: string[], key: string, input: Buffer): Buffer => {
    writeFileSync(join(folder, 'key'), key);
    writeFileSync(join(folder, 'in'), input);
    return execFileSync('openssl', [
      'pkeyutl',
      ...how,
      '-inkey',
      join(folder, 'key'),
      ...way,
      '-in',
      join(folder, 'in'),
    ]);
  };

  test.each([2048, 3072, 4096])('opens what was wrapped to a key of %i bits, and wraps what is opened', (bits) => {
    const pair = rsaPair(bits);
    const secret = randomSecret();
    expect(pkeyutl(['-decrypt'], pair.privateKey, wrapSecret(secret, [recipient(pair)])).equals(secret)).toBe(true);
    const wrapped = pkeyutl(['-encrypt', '-pubin'], pair.publicKey, secret);
    expect(unwrapSecret(wrapped, privateOf(pair))?.equals(secret)).toBe(true);
  });

  test('gives the fingerprint', () => {
    const { publicKey } = rsaPair(2048);
    const der = execFileSync('openssl', ['pkey', '-pubin', '-pubout', '-outform', 'DER'], { input: publicKey });
    expect(recipient(rsaPair(2048)).fingerprint).toBe(`sha256:${createHash('sha256').update(der).digest('hex')}`);
  });
});

describe('a recipient', () => {
  test('is the same from either half of a pair', () => {
    const { publicKey, privateKey } = rsaPair(2048);
    const [half, whole] = [recipientOf(createPublicKey(publicKey)), recipientOf(createPrivateKey(privateKey))];
    expect(whole?.fingerprint).toBe(half?.fingerprint);
    expect(whole?.key.type).toBe('public');
    expect(whole?.wrappedBytes).toBe(256);
  });

  test.each([512, 1024, 2047])('is no key of %i bits', (bits) => {
    const { publicKey, privateKey } = rsaPair(bits);
    expect(recipientOf(createPublicKey(publicKey))).toBeUndefined();
    expect(recipientOf(createPrivateKey(privateKey))).toBeUndefined();
    expect(unwrapSecret(Buffer.alloc(256), createPrivateKey(privateKey))).toBeUndefined();
  });

  // Whoever looks for a part of `wrapped.key` goes on by 64 bytes: behind a key of another length none would be found again.
  test.each([2056, 2100, 3000])('is no key of %i bits: parts begin at multiples of 64 bytes', (bits) => {
    expect(recipientOf(createPublicKey(rsaPair(bits).publicKey))).toBeUndefined();
  });

  test('is no key of another kind', () => {
    const pairs = [ecPair(), generateKeyPairSync('ed25519'), generateKeyPairSync('rsa-pss', { modulusLength: 2048 })];
    for (const { publicKey, privateKey } of pairs) {
      for (const key of [publicKey, privateKey]) {
        const object =
          typeof key === 'string' ? (key.includes('PRIVATE') ? createPrivateKey(key) : createPublicKey(key)) : key;
        expect(recipientOf(object)).toBeUndefined();
      }
    }
  });
});
