import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { readEmbeddedMetadata } from '../archive/embedded-manifest.ts';
import { detectArchive, type ArchiveKind } from '../archive/foreign-kind.ts';
import { BackupError } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import { KeyRing } from '../crypto/key-ring.ts';
import { idLength, timeOfBackupId } from '../store/backup-id.ts';
import { readMetadata, type Metadata } from '../store/metadata.ts';
import { sealedEnding } from '../store/sealed-names.ts';
import { storedAt } from '../store/store.ts';
import { openLone } from './open-lone.ts';
import { openSealedArchive } from './open-sealed-archive.ts';
import { openStored } from './open-stored.ts';
import type { ForeignBackup, OpenBackup } from './opened-backup.ts';

/** Opens the backup whose archive or folder is at that path. */
export async function openPath(path: string, keys: KeyRing): Promise<OpenBackup | ForeignBackup> {
  try {
    return await lookInto(path, keys);
  } catch (error) {
    throw refusedRead(error, path);
  }
}

async function lookInto(path: string, keys: KeyRing): Promise<OpenBackup | ForeignBackup> {
  const stat = statSync(path);
  if (stat.isDirectory()) {
    const metadata = await readMetadata(path);
    if (metadata === undefined) {
      throw new BackupError('ARCHIVE_UNKNOWN', { archive: path, reason: 'it is a folder without metadata.json' });
    }
    return expectOwnName(path, openStored(storedAt(path, metadata), keys));
  }
  // Whoever opens a FIFO waits for ever.
  if (!stat.isFile()) throw new BackupError('ARCHIVE_UNKNOWN', { archive: path, reason: 'it is no file' });
  const sealed = await openSealedArchive(path, keys);
  const archiveKind = await detectArchive(path, sealed?.opener);
  const own = await readOwnMetadata(path, archiveKind, sealed?.opener);
  if (own !== undefined) return expectOwnName(path, openLone(path, own.metadata, own.endOffset, keys, sealed));
  if (sealed === undefined) return { kind: 'foreign', id: basename(path), archive: path, archiveKind };
  const reason =
    'it is encrypted, and this toolkit did not make it, or somebody changed it; who knows where it comes from decrypts it with openssl';
  throw new BackupError('ARCHIVE_UNKNOWN', { archive: path, reason });
}

/**
 * What is encrypted proves what it is, but not what its file or folder is called: under the ID of another backup it is not the one
 * that was asked for.
 */
function expectOwnName(path: string, backup: OpenBackup): OpenBackup {
  const named = basename(path).slice(0, idLength);
  if (!backup.isEncrypted || named === backup.id || timeOfBackupId(named) === undefined) return backup;
  throw new BackupError('NOT_AUTHENTIC', { backup: path, problem: `it is ${backup.id}, under another one's name` });
}

async function readOwnMetadata(
  path: string,
  kind: ArchiveKind,
  opener?: Opener,
): Promise<{ metadata: Metadata; endOffset: number } | undefined> {
  switch (kind) {
    case 'tar':
      return readEmbeddedMetadata(path, 'none', opener);
    case 'tar.gz':
      return readEmbeddedMetadata(path, 'gzip', opener);
    case 'tar.zst':
      return readEmbeddedMetadata(path, 'zstd', opener);
    case 'tar.bz2':
      return readEmbeddedMetadata(path, 'bzip2', opener);
    case 'tar.xz':
      return readEmbeddedMetadata(path, 'xz', opener);
    case 'zip': {
      const { readZipMetadata } = await import('../archive/zip-payload.ts');
      const metadata = await readZipMetadata(path, opener);
      return metadata === undefined ? undefined : { metadata, endOffset: 0 };
    }
    default:
      return undefined;
  }
}

/**
 * The backups of a store that are whole archives without a folder, too.
 * @param keys without them an encrypted one counts as somebody else's.
 */
export async function openLoneArchives(
  files: readonly string[],
  keys: KeyRing | undefined,
): Promise<(OpenBackup | ForeignBackup)[]> {
  const opened: (OpenBackup | ForeignBackup)[] = [];
  for (const file of files) {
    const unknown = { kind: 'foreign', id: basename(file), archive: file, archiveKind: 'unknown' } as const;
    if (keys === undefined && file.endsWith(sealedEnding)) {
      opened.push(unknown);
      continue;
    }
    try {
      opened.push(await openPath(file, keys ?? KeyRing.without()));
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      opened.push(unknown);
    }
  }
  return opened;
}
