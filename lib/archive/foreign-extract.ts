import { expectRoomFor } from '../core/free-space.ts';
import {
  checkForeignTar,
  countEntry,
  emptyListing,
  expectEmptyFolder,
  noteProblem,
  type ForeignListing,
} from './foreign-check.ts';
import { ForeignNames, type NameRules } from './foreign-names.ts';
import { ForeignStaging } from './foreign-staging.ts';
import { walkForeignTar, type ForeignTarOptions } from './foreign-tar.ts';

export interface ExtractOptions extends ForeignTarOptions, NameRules {
  /** An empty folder that is there already; nobody else writes into it. */
  into: string;
  /** Without those of folders, whoever is not root can move what is in them. All permissions are set by default. */
  modes?: 'all' | 'files';
}

/**
 * Unpacks a foreign tar into an empty folder. All names and links are checked in a first reading, before anything is
 * written; the second one checks them again, so that an archive that changes in between gains nothing. Links are made
 * last, so nothing is ever written through one. Devices and FIFOs are counted, not made; owners, setuid and setgid are
 * not restored. When it throws, the caller removes what the folder holds.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN, DESTINATION_BLOCKED, NO_SPACE, WRITE_FAILED.
 */
export async function extractForeignTar(options: ExtractOptions): Promise<ForeignListing> {
  expectEmptyFolder(options.into);
  expectRoomFor((await checkForeignTar(options)).bytes, options.into, 'unpacking the archive');
  const names = new ForeignNames(options);
  const listing = emptyListing();
  const staging = new ForeignStaging(options);
  await walkForeignTar(options, async (entry, content) => {
    const problem = names.add(entry);
    noteProblem(options.file, problem, listing);
    countEntry(listing, entry);
    await staging.write(entry, content, problem?.kind === 'look-alike');
  });
  noteProblem(options.file, names.finish(), listing);
  staging.finish();
  return listing;
}
