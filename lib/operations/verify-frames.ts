import { createHash } from 'node:crypto';
import { Breather } from '../core/breather.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import type { FrameTable } from '../store/frame-table.ts';
import type { ManifestHeader } from '../store/manifest.ts';
import { openArchive } from './chain-archives.ts';
import { frameDamaged } from './frame-damaged.ts';
import type { OpenBackup } from './opened-backup.ts';

/**
 * What was found in archives that backups build on, by the archive's path and its frames: many backups of a store build on the
 * same ones, and each is to be read once.
 */
export type ProvenArchives = Map<string, readonly Finding[]>;

/** The same for the same frames of the same file only: a manifest that names others is not answered by this one. */
export function keyOfFrames(path: string, frames: FrameTable, archive: number): string {
  const digest = createHash('sha256');
  for (const at of frames.framesOf(archive)) {
    const { offset, storedSize, sha256 } = frames.get(at);
    digest.update(`${offset} ${storedSize} ${sha256}\n`);
  }
  return `${path} ${digest.digest('hex')}`;
}

export interface FramesCheck {
  backup: OpenBackup;
  header: ManifestHeader;
  frames: FrameTable;
  signal: AbortSignal;
}

/**
 * Reads the frames of one archive of a backup's chain as they are stored, and gives those whose hashes are not the manifest's.
 * @param path what findings call the archive.
 * @param onBytes told of what is proven.
 * @throws BackupError INTERRUPTED, BACKUP_UNREADABLE, ARCHIVE_DAMAGED where the archive is missing
 */
export async function* damagedFrames(
  { backup, header, frames, signal }: FramesCheck,
  archive: number,
  path: string,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Finding> {
  const breather = new Breather();
  const reader = openArchive(backup, header, archive);
  try {
    for (const frame of frames.framesOf(archive)) {
      await breather.pause();
      if (signal.aborted) throw new BackupError('INTERRUPTED', {});
      try {
        onBytes(reader.readStored(frames.get(frame)).length);
      } catch (error) {
        if (!isBackupError(error, 'ARCHIVE_DAMAGED')) throw error;
        yield frameDamaged(path, frame, error.params.problem);
      }
    }
  } finally {
    reader.close();
  }
}
