import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readEmbeddedManifest } from '../archive/embedded-manifest.ts';
import { BackupError } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import type { Compression } from '../config/settings.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { readManifest } from '../store/manifest-reader.ts';
import type { Metadata } from '../store/metadata.ts';
import type { SealedArchive } from './open-sealed-archive.ts';
import type { OpenBackup } from './opened-backup.ts';
import { manifestMac } from './read-sealed-manifest.ts';
import { rememberManifest } from './remember-manifest.ts';
import { accessTo } from './sealed-access.ts';
import { wrappedFilesOf } from './unlock-backup.ts';

/** Opens an archive of ours that lies alone, by what it says of itself. @throws BackupError NOT_AUTHENTIC */
export function openLone(
  archive: string,
  metadata: Metadata,
  endOffset: number,
  keys: KeyRing,
  sealed?: SealedArchive,
): OpenBackup {
  const { id, checksum, archive: summary } = metadata;
  const locked = { name: archive, wrappedFiles: wrappedFilesOf(archive, []) };
  const access = accessTo(keys, locked, metadata, [dirname(archive)]);
  if (sealed !== undefined && !access.isEncrypted) {
    throw new BackupError('NOT_AUTHENTIC', {
      backup: archive,
      problem: 'its metadata does not say that it is encrypted',
    });
  }
  const opener = sealed?.opener;
  const readBytes = (): AsyncGenerator<Buffer> => {
    if (metadata.layout === 'zip') return readZipBytes(archive, opener);
    const manifestOffset = summary?.manifestOffset;
    if (manifestOffset === undefined) {
      throw new BackupError('MANIFEST_DAMAGED', {
        backup: archive,
        problem: 'its metadata names no place of the manifest',
      });
    }
    const compression: Compression = summary?.compression ?? 'none';
    return readEmbeddedManifest(archive, { manifestOffset, endOffset, compression, opener });
  };
  return {
    kind: 'backup',
    id,
    // An archive cannot hold its own size.
    metadata: { ...metadata, storedSize: statSync(archive).size },
    archive,
    ...access,
    readManifestBytes: readBytes,
    readManifest: rememberManifest(async function* () {
      yield* readManifest(readBytes(), id, checksum, await manifestMac(metadata, access));
    }),
  };
}

async function* readZipBytes(archive: string, opener?: Opener): AsyncGenerator<Buffer> {
  const { readZipManifest } = await import('../archive/zip-payload.ts');
  yield* readZipManifest(archive, opener);
}
