import { createHmac, type Hmac } from 'node:crypto';
import { BackupError } from '../core/errors.ts';
import { hashFile } from '../core/hash-file.ts';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import { readSalt } from '../crypto/read-salt.ts';
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
  const { size, sha256 } = hashFile(file);
  const salt = readSalt(file);
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
