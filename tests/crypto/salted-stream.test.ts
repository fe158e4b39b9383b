/** Encrypted files: what openssl makes of them and they of what openssl made, and that any part opens alone. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BackupSecret } from '../../lib/crypto/backup-secret.ts';
import type { FileKey } from '../../lib/crypto/derive-keys.ts';
import { headBytes, headOf, saltOf } from '../../lib/crypto/salted-layout.ts';
import { SaltedOpener, SaltedSealer } from '../../lib/crypto/salted-stream.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const salt = Buffer.from('0123456789abcdef', 'hex');
const fileKey = (iv: string): FileKey => ({ key: seededBytes(9, 32), iv: Buffer.from(iv, 'hex') });
const someKey = fileKey('00112233445566778899aabbccddeeff');

function sealed(key: FileKey, content: Buffer): Buffer {
  const sealer = new SaltedSealer(key, salt);
  return Buffer.concat([sealer.head, sealer.seal(content)]);
}

describe('openssl', () => {
  const word = 'correct horse battery staple';
  const secret = new BackupSecret(Buffer.from(word));
  let folder: string;
  beforeEach(() => {
    folder = makeTemporaryFolder('salted');
    writeFileSync(join(folder, 'key'), `${word}\n`);
  });
  afterEach(() => removeTemporaryFolder(folder));

  const way = ['-aes-256-ctr', '-pbkdf2', '-iter', '600000', '-md', 'sha256'];
  function openssl(args: string[], input: Buffer): Buffer {
    const [from, to] = [join(folder, 'in'), join(folder, 'out')];
    writeFileSync(from, input);
    execFileSync('openssl', ['enc', ...args, ...way, '-pass', `file:${join(folder, 'key')}`, '-in', from, '-out', to]);
    return readFileSync(to);
  }

  const sizes = [0, 1, 15, 16, 17, (1 << 20) + 3];

  test.each(sizes)('opens what was sealed: %i bytes', async (size) => {
    const content = randomBytes(size);
    const sealer = secret.sealer(salt);
    await sealer.ready;
    const file = Buffer.concat([sealer.head, sealer.seal(content)]);
    expect(file.length).toBe(16 + size);
    expect(openssl(['-d'], file).equals(content)).toBe(true);
  });

  test.each(sizes)('makes what can be opened: %i bytes', async (size) => {
    const content = randomBytes(size);
    const file = openssl(['-e'], content);
    const own = saltOf(file);
    const opener = await secret.opener(own ?? Buffer.alloc(0));
    expect(opener.open(file.subarray(headBytes), headBytes).equals(content)).toBe(true);
  });
});

// The vectors of AES-256-CTR, NIST SP 800-38A, F.5.5.
test('is AES-256 in counter mode', () => {
  const key = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex');
  const iv = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');
  const plain = Buffer.from(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
      '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
    'hex',
  );
  const cipher = Buffer.from(
    '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5' +
      '2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
    'hex',
  );
  const sealer = new SaltedSealer({ key, iv }, salt);
  expect(sealer.seal(plain).equals(cipher)).toBe(true);
  const opener = new SaltedOpener({ key, iv });
  expect(opener.open(cipher, headBytes).equals(plain)).toBe(true);
  for (const block of [1, 2, 3]) {
    expect(opener.open(cipher.subarray(16 * block), headBytes + 16 * block).equals(plain.subarray(16 * block))).toBe(
      true,
    );
  }
});

describe('any part', () => {
  const content = seededBytes(1, 300);

  test.each(Array.from({ length: 71 }, (_, at) => at))('from byte %i on is that part of the whole', (at) => {
    const file = sealed(someKey, content);
    const opener = new SaltedOpener(someKey);
    for (const length of [0, 1, 15, 16, 17, 33, 300 - at]) {
      const part = file.subarray(headBytes + at, headBytes + at + length);
      expect(opener.open(part, headBytes + at).equals(content.subarray(at, at + length))).toBe(true);
    }
  });

  // A counter is a number of 128 bits, the highest byte first; each of these is carried over another number of bytes, or begins anew.
  const ivs = [
    'ffffffffffffffffffffffffffffffff',
    'fffffffffffffffffffffffffffffffe',
    '00000000000000000000000000000000',
    '000000000000000000000000000000ff',
    '0000000000000000ffffffffffffffff',
    '00000000fffffffffffffffffffffffd',
    '7fffffffffffffffffffffffffffffff',
    '0102030405060708090a0bfffffffffe',
  ];
  test.each(ivs)('is right where the counter runs over: %s', (iv) => {
    const key = fileKey(iv);
    const file = sealed(key, content);
    const opener = new SaltedOpener(key);
    for (let at = 0; at < content.length; at += 7) {
      expect(opener.open(file.subarray(headBytes + at), headBytes + at).equals(content.subarray(at))).toBe(true);
    }
  });

  test('far behind in a large file is opened as well', () => {
    // A keystream that far is known by its counter: no file of that size is needed.
    const block = 2 ** 32 + 5;
    const far = fileKey('000000000000000000000000fffffff0');
    const there = fileKey('000000000000000000000001fffffff5');
    // 0xfffffff0 + 2^32 + 5 = 0x1fffffff5
    const part = new SaltedSealer(there, salt).seal(content);
    expect(new SaltedOpener(far).open(part, headBytes + 16 * block).equals(content)).toBe(true);
    expect(new SaltedOpener(far).open(part.subarray(5), headBytes + 16 * block + 5).equals(content.subarray(5))).toBe(
      true,
    );
  });

  test('of the head is no content', () => {
    const opener = new SaltedOpener(someKey);
    for (const offset of [0, 8, 15]) expect(() => opener.open(content, offset)).toThrow(RangeError);
  });

  test('leaves what it was given as it was', () => {
    const file = sealed(someKey, content);
    const before = Buffer.from(file);
    new SaltedOpener(someKey).open(file.subarray(20), 20);
    expect(file.equals(before)).toBe(true);
  });
});

describe('whole, byte by byte, and in any other pieces', () => {
  const content = seededBytes(2, 200);
  const whole = sealed(someKey, content);

  test('the same is sealed and opened', () => {
    const sealer = new SaltedSealer(someKey, salt);
    const bytes = [...content].map((byte) => sealer.seal(Buffer.from([byte])));
    expect(Buffer.concat([sealer.head, ...bytes]).equals(whole)).toBe(true);
    const opener = new SaltedOpener(someKey);
    const opened = [...content.keys()].map((at) =>
      opener.open(whole.subarray(headBytes + at, headBytes + at + 1), headBytes + at),
    );
    expect(Buffer.concat(opened).equals(content)).toBe(true);
  });

  test('however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(content.length)), fc.array(fc.nat(content.length)), (cuts, otherCuts) => {
        const sealer = new SaltedSealer(someKey, salt);
        const file = Buffer.concat([sealer.head, ...pieces(content, cuts).map(({ bytes }) => sealer.seal(bytes))]);
        const opener = new SaltedOpener(someKey);
        const opened = pieces(file.subarray(headBytes), otherCuts).map(({ bytes, at }) =>
          opener.open(bytes, headBytes + at),
        );
        expect(file.equals(whole)).toBe(true);
        expect(Buffer.concat(opened).equals(content)).toBe(true);
      }),
    );
  });

  function pieces(bytes: Buffer, cuts: readonly number[]): { bytes: Buffer; at: number }[] {
    const starts = [0, ...[...cuts].sort((a, b) => a - b)];
    return starts.map((at, index) => ({ bytes: bytes.subarray(at, starts[index + 1] ?? bytes.length), at }));
  }
});

describe('a key that is still being derived', () => {
  const content = seededBytes(3, 100);

  test('is waited for, and the head is known before', async () => {
    let derived: (key: FileKey) => void = () => undefined;
    const sealer = new SaltedSealer(new Promise<FileKey>((resolve) => (derived = resolve)), salt);
    expect(sealer.head).toEqual(headOf(salt));
    expect(() => sealer.seal(content)).toThrow('still being derived');
    derived(someKey);
    await sealer.ready;
    // What was refused has used nothing of the keystream.
    expect(Buffer.concat([sealer.head, sealer.seal(content)]).equals(sealed(someKey, content))).toBe(true);
  });

  test('that never comes is told to who waits, and to nobody else', async () => {
    const sealer = new SaltedSealer(Promise.reject(new Error('no more memory')), salt);
    await new Promise(setImmediate);
    await expect(sealer.ready).rejects.toThrow('no more memory');
    expect(() => sealer.seal(content)).toThrow('still being derived');
  });
});

describe('the layout', () => {
  test('is a mark and the salt', () => {
    expect(headOf(salt).toString('latin1')).toBe(`Salted__${salt.toString('latin1')}`);
    expect(saltOf(Buffer.concat([headOf(salt), Buffer.from('content')]))).toEqual(salt);
  });

  test('is not that of another file, or of one that is cut short', () => {
    for (const start of ['', 'Salted__', 'Salted__1234567', 'salted__12345678', 'PK\x03\x04            ']) {
      expect(saltOf(Buffer.from(start, 'latin1'))).toBeUndefined();
    }
  });

  test('gives a salt of its own memory: a read buffer is used again', () => {
    const start = headOf(salt);
    const own = saltOf(start);
    start.fill(0);
    expect(own).toEqual(salt);
  });
});
