import { statSync } from 'node:fs';
import { BackupError, isSystemError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { FrameTable } from '../store/frame-table.ts';
import type { ManifestEntry, ManifestHeader } from '../store/manifest.ts';
import { archivePath } from './chain-archives.ts';
import type { OpenBackup } from './opened-backup.ts';

/** The archives of a chain that contents are read from, by their index in the manifest's header. */
export class NeededArchives {
  private readonly indexes = new Set<number>();
  private readonly frames: FrameTable;

  constructor(frames: FrameTable) {
    this.frames = frames;
  }

  note({ at, extents }: ManifestEntry): void {
    if (at !== undefined) this.indexes.add(this.frames.archiveOf(at.frame));
    if (extents === undefined) return;
    for (let index = 0; index < extents.length; index += 3) {
      this.indexes.add(this.frames.archiveOf(extents[index] ?? 0));
    }
  }

  /**
   * Makes sure that the archives that the backup builds on are there; its own is looked at by `restoreCautions`.
   * @param isForced tells of one that is missing or cut short, and does not refuse it.
   * @throws BackupError ARCHIVE_DAMAGED, BACKUP_UNREADABLE
   */
  cautions(backup: OpenBackup, header: ManifestHeader, isForced: boolean): Finding[] {
    const others = [...this.indexes].filter((index) => index !== 0).sort((a, b) => a - b);
    return others.flatMap((index) => {
      const path = archivePath(backup, header, index);
      const expected = this.frames.endOf(index);
      const size = sizeOf(path);
      if (size !== undefined && size >= expected) return [];
      if (!isForced) throw damaged(path, size, expected);
      if (size === undefined) return [finding('archive-missing', { path })];
      return [finding('archive-size', { path, expected: `at least ${expected}`, found: String(size) })];
    });
  }
}

function damaged(archive: string, size: number | undefined, expected: number): BackupError {
  const problem = size === undefined ? 'it is missing' : `${size} bytes where at least ${expected} are expected`;
  const params = { archive, problem, ...(size === undefined ? { isMissing: true, isOfChain: true } : {}) };
  return new BackupError('ARCHIVE_DAMAGED', params, { aftermath: { isUnchanged: true } });
}

function sizeOf(archive: string): number | undefined {
  try {
    return statSync(archive).size;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw refusedRead(error, archive);
    return undefined;
  }
}
