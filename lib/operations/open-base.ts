import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { BackupError, isBackupError, systemCode } from '../core/errors.ts';
import { BaseManifest } from '../store/base-manifest.ts';
import { readManifestFile } from '../store/manifest-reader.ts';
import { readableManifestFile } from '../store/readable-manifest.ts';
import type { ManifestArchive } from '../store/manifest.ts';
import type { Store } from '../store/store.ts';
import { archivePath } from './chain-archives.ts';
import { isAboutKeys } from './open-environment.ts';
import type { OpenBackup } from './opened-backup.ts';

/** A backup that another one builds on: its manifest, and where its archives are. */
export interface Base {
  backup: OpenBackup;
  manifest: BaseManifest;
  /** The archives that the new backup's manifest names beside its own, oldest first. */
  archives: ManifestArchive[];
  /** When it was begun, by its own clock. */
  begunAtNs: bigint;
}

/**
 * Opens a backup for another one to build on, and makes sure that all archives of its chain are there and not cut short: a
 * backup that builds on what is gone could not be restored.
 * @throws BackupError BASE_UNUSABLE, MANIFEST_DAMAGED, BACKUP_UNREADABLE; KEY_…, NOT_AUTHENTIC where it is encrypted
 */
export async function openBase(backup: OpenBackup, store: Store): Promise<Base> {
  const { id, metadata } = backup;
  const manifest = await openManifest(backup, store);
  const { header } = manifest;
  const paths = header.archives.map((_, index) => archivePath(backup, header, index));
  for (const [index, path] of paths.entries()) {
    const problem = problemOf(path, manifest.frames.endOf(index));
    if (problem !== undefined) throw new BackupError('BASE_UNUSABLE', { backup: id, archive: path, reason: problem });
  }
  const noted = header.archives.map((archive, index): ManifestArchive => {
    // It may have got another name since: what counts is the file that was found.
    const path = paths[index] ?? archive.file;
    const [folder, file] = [dirname(path), basename(path)];
    const { backup: owner } = archive;
    const compression = archive.compression ?? header.compression;
    const sealed = archive.encryption === undefined ? {} : { encryption: archive.encryption };
    return { backup: owner, file, compression, ...(folder === store.path ? {} : { folder }), ...sealed };
  });
  const [own, ...others] = noted;
  return {
    backup,
    manifest,
    archives: own === undefined ? [] : [...others, own],
    begunAtNs: BigInt(Date.parse(metadata.timestamp)) * 1_000_000n,
  };
}

/**
 * What is built on passes for ours from then on, so where there is a key its MAC comes first. Of a backup that is encrypted to
 * recipients this machine may have no key, but a copy of the manifest that it can read; nothing proves that one.
 */
async function openManifest(backup: OpenBackup, store: Store): Promise<BaseManifest> {
  const { id, metadata } = backup;
  const from = (open: () => AsyncIterable<Buffer>): Promise<BaseManifest> =>
    BaseManifest.open({ backup: id, checksum: metadata.checksum, open });
  const readable = readableManifestFile(store, id);
  const isWrapped = metadata.archive?.encryption?.recipients !== undefined;
  if (isWrapped && existsSync(readable) && !(await hasKey(backup))) {
    try {
      return await from(() => readManifestFile(readable));
    } catch (error) {
      // The backup is not damaged where its copy is.
      if (!isBackupError(error, 'MANIFEST_DAMAGED')) throw error;
    }
  }
  if (backup.isEncrypted) await backup.unlock();
  return from(() => backup.readManifestBytes());
}

async function hasKey(backup: OpenBackup): Promise<boolean> {
  try {
    await backup.unlock();
    return true;
  } catch (error) {
    if (isAboutKeys(error)) return false;
    throw error;
  }
}

function problemOf(path: string, end: number): string | undefined {
  try {
    const { size } = statSync(path);
    return size < end ? `it is cut short: ${size} bytes of ${end} or more` : undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? 'it is missing' : code;
  }
}
