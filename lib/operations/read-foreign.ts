import type { ForeignEntry } from '../archive/foreign-entry.ts';
import { checkForeignTar, countEntry, emptyListing, type ForeignListing } from '../archive/foreign-check.ts';
import { walkForeignTar } from '../archive/foreign-tar.ts';
import { inspectZip, walkZip } from '../archive/zip-reader.ts';
import type { ForeignBackup } from './opened-backup.ts';

/**
 * Reads an archive that someone else made to its end, so that all of it is known to be readable and its names safe.
 * @throws BackupError ARCHIVE_UNKNOWN, ARCHIVE_DAMAGED, UNSAFE_ENTRY
 */
export async function readForeign(backup: ForeignBackup, signal: AbortSignal): Promise<ForeignListing> {
  const { archive: file } = backup;
  if (backup.archiveKind !== 'zip') return checkForeignTar({ file, signal });
  const listing = emptyListing();
  await walkZip({ file, signal }, async (entry, content) => {
    countEntry(listing, entry);
    // Only what is read to its end is compared with its size and CRC-32.
    for await (const _ of content);
  });
  return listing;
}

/** Gives the entries of an archive that `readForeign` has proven, one at a time. */
export async function listForeign(
  backup: ForeignBackup,
  signal: AbortSignal,
  visit: (entry: Pick<ForeignEntry, 'path' | 'kind' | 'size'>) => void,
): Promise<void> {
  const { archive: file } = backup;
  if (backup.archiveKind !== 'zip') {
    await walkForeignTar({ file, signal }, (entry) => visit(entry));
    return;
  }
  for await (const entry of inspectZip(file)) {
    signal.throwIfAborted();
    visit(entry);
  }
}
