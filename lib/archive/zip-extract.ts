import {
  chmodSync,
  lstatSync,
  lutimesSync,
  realpathSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import extract from 'extract-zip';
import { systemTime } from '../core/file-times.ts';
import { expectRoomFor } from '../core/free-space.ts';
import { BackupError, writeError } from '../core/errors.ts';
import { comparePaths, hasRawBytes, pathToBytes, printablePath, toSystemPath } from '../core/path-bytes.ts';
import { countEntry, emptyListing, expectEmptyFolder, type ForeignListing } from './foreign-check.ts';
import type { NameRules } from './foreign-names.ts';
import { isWriteFailure } from './foreign-staging.ts';
import type { ZipEntry } from './zip-entry.ts';
import { pathOfZipName } from './zip-name.ts';
import { checkedEntries, damaged, zipError } from './zip-records.ts';
import { NameCorrection } from './zip-unmarked-names.ts';
import { mendReadStreams } from './zip-read-streams.ts';

export interface ExtractZipRules extends NameRules {
  /** A zip of this toolkit: names that a zip cannot hold become what they were (`zip-name.ts`). */
  isOurs?: boolean;
  /**
   * Which permissions are set. Without those of folders, whoever is not root can move and remove what they hold;
   * without any, everything can be read as well.
   */
  modes?: 'all' | 'files' | 'none';
  /** Stops between two entries. */
  signal?: AbortSignal;
}

/** Everything but setuid and setgid. */
const keptBits = 0o1777;
/** The type and permission bits as the upper half of a zip's attributes has them. */
const typeMask = 0o170000;

/**
 * Unpacks a zip into an empty folder. Everything is checked before the first byte is written, and every content against
 * its declared size and CRC-32 afterwards; an entry that unpacks to more than it declares is stopped there. Modes
 * (without setuid and setgid, as `rules.modes` says) and times are set; what is neither file, folder nor link is
 * counted and not made. When it throws, the caller removes what the folder holds.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN, DESTINATION_BLOCKED, NO_SPACE, WRITE_FAILED,
 * INTERRUPTED.
 */
export async function extractZip(file: string, staging: string, rules: ExtractZipRules = {}): Promise<ForeignListing> {
  expectEmptyFolder(staging);
  const into = realpathSync(staging);
  const names = new Map<string, string>();
  const listing = await inspected(file, rules, names);
  expectRoomFor(listing.bytes, into, 'unpacking the zip');
  await unpack(file, into, new NameCorrection(names), rules.signal);
  const folders: ZipEntry[] = [];
  const renames = new Map<string, string>();
  for await (const { entry } of checkedEntries(file, rules)) {
    throwIfStopped(rules.signal);
    if (rules.isOurs === true) noteRenames(entry.path, renames);
    if (entry.kind === 'directory') folders.push(entry);
    else await finishEntry(file, into, entry, rules.modes !== 'none');
  }
  for (const [from, to] of deepestFirst([...renames], ([path]) => path)) {
    renameSync(`${into}/${from}`, toSystemPath(`${into}/${to}`));
  }
  for (const folder of deepestFirst(folders, (one) => one.path)) {
    const path = toSystemPath(`${into}/${rules.isOurs === true ? pathOfZipName(folder.path) : folder.path}`);
    if ((rules.modes ?? 'all') === 'all') chmodSync(path, folder.mode & keptBits);
    utimesSync(path, secondsOf(folder), secondsOf(folder));
  }
  return listing;
}

/** @param names gets the names that extract-zip reads in another way. */
async function inspected(file: string, rules: NameRules, names: Map<string, string>): Promise<ForeignListing> {
  const listing = emptyListing();
  for await (const { entry } of checkedEntries(file, rules)) {
    countEntry(listing, entry);
    const { literalName } = entry;
    if (literalName !== undefined) names.set(literalName, literalName.endsWith('/') ? `${entry.path}/` : entry.path);
    if (entry.looksLikeAnother && listing.lookAlikes.length < 100) {
      const reason = 'two names that differ only in case or Unicode form';
      listing.lookAlikes.push({ kind: 'look-alike', path: entry.path, reason });
    }
  }
  return listing;
}

function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new BackupError('INTERRUPTED', {});
}

async function unpack(
  file: string,
  into: string,
  names: NameCorrection,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await extract(file, {
      dir: into,
      // Only for now: a folder without write permission could not be filled. The real modes are set afterwards.
      onEntry: (entry, zip) => {
        throwIfStopped(signal);
        mendReadStreams(zip);
        names.correct(entry, zip);
        // DOS's way to say that it is a folder, which extract-zip compares as a whole.
        if (entry.externalFileAttributes === 16) return;
        const mode = entry.externalFileAttributes >>> 16;
        const open = entry.fileName.endsWith('/') || (mode & typeMask) === 0o040000 ? 0o700 : 0o600;
        entry.externalFileAttributes =
          ((((mode & typeMask) | open) << 16) | (entry.externalFileAttributes & 0xffff)) >>> 0;
      },
    });
    names.removeMisread(into);
  } catch (error) {
    if (isWriteFailure(error)) throw writeError(error, into, 'unpacking');
    throw zipError(file, error);
  }
}

async function finishEntry(file: string, into: string, entry: ZipEntry, setsMode: boolean): Promise<void> {
  const path = `${into}/${entry.path}`;
  const found = lstatSync(path, { throwIfNoEntry: false });
  // extract-zip leaves out what macOS adds to its zips.
  if (found === undefined && entry.path.startsWith('__MACOSX/')) return;
  if (entry.kind === 'special') return unlinkSync(path);
  if (entry.kind === 'symlink') {
    if (found?.isSymbolicLink() !== true) throw notWhatWasChecked(file, entry);
    const target = entry.linkTarget ?? '';
    if (hasRawBytes(target)) {
      unlinkSync(path);
      symlinkSync(pathToBytes(target), path);
    }
    return lutimesSync(path, secondsOf(entry), secondsOf(entry));
  }
  if (found?.isFile() !== true || found.size !== entry.size) throw notWhatWasChecked(file, entry);
  // Neither yauzl nor extract-zip compares it.
  if ((await crcOf(path)) !== entry.crc32) throw damaged(file, `${quoted(entry)} does not have its CRC-32`);
  if (setsMode) chmodSync(path, entry.mode & keptBits);
  utimesSync(path, secondsOf(entry), secondsOf(entry));
}

async function crcOf(path: string): Promise<number> {
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) sum = crc32(chunk as Buffer, sum);
  return sum;
}

/** Every component of a path that has another name in the zip than it had. */
function noteRenames(path: string, renames: Map<string, string>): void {
  if (pathOfZipName(path) === path) return;
  const components = path.split('/');
  components.forEach((_component, index) => {
    const above = components.slice(0, index).join('/');
    const name = components.slice(0, index + 1).join('/');
    const real = pathOfZipName(name).split('/').at(-1) ?? '';
    if (real !== components[index]) renames.set(name, above === '' ? real : `${above}/${real}`);
  });
}

const deepestFirst = <T>(all: T[], pathOf: (one: T) => string): T[] =>
  all.sort((a, b) => comparePaths(pathOf(b), pathOf(a)));

const quoted = (entry: ZipEntry): string => JSON.stringify(printablePath(entry.path));
const notWhatWasChecked = (file: string, entry: ZipEntry): BackupError =>
  damaged(file, `${quoted(entry)} is not what its directory says`);
const secondsOf = (entry: { mtimeNs: bigint }): number | string => systemTime(entry.mtimeNs);
