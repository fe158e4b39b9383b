import { Header } from 'tar/header';
import { decodePath } from '../core/path-bytes.ts';

import { foreignPath, type ForeignEntry } from './foreign-entry.ts';
import { paxNumber, paxTimeNs, type PaxRecords } from './foreign-pax.ts';
import { ForeignDamage } from './foreign-stream.ts';

/** A header block: numbers and checksum as the `tar` package reads them, names as the bytes that they are. */
export interface TarBlock {
  /** The type flag (POSIX.1-2017, pax, "ustar Interchange Format"), `0` where it is NUL. */
  type: string;
  name: Buffer;
  link: Buffer;
  size: number;
  mode: number;
  mtimeNs: bigint;
}

/** What stands before an entry and speaks of it: pax records, and GNU's long names. */
export interface TarExtension {
  pax: PaxRecords;
  global: PaxRecords;
  longName?: Buffer;
  longLink?: Buffer;
}

/**
 * Reads a header block, or gives undefined for one of zeros.
 * @throws ForeignDamage where its checksum or its numbers are wrong.
 */
export function readTarBlock(bytes: Buffer): TarBlock | undefined {
  let header: Header;
  try {
    header = new Header(bytes);
  } catch (error) {
    // Header throws plain errors, and only about numbers out of range.
    throw new ForeignDamage(`a header is damaged (${(error as Error).message})`, { cause: error });
  }
  if (header.nullBlock && isZeros(bytes)) return undefined;
  if (!header.cksumValid) throw new ForeignDamage('a header’s checksum is wrong');
  const size = header.size ?? (isBlank(bytes.subarray(124, 136)) ? 0 : undefined);
  if (size === undefined || !Number.isSafeInteger(size)) throw new ForeignDamage('a header names no valid size');
  const flag = bytes.toString('latin1', 156, 157);
  return {
    type: flag === '\0' ? '0' : flag,
    name: nameOf(bytes),
    link: untilNul(bytes.subarray(157, 257)),
    size,
    mode: (header.mode ?? 0) & 0o7777,
    mtimeNs: BigInt(Math.floor(validTime(header.mtime) / 1000)) * 1_000_000_000n,
  };
}

/** A time beyond what Date can say is as good as none. */
const validTime = (time: Date | undefined): number =>
  time === undefined || Number.isNaN(time.getTime()) ? 0 : time.getTime();
const isZeros = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);
const isBlank = (field: Buffer): boolean => field.every((byte) => byte === 0 || byte === 0x20);

function untilNul(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

function nameOf(bytes: Buffer): Buffer {
  const name = untilNul(bytes.subarray(0, 100));
  // GNU's own magic is `ustar  `; it keeps other things where POSIX has the prefix.
  if (bytes.toString('latin1', 257, 263) !== 'ustar\0') return name;
  const prefix = untilNul(bytes.subarray(345, 500));
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

const kinds: Record<string, ForeignEntry['kind']> = {
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
  D: 'directory',
};

const specialKinds: Record<string, string> = { '3': 'character device', '4': 'block device', '6': 'FIFO' };

/**
 * Puts a header and what stands before it together.
 * @returns the entry, and how many bytes of content follow.
 * @throws ForeignDamage where tar programs would read them differently: that is how one archive shows two faces.
 */
export function entryOf(header: TarBlock, before: TarExtension): { entry: ForeignEntry; bodySize: number } {
  const { pax, global } = before;
  const name = overridden(header.name, before.longName, pax.get('path'), 'names');
  const link = overridden(header.link, before.longLink, pax.get('linkpath'), 'link targets');
  const isFolder = header.type === '5' || (header.type === '0' && name.at(-1) === 0x2f);
  const kind = isFolder ? 'directory' : (kinds[header.type] ?? 'special');
  const bodySize = header.type === '5' ? 0 : (paxNumber(pax, 'size') ?? header.size);
  const isLink = kind === 'hardlink' || kind === 'symlink';
  // Some tar programs take such content for the next header, some do not: what they agree on has none.
  const isEmpty = isLink || isFolder || header.type in specialKinds;
  if (isEmpty && bodySize > 0) throw new ForeignDamage(`a ${specialKinds[header.type] ?? kind} claims to have content`);
  const path = foreignPath(name);
  return {
    bodySize,
    entry: {
      path,
      kind,
      mode: header.mode,
      mtimeNs: paxTimeNs(pax, 'mtime') ?? paxTimeNs(global, 'mtime') ?? header.mtimeNs,
      size: kind === 'file' ? bodySize : 0,
      ...(isLink ? { linkTarget: kind === 'hardlink' ? foreignPath(link) : decodePath(link) } : {}),
      ...(kind === 'special'
        ? { specialKind: specialKinds[header.type] ?? `entry of type ${JSON.stringify(header.type)}` }
        : {}),
    },
  };
}

function overridden(plain: Buffer, gnu: Buffer | undefined, pax: Buffer | undefined, what: string): Buffer {
  if (gnu !== undefined && pax !== undefined && !gnu.equals(pax)) throw new ForeignDamage(`an entry has two ${what}`);
  return pax ?? gnu ?? plain;
}
