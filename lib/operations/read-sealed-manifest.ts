import { createHash, createHmac, type Hmac } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { BackupError } from '../core/errors.ts';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import { headBytes, saltOf } from '../crypto/salted-layout.ts';
import { readManifestFile } from '../store/manifest-reader.ts';
import type { Metadata } from '../store/metadata.ts';
import type { SealedAccess } from './sealed-access.ts';

/**
 * The uncompressed bytes of an encrypted manifest. Nothing of it is decrypted before the metadata are proven by their MAC, and
 * the file by the hash that they name.
 * @throws BackupError KEY_…, NOT_AUTHENTIC, MANIFEST_DAMAGED
 */
export async function* readSealedManifest(
  file: string,
  metadata: Metadata,
  unlock: () => Promise<BackupSecret>,
): AsyncGenerator<Buffer> {
  const secret = await unlock();
  const { salt, size, sha256 } = hashedFile(file);
  const { manifest, id } = metadata;
  if (manifest === undefined || manifest.size !== size || manifest.sha256 !== sha256 || salt === undefined) {
    const problem = 'the stored manifest does not have the SHA-256 that metadata.json names';
    throw new BackupError('MANIFEST_DAMAGED', { backup: id, problem });
  }
  yield* readManifestFile(file, await secret.opener(salt));
}

/** What the last line of a manifest is checked with; undefined where the backup is not encrypted. */
export async function manifestMac(metadata: Metadata, access: SealedAccess): Promise<Hmac | undefined> {
  const { encryption } = metadata.archive ?? {};
  if (encryption === undefined) return undefined;
  const secret = await access.unlock();
  return createHmac('sha256', await secret.subkey(Buffer.from(encryption.macSalt, 'hex'), 'manifest mac v1'));
}

const readBytes = 1 << 20;

/**
 * Size and hash of a stored file, and the salt that it begins with; undefined where it has no such beginning. What is no file (a
 * FIFO, on which a reader waits for ever) counts as an empty one.
 * @throws the system's error where it cannot be read
 */
export function hashedFile(file: string): { salt: Buffer | undefined; size: number; sha256: string } {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const digest = createHash('sha256');
    const stat = fstatSync(fd);
    const isEmpty = !stat.isFile() && !stat.isDirectory();
    const buffer = Buffer.allocUnsafe(Math.max(headBytes, Math.min(readBytes, stat.size)));
    let size = 0;
    let salt: Buffer | undefined;
    for (;;) {
      const got = isEmpty ? 0 : readSync(fd, buffer, 0, buffer.length, size);
      if (got === 0) return { salt, size, sha256: digest.digest('hex') };
      if (size === 0) salt = saltOf(buffer.subarray(0, got));
      digest.update(buffer.subarray(0, got));
      size += got;
    }
  } finally {
    closeSync(fd);
  }
}
