import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { FileKey } from '../../lib/crypto/derive-keys.ts';
import { headBytes } from '../../lib/crypto/salted-layout.ts';
import { SaltedOpener, SaltedSealer } from '../../lib/crypto/salted-stream.ts';
import { seededBytes } from './seeded-bytes.ts';

/** The key of a file, as if it had been derived: that takes its time, and is tested with the keys. */
export const fileKeyOf = (seed: number): FileKey => ({
  key: seededBytes(seed, 32),
  iv: seededBytes(seed, 64).subarray(48),
});

const salt = Buffer.from('0123456789abcdef', 'hex');

export const sealerOf = (key: FileKey): SaltedSealer => new SaltedSealer(key, salt);
export const openerOf = (key: FileKey): SaltedOpener => new SaltedOpener(key);

/** What openssl makes of a file that was encrypted with that key. */
export function opensslOpened(file: string, { key, iv }: FileKey): Buffer {
  const way = ['-aes-256-ctr', '-K', key.toString('hex'), '-iv', iv.toString('hex')];
  return execFileSync('openssl', ['enc', '-d', ...way], {
    input: readFileSync(file).subarray(headBytes),
    maxBuffer: 1 << 28,
  });
}
