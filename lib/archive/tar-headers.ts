import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { hasRawBytes, pathToBytes } from '../core/path-bytes.ts';

/** What a tar header says about an entry. Paths are in the toolkit's string form (`path-bytes.ts`). */
export interface TarHeaderEntry {
  path: string;
  kind: 'file' | 'directory' | 'symlink';
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  /** Nanoseconds since 1970; the header keeps whole seconds, rounded down. */
  mtimeNs: bigint;
  uid: number;
  gid: number;
  /** Bytes of content: 0 for folders and links. */
  size: number;
  linkTarget?: string;
}

const block = 512;

/** Bytes of zeros that follow `size` bytes of content, up to the next block. */
export function tarPadding(size: number): number {
  return (block - (size % block)) % block;
}

/** The exact number of bytes that `encodeTarHeader` writes for this entry. */
export function tarHeaderSize(entry: TarHeaderEntry): number {
  if (fitsUstar(entry)) return block;
  const body = paxBodyOf(entry);
  return body === undefined ? block : 2 * block + body.length + tarPadding(body.length);
}

/**
 * Writes an entry's header into a buffer, with a pax extended header before it where the plain one cannot hold what the
 * entry says.
 * @returns the bytes written, a multiple of 512.
 * @throws RangeError where the buffer has not enough room; nothing is written then.
 */
export function encodeTarHeader(entry: TarHeaderEntry, into: Buffer, at: number): number {
  const body = fitsUstar(entry) ? undefined : paxBodyOf(entry);
  const paxBytes = body === undefined ? 0 : block + body.length + tarPadding(body.length);
  if (at < 0 || at + paxBytes + block > into.length) {
    throw new RangeError(`a tar header of ${paxBytes + block} bytes does not fit at ${at} of ${into.length}`);
  }
  if (body !== undefined) writePax(body, into, at, paxBytes);
  writeUstar(entry, into, at + paxBytes);
  return paxBytes + block;
}

// Fields of a header block (POSIX.1-2017, pax, "ustar Interchange Format").
const nameBytes = 100;
const linkOffset = 157;
const checksumOffset = 148;
/** What Header writes as octal digits; above it, and below zero, it writes GNU's base 256, and pax says it for everyone else. */
const maxSize = 0o77777777777;
const maxOwner = 0o7777777;
/** The range of Date in seconds, which Header takes times as. */
const maxSeconds = 8_640_000_000_000;

// eslint-disable-next-line no-control-regex -- what ustar holds without pax is ASCII
const ascii = /^[\u0000-\u007f]*$/;
const isShortAscii = (text: string, limit: number): boolean => text.length <= limit && ascii.test(text);

/** The common case, told without encoding anything; two bytes below the field's end leave room for a folder's slash. */
function fitsUstar(entry: TarHeaderEntry): boolean {
  return (
    isShortAscii(entry.path, nameBytes - 2) &&
    (entry.linkTarget === undefined || isShortAscii(entry.linkTarget, nameBytes)) &&
    numbersFit(entry)
  );
}

function numbersFit(entry: TarHeaderEntry): boolean {
  return entry.size <= maxSize && ownerFits(entry.uid) && ownerFits(entry.gid) && timeFits(secondsOf(entry));
}

const ownerFits = (id: number): boolean => id >= 0 && id <= maxOwner;
const timeFits = (seconds: number): boolean => seconds >= 0 && seconds <= maxSize;

/** Whole seconds, rounded down also before 1970, within what Date can say. */
function secondsOf(entry: TarHeaderEntry): number {
  const { mtimeNs } = entry;
  const towardsZero = Number(mtimeNs / 1_000_000_000n);
  const seconds = mtimeNs < 0n && mtimeNs % 1_000_000_000n !== 0n ? towardsZero - 1 : towardsZero;
  return Math.max(-maxSeconds, Math.min(maxSeconds, seconds));
}

function headerPath(entry: TarHeaderEntry): string {
  return entry.kind === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
}

/** Stands for bytes that are not UTF-8 while Pax counts a record's length; the real ones take its place afterwards. */
const placeholder = (bytes: Buffer): string => 'x'.repeat(bytes.length);

/** The records that this entry needs, or undefined where it needs none. */
function paxBodyOf(entry: TarHeaderEntry): Buffer | undefined {
  const path = headerPath(entry);
  const needsPath = pathNeedsPax(path);
  const link = entry.linkTarget;
  const needsLink = link !== undefined && linkNeedsPax(link);
  const rawPath = needsPath && hasRawBytes(path) ? pathToBytes(path) : undefined;
  const rawLink = needsLink && hasRawBytes(link) ? pathToBytes(link) : undefined;
  const seconds = secondsOf(entry);
  const records = new Pax({
    ...(needsPath ? { path: rawPath === undefined ? path : placeholder(rawPath) } : {}),
    ...(needsLink ? { linkpath: rawLink === undefined ? link : placeholder(rawLink) } : {}),
    ...(entry.size > maxSize ? { size: entry.size } : {}),
    ...(ownerFits(entry.uid) ? {} : { uid: entry.uid }),
    ...(ownerFits(entry.gid) ? {} : { gid: entry.gid }),
    ...(timeFits(seconds) ? {} : { mtime: new Date(seconds * 1000) }),
  }).encodeBody();
  if (records === '') return undefined;
  if (rawPath === undefined && rawLink === undefined) return Buffer.from(records);
  // Not UTF-8: POSIX has the record `hdrcharset` for that, which Pax does not know.
  const body = Buffer.from(`21 hdrcharset=BINARY\n${records}`);
  // Pax writes the path first and the link's target as its last text, so neither finds itself inside of the other.
  if (rawPath !== undefined) rawPath.copy(body, body.indexOf(' path=') + ' path='.length);
  if (rawLink !== undefined) rawLink.copy(body, body.lastIndexOf(' linkpath=x') + ' linkpath='.length);
  return body;
}

function pathNeedsPax(path: string): boolean {
  if (hasRawBytes(path)) return pathToBytes(path).length > nameBytes;
  if (!ascii.test(path)) return true;
  if (path.length < nameBytes) return false;
  if (!headerSplits(path)) return true;
  if (path === lastLongPath) return lastLongPathNeedsPax;
  scratch.fill(0);
  lastLongPath = path;
  lastLongPathNeedsPax = new Header({ path, type: 'File' }).encode(scratch);
  return lastLongPathNeedsPax;
}

// Only Header knows where it can cut a long path in two. Each path is asked about twice: for its size and for its bytes.
let lastLongPath = '';
let lastLongPathNeedsPax = false;

/** Header cuts a long path well but for two: it writes `./` before a name without a folder, and loses a folder's slash. */
const headerSplits = (path: string): boolean => path.includes('/') && !path.endsWith('/');

const scratch = Buffer.alloc(block);

function linkNeedsPax(link: string): boolean {
  if (hasRawBytes(link)) return pathToBytes(link).length > nameBytes;
  return !isShortAscii(link, nameBytes);
}

function writePax(body: Buffer, into: Buffer, at: number, paxBytes: number): void {
  into.fill(0, at, at + paxBytes);
  new Header({
    path: 'PaxHeader/entry',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: new Date(0),
    type: 'ExtendedHeader',
  }).encode(into, at);
  body.copy(into, at + block);
}

const typeOf = { file: 'File', directory: 'Directory', symlink: 'SymbolicLink' } as const;

// One header for all entries: making one costs as much as encoding it.
const header = new Header({ type: 'File' });
const mtime = new Date(0);
header.mtime = mtime;

function writeUstar(entry: TarHeaderEntry, into: Buffer, at: number): void {
  const path = headerPath(entry);
  const link = entry.linkTarget ?? '';
  const rawPath = hasRawBytes(path) ? pathToBytes(path) : undefined;
  const rawLink = hasRawBytes(link) ? pathToBytes(link) : undefined;
  header.path = rawPath === undefined ? path : 'x';
  header.linkpath = rawLink === undefined ? link : 'x';
  header.mode = entry.mode & 0o7777;
  header.uid = entry.uid;
  header.gid = entry.gid;
  header.size = entry.kind === 'file' ? entry.size : 0;
  header.type = typeOf[entry.kind];
  mtime.setTime(secondsOf(entry) * 1000);
  into.fill(0, at, at + block);
  header.encode(into, at);
  if (rawPath === undefined && rawLink === undefined) return;
  if (rawPath !== undefined) putField(into, at, rawPath);
  if (rawLink !== undefined) putField(into, at + linkOffset, rawLink);
  putChecksum(into, at);
}

/** Bytes that are not UTF-8, in a field; what does not fit is said by pax. */
function putField(into: Buffer, at: number, bytes: Buffer): void {
  into.fill(0, at, at + nameBytes);
  bytes.copy(into, at, 0, nameBytes);
}

function putChecksum(into: Buffer, at: number): void {
  into.fill(0x20, at + checksumOffset, at + checksumOffset + 8);
  let sum = 0;
  for (let index = at; index < at + block; index += 1) sum += into[index] ?? 0;
  into.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + checksumOffset, 'latin1');
}
