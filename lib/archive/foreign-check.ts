import { lstatSync, readdirSync } from 'node:fs';
import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import type { ForeignEntry } from './foreign-entry.ts';
import { ForeignNames, type NameProblem, type NameRules } from './foreign-names.ts';
import { walkForeignTar, type ForeignTarOptions } from './foreign-tar.ts';

/** What a foreign archive holds, known to be safe to write below a destination. */
export interface ForeignListing {
  files: number;
  folders: number;
  /** Symbolic links; hard links count as files. */
  links: number;
  /** Devices, FIFOs and the like, which nobody writes. */
  special: number;
  /** Bytes of content of all files. */
  bytes: number;
  /** Names that differ only in case or Unicode form, up to 100 of them. */
  lookAlikes: NameProblem[];
}

export const emptyListing = (): ForeignListing => ({
  files: 0,
  folders: 0,
  links: 0,
  special: 0,
  bytes: 0,
  lookAlikes: [],
});

export function countEntry(listing: ForeignListing, entry: ForeignEntry): void {
  if (entry.kind === 'directory') listing.folders += 1;
  else if (entry.kind === 'symlink') listing.links += 1;
  else if (entry.kind === 'special') listing.special += 1;
  else listing.files += 1;
  listing.bytes += entry.size;
}

/**
 * Reads a foreign tar from beginning to end and checks every name and link of it. Nothing is written.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN.
 */
export async function checkForeignTar(options: ForeignTarOptions & NameRules): Promise<ForeignListing> {
  const names = new ForeignNames(options);
  const listing = emptyListing();
  await walkForeignTar(options, (entry) => {
    noteProblem(options.file, names.add(entry), listing);
    countEntry(listing, entry);
  });
  noteProblem(options.file, names.finish(), listing);
  return listing;
}

/** Throws what must not be written; keeps what is only worth telling. */
export function noteProblem(archive: string, problem: NameProblem | undefined, listing: ForeignListing): void {
  if (problem === undefined) return;
  if (problem.kind === 'unsafe') {
    throw new BackupError('UNSAFE_ENTRY', {
      archive,
      path: printablePath(problem.path),
      reason: printablePath(problem.reason),
    });
  }
  if (problem.kind === 'conflict') {
    throw new BackupError('ARCHIVE_DAMAGED', { archive, problem: printablePath(problem.reason) });
  }
  if (listing.lookAlikes.length < 100) listing.lookAlikes.push(problem);
}

/** @throws BackupError DESTINATION_BLOCKED where the folder is not there, not a folder, or not empty. */
export function expectEmptyFolder(path: string): void {
  if (!lstatSync(path).isDirectory())
    throw new BackupError('DESTINATION_BLOCKED', { path, found: 'file', wanted: 'folder' });
  if (readdirSync(path).length > 0) {
    throw new BackupError('DESTINATION_BLOCKED', {
      path,
      found: 'folder with something in it',
      wanted: 'empty folder',
    });
  }
}
