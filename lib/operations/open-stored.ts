import { basename, dirname, join } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { readManifest, readManifestFile } from '../store/manifest-reader.ts';
import { manifestName } from '../store/sealed-names.ts';
import type { StoredBackup } from '../store/store.ts';
import type { OpenBackup } from './opened-backup.ts';
import { manifestMac, readSealedManifest } from './read-sealed-manifest.ts';
import { rememberManifest } from './remember-manifest.ts';
import { accessTo } from './sealed-access.ts';
import { wrappedFilesOf } from './unlock-backup.ts';

/** Opens a backup of a store. */
export function openStored(backup: StoredBackup, keys: KeyRing): OpenBackup {
  const { id, metadata, folder, archive } = backup;
  const locked = { name: id, wrappedFiles: wrappedFilesOf(archive, [folder]) };
  const access = accessTo(keys, locked, metadata, folder === undefined ? [] : [dirname(folder)]);
  const file = join(folder ?? '', manifestName(access.isEncrypted));
  const readBytes = (): AsyncGenerator<Buffer> =>
    access.isEncrypted ? readSealedManifest(file, metadata, access.unlock) : readManifestFile(file);
  return {
    kind: 'backup',
    id,
    metadata,
    ...access,
    ...(folder === undefined ? {} : { folder }),
    ...(archive === undefined ? {} : { archive }),
    readManifestBytes: readBytes,
    readManifest: rememberManifest(async function* () {
      if (folder === undefined) throw new TypeError('a backup of a store has a folder');
      try {
        yield* readManifest(readBytes(), id, metadata.checksum, await manifestMac(metadata, access));
      } catch (error) {
        if (!isSystemError(error, 'ENOENT', 'EISDIR')) throw refusedRead(error, file);
        const problem = `${basename(file)} is missing`;
        throw new BackupError('MANIFEST_DAMAGED', { backup: id, problem }, { cause: error });
      }
    }),
  };
}
