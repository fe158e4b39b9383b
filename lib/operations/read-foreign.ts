import type { ForeignEntry } from '../archive/foreign-entry.ts';
import { checkForeignTar, countEntry, emptyListing, type ForeignListing } from '../archive/foreign-check.ts';
import { walkForeignTar } from '../archive/foreign-tar.ts';
import { walkZip } from '../archive/zip-reader.ts';
import type { ForeignBackup } from './open-backup.ts';

/**
 * Reads an archive that someone else made to its end, so that all of it is known to be readable and its names safe.
 * @throws BackupError ARCHIVE_UNKNOWN, ARCHIVE_DAMAGED, UNSAFE_ENTRY
 */
export async function readForeign(
  backup: ForeignBackup,
  signal: AbortSignal,
  visit: (entry: Pick<ForeignEntry, 'path' | 'kind' | 'size'>) => void = () => undefined,
): Promise<ForeignListing> {
  const { archive: file } = backup;
  if (backup.archiveKind === 'zip') {
    const listing = emptyListing();
    await walkZip({ file, signal }, async (entry, content) => {
      countEntry(listing, entry);
      visit(entry);
      // Only what is read to its end is compared with its size and CRC-32.
      for await (const _ of content);
    });
    return listing;
  }
  const listing = await checkForeignTar({ file, signal });
  await walkForeignTar({ file, signal }, (entry) => visit(entry));
  return listing;
}
