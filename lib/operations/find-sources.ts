import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';
import { comparePaths, decodePath, hasRawBytes, toSystemPath } from '../core/path-bytes.ts';
import { mayBeSqlite, readSqliteHeader } from '../targets/databases/sqlite-header.ts';
import { classifySource, type SourceKind } from './classify-source.ts';

/** Something of a host project that a backup should hold. */
export interface FoundSource {
  kind: SourceKind;
  /** A file, folder or glob below the project root. */
  source: string;
  files: number;
  /** Bytes. */
  size: number;
}

export interface SourceScan {
  /** By kind and path. */
  sources: FoundSource[];
  /** Files and folders looked at. */
  entries: number;
  /** False when the bound stopped the walk. */
  complete: boolean;
  /** Folders that could not be opened, below the project root. */
  unreadable: string[];
  /** What looks like data, but cannot be named in settings: not text, or with a glob's own characters in its name. */
  unnameable: string[];
}

export interface FindSourcesOptions {
  /** Folders below the project root that are not walked, such as the store. */
  skip: readonly string[];
  maxEntries: number;
  signal: AbortSignal;
}

/** Folders that are fetched or built again, wherever they stand. */
const rebuiltFolders = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '__pycache__',
  '.venv',
  'venv',
  '.cache',
  '.next',
  '.nuxt',
  '.turbo',
]);

/** What goes into a target's `paths`; the default targets find theirs without. */
const kindsNamedInSettings = new Set<SourceKind>(['plain-logs', 'knowledge', 'uploads', 'data']);

const missing = ['ENOENT', 'ENOTDIR'];
const refused = ['EACCES', 'EPERM'];

/**
 * Walks a project, the upper folders first, so that a bound cuts only what lies deep. Links are not followed. A folder
 * that cannot be opened is named in the result. Throws INTERRUPTED when the signal aborts.
 */
export async function findSources(root: string, options: FindSourcesOptions): Promise<SourceScan> {
  const found = new Map<string, FoundSource>();
  const scan: SourceScan = { sources: [], entries: 0, complete: true, unreadable: [], unnameable: [] };
  const queue: string[] = [''];
  for (let at = 0; at < queue.length && scan.complete; at += 1) {
    const folder = queue[at] ?? '';
    for (const child of await readFolder(root, folder, scan)) {
      if (options.signal.aborted) throw new BackupError('INTERRUPTED', {});
      if (scan.entries >= options.maxEntries) {
        scan.complete = false;
        break;
      }
      scan.entries += 1;
      const path = folder === '' ? child.name : `${folder}/${child.name}`;
      if (child.isFolder) {
        if (!rebuiltFolders.has(child.name) && !options.skip.includes(path)) queue.push(path);
      } else {
        note(root, path, child.name, found, scan);
      }
    }
  }
  scan.sources = [...found.values()].sort((a, b) => compareText(a.kind, b.kind) || comparePaths(a.source, b.source));
  return scan;
}

function note(root: string, path: string, name: string, found: Map<string, FoundSource>, scan: SourceScan): void {
  let size: number;
  try {
    size = lstatSync(toSystemPath(join(root, path))).size;
  } catch (error) {
    if (isSystemError(error, ...missing)) return;
    throw error;
  }
  const isDatabase = mayBeSqlite(name, size) && hasSqliteHeader(join(root, path));
  const known = isDatabase ? ({ kind: 'database', source: path } as const) : classifySource(path);
  if (known === undefined) return;
  if (kindsNamedInSettings.has(known.kind) && !isNameable(known.source)) {
    if (!scan.unnameable.includes(known.source)) scan.unnameable.push(known.source);
    return;
  }
  const key = `${known.kind}\0${known.source}`;
  const source = found.get(key) ?? { ...known, files: 0, size: 0 };
  source.files += 1;
  source.size += size;
  found.set(key, source);
}

/** True for a path that stands in settings for itself, but for the stars that are meant as such. */
function isNameable(source: string): boolean {
  return !hasRawBytes(source) && !/[?[\]{}()!\\]/.test(source);
}

/** A file that vanished or may not be read counts by its name alone: making the backup will say more about it. */
function hasSqliteHeader(path: string): boolean {
  try {
    return readSqliteHeader(path) !== undefined;
  } catch (error) {
    if (isSystemError(error, ...missing, ...refused)) return false;
    throw error;
  }
}

interface Child {
  name: string;
  isFolder: boolean;
}

async function readFolder(root: string, folder: string, scan: SourceScan): Promise<Child[]> {
  try {
    const children = await readdir(toSystemPath(join(root, folder)), { withFileTypes: true, encoding: 'buffer' });
    return children
      .filter((child) => child.isDirectory() || child.isFile())
      .map((child) => ({ name: decodePath(child.name), isFolder: child.isDirectory() }))
      .sort((a, b) => compareText(a.name, b.name));
  } catch (error) {
    if (isSystemError(error, ...missing) && folder !== '') return [];
    if (!isSystemError(error, ...refused)) throw error;
    scan.unreadable.push(folder);
    return [];
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
