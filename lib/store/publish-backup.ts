import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fsyncPath, writeNewFile } from '../core/durable-files.ts';
import { BackupError } from '../core/errors.ts';
import { machineZone, wallTime } from '../core/local-time.ts';
import { formatMetadata, type Metadata } from './metadata.ts';
import { removeArchive, wrappedKeyFile, wrappedKeyOf } from './sealed-names.ts';
import type { Store } from './store.ts';

/** A backup whose parts are written under temporary names in the store's `.state/tmp`. */
export interface FinishedBackup {
  metadata: Metadata;
  /** The folder that becomes the backup's; it holds the manifest, and the tree where there is no archive. */
  folder: string;
  /** The archive's temporary file, flushed to the disk. */
  archive?: string;
  /** The backup's secret, wrapped to each recipient. */
  wrapped?: Buffer;
  restoreInstructions: string;
}

/**
 * Makes a finished backup visible, in the order that a crash at any point survives: the folder is completed under its
 * temporary name, metadata.json last; then the archive gets its name; then the folder. Until then the store looks as it
 * did before, or holds one more archive, which is a whole backup of its own.
 * @returns the backup's folder.
 */
export function publishBackup(store: Store, backup: FinishedBackup): string {
  const { metadata } = backup;
  writeNewFile(join(backup.folder, 'RESTORE.md'), backup.restoreInstructions, store.modes.file);
  if (backup.wrapped !== undefined) {
    writeNewFile(join(backup.folder, wrappedKeyFile), backup.wrapped, store.modes.file);
  }
  writeNewFile(join(backup.folder, 'metadata.json'), formatMetadata(metadata), store.modes.file);
  fsyncPath(backup.folder);
  const { archive: summary } = metadata;
  const archiveFolder = summary?.folder ?? store.path;
  const archive = summary === undefined ? undefined : join(archiveFolder, summary.file);
  if (backup.archive !== undefined && archive !== undefined) {
    const isElsewhere = summary?.folder !== undefined;
    if (isElsewhere) refuseTaken(archive);
    // Ahead of the archive, which cannot be opened without it.
    if (backup.wrapped !== undefined) {
      if (isElsewhere) refuseTaken(wrappedKeyOf(archive));
      const temporary = wrappedKeyOf(backup.archive);
      writeNewFile(temporary, backup.wrapped, store.modes.file);
      renameSync(temporary, wrappedKeyOf(archive));
    }
    try {
      renameSync(backup.archive, archive);
    } catch (error) {
      if (backup.wrapped !== undefined) rmSync(wrappedKeyOf(archive), { force: true });
      throw error;
    }
    fsyncPath(archiveFolder);
  }
  const folder = join(store.path, metadata.id);
  try {
    renameSync(backup.folder, folder);
  } catch (error) {
    // The run has failed: what it leaves must not look like a backup.
    if (archive !== undefined) removeArchive(archive);
    throw error;
  }
  fsyncPath(store.path);
  return folder;
}

/** Outside of the store somebody else may have put a file there meanwhile. */
function refuseTaken(path: string): void {
  if (!existsSync(path)) return;
  throw new BackupError('WRITE_FAILED', { path, operation: 'writing the archive', reason: 'there is a file already' });
}

/**
 * The file name of a new archive, from the pattern of the settings: `{id}`, `{date}` (20261121), `{time}` (030000, in
 * the time zone given), `{name}`. A name that is taken gets a number.
 */
export function archiveFileName(
  folder: string,
  pattern: string,
  backup: { id: string; name?: string; time: Date; timezone?: string },
  ending: string,
): string {
  const { date, time } = /\{(?:date|time)\}/.test(pattern) ? clockIn(backup.time, backup.timezone) : noClock;
  const filled = pattern
    .replaceAll('{id}', backup.id)
    .replaceAll('{date}', date)
    .replaceAll('{time}', time)
    .replaceAll('{name}', backup.name ?? 'backup');
  // A name comes from the user: it may not lead out of the store, nor hide the archive.
  const tidy = filled.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^(\.+|$)/, '_');
  const base = cutToBytes(tidy, longestBaseBytes);
  const taken = new Set(existsSync(folder) ? readdirSync(folder) : []);
  let candidate = `${base}${ending}`;
  // The key of an archive that was moved away stays what it is.
  const isTaken = (file: string): boolean => taken.has(file) || taken.has(wrappedKeyOf(file));
  for (let number = 2; isTaken(candidate); number += 1) candidate = `${base}_${number}${ending}`;
  return candidate;
}

const noClock = { date: '', time: '' };

/** A moment as the clocks of a time zone show it: `20261121` and `030000`. */
function clockIn(moment: Date, timezone = machineZone()): { date: string; time: string } {
  const digits = new Date(wallTime(moment.getTime(), timezone)).toISOString().replace(/\D/g, '');
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) };
}

/** Filesystems take names of 255 bytes; the ending and a number need some. */
const longestBaseBytes = 220;

/** The longest beginning that has so many bytes at most, no letter cut in two. */
function cutToBytes(text: string, most: number): string {
  let bytes = 0;
  let kept = '';
  for (const letter of text) {
    bytes += Buffer.byteLength(letter);
    if (bytes > most) break;
    kept += letter;
  }
  return kept;
}
