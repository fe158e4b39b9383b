import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { isNativeError } from 'node:util/types';
import type { SourceEntry } from '../core/entry.ts';
import { isSystemError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { decodePath, toSystemPath } from '../core/path-bytes.ts';
import type { PathMatcher } from './path-matcher.ts';

export interface ScanOptions {
  /** Absolute path of the project root. */
  root: string;
  target: string;
  isExcluded: PathMatcher;
  /** False for files that the source's globs do not name; folders are always looked into. */
  isIncluded?: (origin: string) => boolean;
  /** Folders, absolute, that are never entered: the store. */
  neverEnter: ReadonlySet<string>;
  /** What a file is to be given as, asked of each: a database is to be copied hot, and some are left to others. */
  classify?: (origin: string, size: number) => FileClass;
  report: (finding: Finding) => void;
}

export type FileClass = 'file' | 'database' | 'left-out';

/** What the staging folders of restores are called, beside what they restore: never part of a project. */
export const stagingPrefix = '.ai-backup-restore-';

/**
 * Walks one source depth first, each folder's names in order, so that entries come sorted by path. Links are given as
 * links and never followed.
 * @param origin the file's or folder's path below the root; '' is the root itself, which gives no entry.
 * @param path where it stands in the backup; '' for a folder whose content stands directly in its target.
 */
export function* scan(origin: string, path: string, options: ScanOptions): Generator<SourceEntry> {
  const absolute = origin === '' ? options.root : `${options.root}/${origin}`;
  const stat = statOf(absolute);
  if (stat === undefined) return;
  if (isNativeError(stat)) {
    options.report(
      finding('file-unreadable', { path: origin, target: options.target, reason: systemCode(stat) ?? '' }),
    );
    return;
  }
  yield* scanOne(absolute, origin, path, stat, options);
}

function* scanOne(
  absolute: string,
  origin: string,
  path: string,
  stat: BigIntStats,
  options: ScanOptions,
): Generator<SourceEntry> {
  if (stat.isDirectory()) {
    if (options.neverEnter.has(absolute)) return;
    const folder = origin === '' ? undefined : entryOf('directory', origin, path, stat, options);
    // With globs, a folder is an entry only for what is found in it.
    let isGiven = options.isIncluded === undefined;
    if (isGiven && folder !== undefined) yield folder;
    if (isGiven) {
      yield* scanChildren(absolute, origin, path, options);
      return;
    }
    for (const child of scanChildren(absolute, origin, path, options)) {
      if (!isGiven && folder !== undefined) yield folder;
      isGiven = true;
      yield child;
    }
  } else if (stat.isSymbolicLink()) {
    if (options.isIncluded?.(origin) === false) return;
    const linkTarget = linkTargetOf(absolute);
    if (linkTarget !== undefined) yield { ...entryOf('symlink', origin, path, stat, options), size: 0, linkTarget };
  } else if (stat.isFile()) {
    if (options.isIncluded?.(origin) === false) return;
    const size = Number(stat.size);
    const fileClass = options.classify?.(origin, size) ?? 'file';
    if (fileClass === 'left-out') return;
    const entry = { ...entryOf('file', origin, path, stat, options), size, readFrom: absolute };
    yield fileClass === 'database' ? { ...entry, database: 'sqlite' } : entry;
  } else if (options.isIncluded?.(origin) !== false) {
    options.report(finding('special-file', { path: origin, target: options.target, kind: specialKind(stat) }));
  }
}

function* scanChildren(absolute: string, origin: string, path: string, options: ScanOptions): Generator<SourceEntry> {
  let names: string[];
  try {
    names = readNames(absolute);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return;
    if (systemCode(error) === undefined) throw error;
    const reason = systemCode(error) ?? '';
    options.report(
      finding('folder-unreadable', { path: origin === '' ? '.' : origin, target: options.target, reason }),
    );
    return;
  }
  for (const name of names) {
    if (name.startsWith(stagingPrefix)) continue;
    const childOrigin = origin === '' ? name : `${origin}/${name}`;
    const childAbsolute = `${absolute}/${name}`;
    const stat = statOf(childAbsolute);
    if (stat === undefined) continue;
    if (isNativeError(stat)) {
      const reason = systemCode(stat) ?? '';
      options.report(finding('file-unreadable', { path: childOrigin, target: options.target, reason }));
      continue;
    }
    if (options.isExcluded(childOrigin, stat.isDirectory())) continue;
    yield* scanOne(childAbsolute, childOrigin, path === '' ? name : `${path}/${name}`, stat, options);
  }
}

/** The names in a folder, in order, in the toolkit's string form. */
export function readNames(absolute: string): string[] {
  const system = toSystemPath(absolute);
  let names = readdirSync(system);
  // U+FFFD stands where bytes were not UTF-8 (or, rarely, where a name really holds it): read the bytes themselves.
  if (names.some((name) => name.includes('\ufffd'))) names = readdirSync(system, 'buffer').map(decodePath);
  return names.sort(byCodeUnit);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The file's state; undefined when it vanished; the error when it could not be looked at. */
export function statOf(absolute: string): BigIntStats | Error | undefined {
  try {
    return lstatSync(toSystemPath(absolute), { bigint: true });
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (systemCode(error) === undefined || !isNativeError(error)) throw error;
    return error;
  }
}

function linkTargetOf(absolute: string): string | undefined {
  try {
    return decodePath(readlinkSync(toSystemPath(absolute), 'buffer'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
}

function entryOf(
  kind: SourceEntry['kind'],
  origin: string,
  path: string,
  stat: BigIntStats,
  options: ScanOptions,
): SourceEntry {
  return {
    target: options.target,
    path: path === '' ? options.target : `${options.target}/${path}`,
    origin,
    kind,
    mode: Number(stat.mode) & 0o7777,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    inode: stat.ino,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: 0,
  };
}

function specialKind(stat: BigIntStats): string {
  if (stat.isSocket()) return 'socket';
  if (stat.isFIFO()) return 'FIFO';
  return 'device';
}
