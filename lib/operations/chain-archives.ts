import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codecOf } from '../archive/codecs.ts';
import { FrameReader } from '../archive/frame-reader.ts';
import { BackupError, isSystemError } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import { readSmallFile, UnfitFile } from '../core/read-small-file.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { ManifestArchive, ManifestHeader } from '../store/manifest.ts';
import { largestMetadataBytes, parseMetadata } from '../store/metadata.ts';
import type { OpenBackup } from './opened-backup.ts';

/**
 * Opens the archive with that index in the manifest's header: the backup's own, or one that it builds on.
 * @throws BackupError ARCHIVE_DAMAGED where the archive is missing, BACKUP_UNREADABLE, CODEC_UNAVAILABLE
 */
export function openArchive(backup: OpenBackup, header: ManifestHeader, index: number): FrameReader {
  const file = archivePath(backup, header, index);
  const archive = header.archives[index];
  const codec = codecOf(archive?.compression ?? header.compression, 'decompress');
  try {
    const salt = archive?.encryption?.salt;
    const opener =
      salt === undefined ? undefined : openerOf(backup, index, { file, backup: archive?.backup ?? '', salt });
    return new FrameReader(file, codec, opener);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'EISDIR')) throw refusedRead(error, file);
    throw new BackupError(
      'ARCHIVE_DAMAGED',
      { archive: file, problem: 'it is missing', isMissing: true },
      { cause: error },
    );
  }
}

async function openerOf(
  backup: OpenBackup,
  index: number,
  archive: { file: string; backup: string; salt: string },
): Promise<Opener> {
  const secret = index === 0 ? await backup.unlock() : await backup.unlockArchive(archive.file, archive.backup);
  return secret.opener(Buffer.from(archive.salt, 'hex'));
}

/** Where that archive lies, or would lie: the first place that has it. */
export function archivePath(backup: OpenBackup, header: ManifestHeader, index: number): string {
  const own = archiveOf(backup);
  const other = header.archives[index];
  if (index === 0 || other === undefined) return own;
  const places = placesOf(backup, own, other);
  // Two archives may have one name, in two folders: the backup's own is never the one that it builds on.
  return places.find((place) => existsSync(place) && !isSameFile(place, own)) ?? places[0] ?? own;
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

export function archiveOf(backup: OpenBackup): string {
  if (backup.archive !== undefined) {
    const stat = statSync(backup.archive, { throwIfNoEntry: false });
    // Metadata may name any place: a device gives bytes without end, and a FIFO makes its reader wait for ever.
    if (stat !== undefined && !stat.isFile() && !stat.isDirectory()) {
      throw new BackupError('ARCHIVE_DAMAGED', { archive: backup.archive, problem: 'it is no file' });
    }
    return backup.archive;
  }
  throw new BackupError('MANIFEST_DAMAGED', { backup: backup.id, problem: 'its metadata names no archive' });
}

/**
 * Beside the backup's own archive; where its backup says now; where it lay when this one was made; in the store. What is
 * written down goes before what a name alone suggests, for other archives may have that name; only an ID is nobody else's.
 */
function placesOf(backup: OpenBackup, own: string, other: ManifestArchive): string[] {
  const stores = [...(backup.folder === undefined ? [] : [dirname(backup.folder)]), ...(backup.stores ?? [])];
  const beside = join(dirname(own), other.file);
  const told = [
    ...stores.flatMap((store) => placeInStore(store, other)),
    ...(other.folder === undefined ? [] : [join(other.folder, other.file)]),
  ];
  const isItsOwnName = other.file.startsWith(other.backup) && existsSync(beside);
  return [...(isItsOwnName ? [beside] : []), ...told, beside, ...stores.map((store) => join(store, other.file))];
}

function placeInStore(store: string, other: ManifestArchive): string[] {
  // A manifest is not to be trusted with more than a name.
  const folder = join(store, basename(other.backup));
  try {
    const { archive } = parseMetadata(
      readSmallFile(join(folder, 'metadata.json'), largestMetadataBytes).toString('utf8'),
      folder,
    );
    return archive === undefined ? [] : [join(archive.folder ?? store, archive.file)];
  } catch (error) {
    if (
      error instanceof BackupError ||
      error instanceof UnfitFile ||
      isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR')
    )
      return [];
    throw error;
  }
}
