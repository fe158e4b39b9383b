/** Key files as they are found: of all kinds, with all permissions, and not there at all. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isBackupError } from '../../lib/core/errors.ts';
import { readKeyFile } from '../../lib/crypto/key-file.ts';
import { rsaPair } from '../support/rsa-keys.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('key-file');
});
afterEach(() => removeTemporaryFolder(folder));

const read = (file: string): ReturnType<typeof readKeyFile> => readKeyFile({ name: '--encryption-key', file });

function write(name: string, content: string | Buffer, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

function refusalOf(file: string): { code: string; params: object; all: string } {
  try {
    read(file);
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const { code, params, message, hint, stack, cause } = error;
    const below = cause instanceof Error ? [cause.message, cause.stack, JSON.stringify(cause)] : [cause];
    return { code, params, all: JSON.stringify([code, params, message, hint, stack, ...below]) };
  }
  throw new Error('it was read');
}

describe('the permissions of a key file', () => {
  const pem = rsaPair(2048);
  const cases: [string, string, number, string[]][] = [
    ['a secret of its owner alone', 'word\n', 0o600, []],
    ['a secret that its owner may only read', 'word\n', 0o400, []],
    ['a secret of a group', 'word\n', 0o640, ['0640']],
    ['a secret of everybody', 'word\n', 0o644, ['0644']],
    ['a secret that others may write', 'word\n', 0o602, ['0602']],
    ['a private key of everybody', pem.privateKey, 0o644, ['0644']],
    ['a public key of everybody', pem.publicKey, 0o644, []],
  ];
  test.each(cases)('%s', (_story, content, mode, found) => {
    const path = write('key', content, mode);
    expect(read(path).findings).toEqual(
      found.map((one) =>
        expect.objectContaining({ code: 'key-exposed', path, params: expect.objectContaining({ found: one }) }),
      ),
    );
  });

  test('are those of the file that a link leads to', () => {
    symlinkSync(write('open', 'word\n', 0o644), join(folder, 'link'));
    symlinkSync(write('closed', 'word\n', 0o600), join(folder, 'other'));
    expect(read(join(folder, 'link')).findings).toHaveLength(1);
    expect(read(join(folder, 'other')).findings).toEqual([]);
  });
});

describe('a key that is no plain file', () => {
  const word = { key: { kind: 'secret', form: 'line', secret: Buffer.from('word') }, findings: [] };

  test('is read from a descriptor, as a shell hands it over', () => {
    const fd = openSync(write('key', 'word\n'), 'r');
    try {
      expect(read(`/dev/fd/${fd}`)).toMatchObject(word);
    } finally {
      closeSync(fd);
    }
  });

  test('is read from a named pipe, whatever its permissions are', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '666', fifo]);
    // Both ends wait for each other: the writer is another process.
    const written = promisify(execFile)('sh', ['-c', 'exec 3>"$1"; printf wo >&3; printf "rd\\n" >&3', 'sh', fifo]);
    expect(read(fifo)).toMatchObject(word);
    await written;
  });

  test('is never read without an end', () => {
    expect(refusalOf('/dev/zero')).toMatchObject({ code: 'KEY_INVALID', params: { problem: 'it is too large' } });
  });

  test('is no folder', () => {
    mkdirSync(join(folder, 'folder'));
    const file = join(folder, 'folder');
    expect(refusalOf(file)).toMatchObject({
      code: 'KEY_UNREADABLE',
      params: { source: `--encryption-key (${file})`, reason: 'EISDIR' },
    });
  });
});

describe('a key file', () => {
  test('that is larger than any key is refused', () => {
    const file = write('key', Buffer.alloc((1 << 16) + 1, 'x'));
    expect(refusalOf(file)).toMatchObject({ code: 'KEY_INVALID', params: { problem: 'it is too large' } });
  });

  test('that holds no key is named in what is said of it, and its content is not', () => {
    const refused = refusalOf(write('key', 'one secret line\nand another\n'));
    expect(refused).toMatchObject({
      code: 'KEY_INVALID',
      params: { source: `--encryption-key (${join(folder, 'key')})` },
    });
    expect(refused.all).not.toMatch(/secret|another/);
  });

  test.each(['ai-backup.key', 'key.txt', 'a.private.pem', 'KEY.HEX'])('that is missing is named: %s', (name) => {
    const file = join(folder, name);
    expect(refusalOf(file)).toMatchObject({
      code: 'KEY_UNREADABLE',
      params: { source: `--encryption-key (${file})`, reason: 'ENOENT' },
    });
  });

  test.each(['correct horse battery staple', 'f'.repeat(64), 'x'.repeat(5000), 'a/b/c/d'])(
    'that is missing may be the key itself, and is not repeated: %s',
    (given) => {
      const refused = refusalOf(join(folder, given));
      expect(refused).toMatchObject({ code: 'KEY_UNREADABLE', params: { source: '--encryption-key' } });
      expect(refused.all).not.toContain(folder);
      expect(refused.all).not.toContain(given.slice(0, 40));
    },
  );

  test('below what is no folder is not repeated either', () => {
    write('file', '');
    expect(refusalOf(join(folder, 'file', 'secret words'))).toMatchObject({ params: { source: '--encryption-key' } });
  });

  // Permissions do not bind root.
  const asNobody = process.getuid?.() === 0 ? test : test.skip;
  asNobody('that may not be read is named', () => {
    const file = write('key', 'word\n', 0o600);
    chmodSync(folder, 0o755);
    chownSync(file, 0, 0);
    process.seteuid?.(65534);
    try {
      expect(refusalOf(file)).toMatchObject({
        code: 'KEY_UNREADABLE',
        params: { source: `--encryption-key (${file})`, reason: 'EACCES' },
      });
    } finally {
      process.seteuid?.(0);
    }
  });
});
