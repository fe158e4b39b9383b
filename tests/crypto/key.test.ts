/** Which bytes are a key, and that OpenSSL reads the same secret from the same file. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBackupError } from '../../lib/core/errors.ts';
import { BackupSecret } from '../../lib/crypto/backup-secret.ts';
import { nameOf, parseKey, type Key } from '../../lib/crypto/key.ts';
import { ecPair, rsaPair } from '../support/rsa-keys.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const source = { name: 'a test' };
const parse = (bytes: string | Buffer): Key => parseKey(Buffer.from(bytes), source);

function problemOf(bytes: string | Buffer): string {
  try {
    parse(bytes);
  } catch (error) {
    if (isBackupError(error, 'KEY_INVALID')) return error.params.problem;
    throw error;
  }
  return '';
}

describe('a key of one line', () => {
  let folder: string;
  beforeEach(() => {
    folder = makeTemporaryFolder('key');
  });
  afterEach(() => removeTemporaryFolder(folder));

  const content = Buffer.from('what is encrypted with it');
  const salt = Buffer.from('0123456789abcdef', 'hex');
  const lines: [string, string | Buffer, string | Buffer][] = [
    ['with its end', 'correct horse\n', 'correct horse'],
    ['without its end', 'correct horse', 'correct horse'],
    ['of UTF-8', 'Schlüssel, 世界 🌍\n', 'Schlüssel, 世界 🌍'],
    ['with spaces around it', '  spaces \n', '  spaces '],
    ['of spaces only', '   \n', '   '],
    ['with a tab', 'one\ttwo\n', 'one\ttwo'],
    [
      'of high bytes that are no UTF-8',
      Buffer.from([0x80, 0xff, 0xfe, 0xa0, 0x0a]),
      Buffer.from([0x80, 0xff, 0xfe, 0xa0]),
    ],
    ['with a byte order mark', '\ufeffword\n', '\ufeffword'],
    ['of one letter', 'a', 'a'],
    ['that looks like a command for a shell', "$(touch x) `y` 'z' \\ %n\n", "$(touch x) `y` 'z' \\ %n"],
    ['as long as OpenSSL reads', `${'x'.repeat(1023)}\n`, 'x'.repeat(1023)],
  ];

  test.each(lines)('%s is the secret that OpenSSL reads from the same file', async (_story, file, expected) => {
    const key = parse(file);
    if (key.kind !== 'secret') throw new Error('it is no secret');
    expect({ form: key.form, secret: key.secret.equals(Buffer.from(expected)) }).toEqual({
      form: 'line',
      secret: true,
    });
    const [keyFile, sealedFile] = [join(folder, 'key'), join(folder, 'sealed')];
    writeFileSync(keyFile, file);
    const sealer = new BackupSecret(key.secret).sealer(salt);
    await sealer.ready;
    writeFileSync(sealedFile, Buffer.concat([sealer.head, sealer.seal(content)]));
    const way = ['-aes-256-ctr', '-pbkdf2', '-iter', '600000', '-md', 'sha256', '-pass', `file:${keyFile}`];
    expect(execFileSync('openssl', ['enc', '-d', ...way, '-in', sealedFile]).equals(content)).toBe(true);
  });

  test('has memory of its own: what it was read into is used again', () => {
    const bytes = Buffer.from('word\n');
    const key = parseKey(bytes, source);
    bytes.fill(0);
    expect(key).toMatchObject({ kind: 'secret', secret: Buffer.from('word') });
  });
});

describe('a key of other bytes', () => {
  const cases: [string, Buffer][] = [
    ['32 of them', Buffer.from(`00ff0a0d20417f${'c3'.repeat(25)}`, 'hex')],
    ['one zero byte', Buffer.from([0])],
    ['a zero byte in a line', Buffer.from('one\0two\n')],
    ['a line of text, and then others', Buffer.from('A\n\x9c\xff\x01\x02', 'latin1')],
    ['511, the most whose digits OpenSSL reads', Buffer.alloc(511, 1)],
  ];
  test.each(cases)('is their hex digits: %s', (_story, bytes) => {
    const key = parse(bytes);
    expect(key).toMatchObject({ kind: 'secret', form: 'hex' });
    expect(key.kind === 'secret' && key.secret.toString()).toBe(bytes.toString('hex'));
  });

  test('is taken whatever its bytes are, though the first of them may be letters and a line end', () => {
    const random = Buffer.concat([Buffer.from('a\n'), randomBytes(28), Buffer.from([0, 0xff])]);
    expect(parse(random)).toMatchObject({ kind: 'secret', form: 'hex' });
  });
});

describe('no key is', () => {
  const moreLines = 'it has more than one line, or the line ends of Windows';
  const tooLong = 'it is longer than OpenSSL reads (1023 bytes)';
  const cases: [string, string | Buffer, string][] = [
    ['an empty file', '', 'it is empty'],
    ['an empty line', '\n', 'it is empty'],
    ['two lines', 'one\ntwo\n', moreLines],
    ['a line and an empty one', 'one\n\n', moreLines],
    ['the line ends of Windows', 'one\r\n', moreLines],
    ['the line ends of Windows, behind what is no ASCII', 'Schlüssel\r\n', moreLines],
    ['two lines of UTF-8', '鍵\n世界\n', moreLines],
    ['a carriage return alone', 'one\r', moreLines],
    ['an empty line and another', '\none\n', moreLines],
    ['a line that OpenSSL would cut', `${'x'.repeat(1024)}\n`, tooLong],
    ['bytes whose digits OpenSSL would cut', Buffer.alloc(512, 1), tooLong],
  ];
  test.each(cases)('%s', (_story, bytes, problem) => expect(problemOf(bytes)).toBe(problem));
});

describe('PEM', () => {
  const { publicKey, privateKey } = rsaPair(2048);
  const pkcs1 = createPrivateKey(privateKey).export({ type: 'pkcs1', format: 'pem' });
  const encrypted = (how: 'pkcs1' | 'pkcs8'): string =>
    createPrivateKey(privateKey)
      .export({ type: how, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString();
  const noKey = 'it is no RSA key in PEM that opens without a passphrase';

  test.each([
    ['a public key', publicKey, 'public'],
    ['a private key', privateKey, 'private'],
    ['a private key of the older form', pkcs1.toString(), 'private'],
    ['with empty lines before it', `\n \n${publicKey}`, 'public'],
    ['with the line ends of Windows', privateKey.replaceAll('\n', '\r\n'), 'private'],
    ['without the last line end', publicKey.trimEnd(), 'public'],
  ])('is read: %s', (_story, pem, kind) => {
    expect(parse(pem)).toMatchObject({ kind, source });
  });

  test.each([
    ['a private key with a passphrase', encrypted('pkcs8')],
    ['one of the older form', encrypted('pkcs1')],
    ['a key that is cut short', privateKey.slice(0, 400)],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'],
    ['nothing but a first line', '-----BEGIN PRIVATE KEY-----\n'],
  ])('is refused: %s', (_story, pem) => {
    expect(problemOf(pem)).toBe(noKey);
  });

  test('of another kind is a key, and none to wrap a secret to: that is said where one is needed', () => {
    expect(parse(ecPair().privateKey)).toMatchObject({ kind: 'private' });
  });

  test('is never quoted by what is said of it', () => {
    const body = privateKey.split('\n')[5] ?? '';
    const bytes = Buffer.from(privateKey.replace(body, `${body}!`));
    try {
      parseKey(bytes, source);
      throw new Error('it was read');
    } catch (error) {
      if (!isBackupError(error, 'KEY_INVALID')) throw error;
      const { stack, message } = error.cause instanceof Error ? error.cause : { stack: '', message: '' };
      const told = JSON.stringify([error.message, error.hint, error.params, stack, message, error.stack]);
      for (let at = 0; at + 12 <= body.length; at += 1) expect(told).not.toContain(body.slice(at, at + 12));
    }
  });
});

test('a key is called by its source, and by its file', () => {
  expect(nameOf({ name: 'BACKUP_ENCRYPTION_KEY' })).toBe('BACKUP_ENCRYPTION_KEY');
  expect(nameOf({ name: '--encryption-key', file: '/a/key' })).toBe('--encryption-key (/a/key)');
});
