import { getFileNameLowLevel, type Entry } from 'yauzl';
import { unsafeReason } from '../core/safe-path.ts';
import { tidyPath, type ForeignEntry } from './foreign-entry.ts';
import { nameFlags } from './zip-unmarked-names.ts';

/** One entry of a zip, as its directory describes it and its local header confirms. */
export interface ZipEntry extends ForeignEntry {
  kind: 'file' | 'directory' | 'symlink' | 'special';
  /** Bytes that it takes in the zip. */
  storedSize: number;
  crc32: number;
  /** The name by the letter of the format, where that is another one than the path (`zip-unmarked-names.ts`). */
  literalName?: string;
  /** Another entry has this name on filesystems that ignore case or Unicode form. */
  looksLikeAnother: boolean;
}

// The type bits of a Unix mode (POSIX, sys/stat.h), which zips made on Unix keep in the upper half of the attributes.
const typeMask = 0o170000;
const kindOfType: Record<number, ZipEntry['kind']> = {
  0: 'file',
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};
const specialKinds: Record<number, string> = {
  0o010000: 'FIFO',
  0o020000: 'character device',
  0o060000: 'block device',
  0o140000: 'socket',
};

/** Fields of the directory's record, read as extract-zip reads them, so that what is checked is what is written. */
export function zipEntryOf(entry: Entry): ZipEntry {
  const name = nameOf(entry);
  const unixMode = entry.externalFileAttributes >>> 16;
  const type = unixMode & typeMask;
  const madeOnDos = entry.versionMadeBy >> 8 === 0;
  const isFolder = name.endsWith('/') || (madeOnDos && entry.externalFileAttributes === 16);
  const kind = isFolder ? 'directory' : (kindOfType[type] ?? 'special');
  const literalName = literalNameOf(entry);
  return {
    path: tidyPath(name),
    kind,
    mode: unixMode === 0 ? (kind === 'directory' ? 0o755 : 0o644) : unixMode & 0o7777,
    mtimeNs: timeOf(entry),
    size: kind === 'file' ? entry.uncompressedSize : 0,
    storedSize: entry.compressedSize,
    crc32: entry.crc32,
    looksLikeAnother: false,
    ...(literalName === name ? {} : { literalName }),
    ...(kind === 'special' ? { specialKind: specialKinds[type] ?? `type ${type.toString(8)}` } : {}),
  };
}

/** The name that zip programs use: Info-ZIP's Unicode field before the record's own, `\` as `/`. */
function nameOf(entry: Entry): string {
  return getFileNameLowLevel(nameFlags(entry), entry.fileNameRaw, entry.extraFields, false);
}

function literalNameOf(entry: Entry): string {
  return getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
}

function timeOf(entry: Entry): bigint {
  const time = entry.getLastModDate().getTime();
  return Number.isNaN(time) ? 0n : BigInt(time) * 1_000_000n;
}

/** Why the entry's names are dangerous: the one that is used, and the one that another program may use. */
export function unsafeZipName(entry: Entry, path: string): string | undefined {
  const plain = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, [], false);
  for (const name of [path, tidyPath(plain)]) {
    const reason = unsafeReason(name) ?? (/^[A-Za-z]:/.test(name) ? 'absolute Windows path' : undefined);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
