import type { Entry, LiveDatabase } from '../core/entry.ts';
import { longestPath, unsafeReasonHere } from '../core/safe-path.ts';
import { compressions } from '../config/settings.ts';
import type { FrameLine, ManifestEntry, ManifestHeader, ManifestLine } from './manifest.ts';

/*
 * A manifest's lines as text, and back. What is read is checked: a manifest may come from anybody.
 */

/** `<seconds>.<nine digits>`, as pax writes times. */
export function formatTime(ns: bigint): string {
  if (ns >= 1_000_000_000n) {
    const digits = ns.toString();
    return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
  }
  const seconds = ns / 1_000_000_000n;
  const rest = ns % 1_000_000_000n;
  if (rest >= 0n) return `${seconds}.${rest.toString().padStart(9, '0')}`;
  return `${seconds - 1n}.${(rest + 1_000_000_000n).toString().padStart(9, '0')}`;
}

export function parseTime(text: string): bigint {
  const match = /^(-?\d{1,19})\.(\d{9})$/.exec(text);
  if (match === null) throw new TypeError(`not a time: ${JSON.stringify(text.slice(0, 40))}`);
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt(match[2] ?? '0');
}

/**
 * The beginning of an entry's line: all that the system says of it, and nothing of its content. Where a line of an older
 * manifest begins with it, nothing has changed.
 */
export function formatEntryStart(entry: Entry, owner: { uid: number; gid: number }): string {
  const origin = entry.origin === undefined ? '' : `"origin":${jsonString(entry.origin)},`;
  const ctime = entry.ctimeNs === undefined ? '' : `,"ctime":"${formatTime(entry.ctimeNs)}"`;
  const inode = entry.inode === undefined ? '' : `,"inode":"${entry.inode}"`;
  const uid = entry.uid === owner.uid ? '' : `,"uid":${entry.uid}`;
  const gid = entry.gid === owner.gid ? '' : `,"gid":${entry.gid}`;
  const size = entry.kind === 'file' ? `,"size":${entry.size}` : '';
  const mode = entry.mode.toString(8).padStart(4, '0');
  return `{"path":${jsonString(entry.path)},${origin}"kind":"${entry.kind}","mode":"${mode}","mtime":"${formatTime(entry.mtimeNs)}"${ctime}${inode}${uid}${gid}${size}`;
}

// eslint-disable-next-line no-control-regex -- what JSON escapes, and lone surrogates
const needsEscapes = /["\\\u0000-\u001f\ud800-\udfff]/;

/** As JSON.stringify, at half the cost for most paths. */
function jsonString(text: string): string {
  return needsEscapes.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Triples of frame, offset and length on one line of extents. */
const extentsALine = 1024;

/** One entry's line, without the newline, after the lines of its extents. `owner` is the header's. */
export function formatEntry(entry: ManifestEntry, owner: { uid: number; gid: number }): string {
  const { sha256, linkTarget, database, live, at, extents, storedAs } = entry;
  const line = [
    formatEntryStart(entry, owner),
    ...(entry.kind === 'file' && sha256 !== undefined ? [`"sha256":"${sha256}"`] : []),
    ...(linkTarget === undefined ? [] : [`"linkTarget":${JSON.stringify(linkTarget)}`]),
    ...(database === undefined ? [] : [`"database":"${database}"`]),
    ...(live === undefined ? [] : [`"live":${formatLive(live)}`]),
    ...(at === undefined ? [] : [`"at":[${at.frame},${at.offset}]`]),
    ...(extents === undefined ? [] : [`"extents":${extents.length / 3}`]),
    ...(storedAs === undefined ? [] : [`"storedAs":${JSON.stringify(storedAs)}`]),
  ];
  return `${extents === undefined ? '' : formatExtents(extents)}${line.join(',')}}`;
}

function formatExtents(extents: Float64Array): string {
  let lines = '';
  for (let from = 0; from < extents.length; from += extentsALine * 3) {
    lines += `{"extents":[${extents.subarray(from, from + extentsALine * 3).join(',')}]}\n`;
  }
  return lines;
}

function formatLive({ size, changeCounter, wal }: LiveDatabase): string {
  return JSON.stringify({
    size,
    changeCounter,
    ...(wal === undefined
      ? {}
      : {
          wal: {
            size: wal.size,
            mtime: formatTime(wal.mtimeNs),
            inode: wal.inode.toString(),
          },
        }),
  });
}

/**
 * Reads one line.
 * @throws TypeError where it is not a line of a manifest, or names a path that may not be written below a destination.
 */
export function parseManifestLine(text: string, owner: { uid: number; gid: number }): ManifestLine {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new TypeError('a line is no object');
  if ('path' in value) {
    const entry = entryOf(value, owner);
    if (value.extents === undefined) return { type: 'entry', entry };
    return { type: 'entry', entry, extentCount: count(value.extents, 'extents') };
  }
  if ('extents' in value) return { type: 'extents', extents: triplesOf(value.extents) };
  if ('frame' in value) return { type: 'frame', frame: frameOf(value) };
  if ('end' in value && isObject(value.end)) {
    return {
      type: 'end',
      end: { entries: count(value.end.entries, 'entries'), frames: count(value.end.frames, 'frames') },
      ...(value.mac === undefined ? {} : { mac: hash(value.mac) }),
    };
  }
  if ('manifest' in value) return { type: 'header', header: headerOf(value) };
  throw new TypeError('a line is neither header, frame, entry nor end');
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`${name} is no count`);
  return value;
}

function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} is no string`);
  return value;
}

function hash(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw new TypeError('sha256 is no SHA-256');
  return value;
}

function saltOf(value: unknown): string {
  const salt = isObject(value) ? value.salt : undefined;
  if (typeof salt !== 'string' || !/^[0-9a-f]{16}$/.test(salt)) throw new TypeError('salt is no salt');
  return salt;
}

function oneOf<T extends string>(value: unknown, known: readonly T[], name: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new TypeError(`${name} is none of ${known.join(', ')}`);
  return found;
}

/** The largest that Linux knows: the one above it means "nobody". */
const largestOwner = 0xffff_fffe;

function ownerId(value: unknown, name: string): number {
  const id = count(value, name);
  if (id > largestOwner) throw new TypeError(`${name} is no owner`);
  return id;
}

function inodeOf(value: unknown): bigint {
  const digits = string(value, 'inode');
  if (!/^\d{1,20}$/.test(digits)) throw new TypeError('inode is no number');
  return BigInt(digits);
}

function backupId(value: unknown): string {
  const id = string(value, 'backup');
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(id)) throw new TypeError('backup is no ID');
  return id;
}

/** A place to look for an archive. */
function folderOf(value: unknown): string {
  const folder = string(value, 'folder');
  if (!folder.startsWith('/') || folder.includes('\0')) throw new TypeError('folder is no absolute path');
  return folder;
}

function linkTargetOf(value: unknown): string {
  const target = string(value, 'linkTarget');
  if (target.includes('\0') || target.length > longestPath) throw new TypeError('linkTarget is no path');
  return target;
}

/** A target's sources stay below the root: whoever deletes what is extra there goes by them. */
function sourcesOf(value: unknown): string[] {
  const sources = strings(value, 'sources');
  for (const source of sources) {
    const leadsOut = source.startsWith('/') || source.includes('\0') || source.split('/').includes('..');
    if (leadsOut || source.length > longestPath) throw new UnsafePathError(source, 'a source that leads out');
  }
  return sources;
}

function strings(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} is no list`);
  return value.map((one) => string(one, name));
}

function safePath(value: unknown, name: string): string {
  const path = string(value, name);
  const reason = unsafeReasonHere(path);
  if (reason !== undefined) throw new UnsafePathError(path, reason);
  return path;
}

/** A manifest's path that leads out of the destination. */
export class UnsafePathError extends TypeError {
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${JSON.stringify(path)}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}

function headerOf(value: Json): ManifestHeader {
  const owner = isObject(value.owner) ? value.owner : {};
  if (!Array.isArray(value.archives) || !Array.isArray(value.targets)) throw new TypeError('the header has no lists');
  return {
    manifest: count(value.manifest, 'manifest'),
    backup: backupId(value.backup),
    layout: oneOf(value.layout, ['tar', 'zip', 'directory'], 'layout'),
    compression: oneOf(value.compression, compressions, 'compression'),
    archives: value.archives.map((one: unknown) => {
      if (!isObject(one)) throw new TypeError('an archive is no object');
      const file = string(one.file, 'file');
      // eslint-disable-next-line no-control-regex -- a name that ends in commands must not end their line
      if (/^\.{0,2}$|[/\\\u0000-\u001f\u007f]/.test(file)) {
        throw new UnsafePathError(file, 'an archive is named by its name only');
      }
      return {
        backup: backupId(one.backup),
        file,
        ...(one.compression === undefined ? {} : { compression: oneOf(one.compression, compressions, 'compression') }),
        ...(one.folder === undefined ? {} : { folder: folderOf(one.folder) }),
        ...(one.encryption === undefined ? {} : { encryption: { salt: saltOf(one.encryption) } }),
      };
    }),
    owner: { uid: ownerId(owner.uid, 'uid'), gid: ownerId(owner.gid, 'gid') },
    targets: value.targets.map((one: unknown) => {
      if (!isObject(one)) throw new TypeError('a target is no object');
      return {
        name: string(one.name, 'name'),
        sources: sourcesOf(one.sources),
        exclude: strings(one.exclude, 'exclude'),
      };
    }),
  };
}

function frameOf(value: Json): FrameLine {
  return {
    frame: count(value.frame, 'frame'),
    archive: count(value.archive, 'archive'),
    offset: count(value.offset, 'offset'),
    storedSize: count(value.storedSize, 'storedSize'),
    size: count(value.size, 'size'),
    sha256: hash(value.sha256),
  };
}

function triplesOf(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length % 3 !== 0) throw new TypeError('extents are no list of triples');
  return value.map((one) => count(one, 'an extent'));
}

function liveOf(value: unknown): LiveDatabase {
  if (!isObject(value)) throw new TypeError('live is no object');
  const { wal } = value;
  const live: LiveDatabase = { size: count(value.size, 'size'), changeCounter: count(value.changeCounter, 'counter') };
  if (!isObject(wal)) return live;
  return {
    ...live,
    wal: {
      size: count(wal.size, 'size'),
      mtimeNs: parseTime(string(wal.mtime, 'mtime')),
      inode: inodeOf(wal.inode),
    },
  };
}

function entryOf(value: Json, owner: { uid: number; gid: number }): ManifestEntry {
  const kind = oneOf(value.kind, ['file', 'directory', 'symlink'], 'kind');
  const mode = string(value.mode, 'mode');
  if (!/^[0-7]{1,4}$/.test(mode)) throw new TypeError('mode is no mode');
  const entry: ManifestEntry = {
    path: safePath(value.path, 'path'),
    kind,
    mode: Number.parseInt(mode, 8),
    mtimeNs: parseTime(string(value.mtime, 'mtime')),
    uid: value.uid === undefined ? owner.uid : ownerId(value.uid, 'uid'),
    gid: value.gid === undefined ? owner.gid : ownerId(value.gid, 'gid'),
    size: kind === 'file' ? count(value.size, 'size') : 0,
  };
  if (value.origin !== undefined) entry.origin = safePath(value.origin, 'origin');
  if (value.ctime !== undefined) entry.ctimeNs = parseTime(string(value.ctime, 'ctime'));
  if (value.inode !== undefined) entry.inode = inodeOf(value.inode);
  if (kind === 'file') entry.sha256 = hash(value.sha256);
  if (kind === 'symlink') entry.linkTarget = linkTargetOf(value.linkTarget);
  if (value.database !== undefined) entry.database = oneOf(value.database, ['sqlite'], 'database');
  if (value.live !== undefined) entry.live = liveOf(value.live);
  if (value.storedAs !== undefined) entry.storedAs = safePath(value.storedAs, 'storedAs');
  if (Array.isArray(value.at)) {
    entry.at = { frame: count(value.at[0], 'frame'), offset: count(value.at[1], 'offset') };
  }
  return entry;
}
