import { realpathSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { comparePaths, toSystemPath } from '../core/path-bytes.ts';
import type { SourceEntry } from '../core/entry.ts';
import { isSystemError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { linkEndOf } from './link-source.ts';
import { placeSources } from './place-sources.ts';
import { excludeMatcher } from './path-matcher.ts';
import { readNames, statOf } from './read-folder.ts';
import { scan, type FileClass, type ScanOptions } from './scan-folder.ts';
import { fileSourcesOf, globMatcher, type FileSource, type TargetDefinition } from './target-definitions.ts';

export interface TargetScan {
  root: string;
  neverEnter: ReadonlySet<string>;
  classify?: (origin: string, size: number) => FileClass;
  report: (finding: Finding) => void;
  /** Told where each source stands in the backup. */
  onPlaced?: (placed: PlacedFolder) => void;
}

/** A source's path in the backup, and the one below the project root that it came from. */
export interface PlacedFolder {
  path: string;
  origin: string;
  isFolder: boolean;
}

/** A file that is a source of its own: an access log, a database. */
export type FoundFile = Pick<FileSource, 'base'>;

/**
 * The entries of a target's files and folders, sorted by path. What does not exist is reported and skipped. A source
 * that is itself a link is kept as a link, and reported with where it leads: whoever named it wants what is there.
 * @param found files that were found in other ways, each a source of its own.
 * @param made entries that were made for the backup, placed in the target's folder.
 */
export function scanTarget(
  target: TargetDefinition,
  options: TargetScan,
  found: readonly FoundFile[] = [],
  made: readonly SourceEntry[] = [],
): Iterable<SourceEntry> {
  const sources: FileSource[] = [...fileSourcesOf(target), ...found].filter((source) =>
    exists(source, target, options),
  );
  const links = new Set(sources.filter((source) => isLink(source, target, options)));
  const placed = placeSources(target.name, sources, (source) => namesIn(source, options.root));
  const isExcluded = excludeMatcher(target.exclude);
  const walks = placed.map(({ source, place }) => {
    options.onPlaced?.({
      path: place === '' ? target.name : `${target.name}/${place}`,
      origin: source.base,
      isFolder: namesIn(source, options.root) !== undefined,
    });
    // A link in the place of the folder that globs begin in is kept, though they name only what is behind it.
    const isIncluded = links.has(source) ? undefined : globMatcher(source.globs);
    const scanOptions: ScanOptions = {
      root: options.root,
      target: target.name,
      isExcluded,
      neverEnter: options.neverEnter,
      report: options.report,
      ...(isIncluded === undefined ? {} : { isIncluded }),
      ...(options.classify === undefined ? {} : { classify: options.classify }),
    };
    return scan(source.base, place, scanOptions);
  });
  const [only] = walks;
  if (only !== undefined && walks.length === 1 && made.length === 0) return only;
  const inOrder = [...made].sort((a, b) => comparePaths(a.path, b.path));
  return mergeSorted([...walks, inOrder[Symbol.iterator]()]);
}

function exists(source: FileSource, target: TargetDefinition, options: TargetScan): boolean {
  if (source.base === '') return true;
  const path = `${options.root}/${source.base}`;
  const about = { path: source.base, target: target.name };
  if (statOf(path) === undefined) {
    options.report(finding('source-missing', about));
    return false;
  }
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (isInside(parent, options.root)) return true;
  options.report(finding('source-outside', about));
  return false;
}

/** True for a source that is itself a link; says where it leads. */
function isLink(source: FileSource, target: TargetDefinition, options: TargetScan): boolean {
  if (source.base === '') return false;
  const end = linkEndOf(`${options.root}/${source.base}`, options.root);
  if (end === undefined) return false;
  const about = { path: source.base, target: target.name, found: end.path };
  options.report(finding(end.isInside ? 'source-link' : 'source-link-outside', about));
  return true;
}

/** True when the folder, all links followed, is the root or below it. */
function isInside(folder: string, root: string): boolean {
  try {
    const real = realpathSync(toSystemPath(folder)).toString();
    return real === root || real.startsWith(`${root}/`);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return false;
    throw error;
  }
}

function namesIn(source: FileSource, root: string): string[] | undefined {
  const absolute = source.base === '' ? root : `${root}/${source.base}`;
  const stat = statOf(absolute);
  if (stat === undefined || isNativeError(stat) || !stat.isDirectory()) return undefined;
  try {
    return readNames(absolute);
  } catch (error) {
    // The scan reports it.
    if (isSystemError(error, 'EACCES', 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

interface Head {
  entry: SourceEntry;
  walk: Iterator<SourceEntry>;
  /** Of two walks that give the same path, the first one's is taken. */
  rank: number;
}

/** Merges walks that are sorted by path, and gives a path once. */
function* mergeSorted(walks: readonly Iterator<SourceEntry>[]): Generator<SourceEntry> {
  const heads: Head[] = [];
  for (const [rank, walk] of walks.entries()) {
    const next = walk.next();
    if (next.done !== true) heads.push({ entry: next.value, walk, rank });
  }
  let last: string | undefined;
  for (let least = takeLeast(heads); least !== undefined; least = takeLeast(heads)) {
    const { walk, rank } = least;
    const runnerUp = leastOf(heads)?.entry.path;
    // A walk gives many in a row: while it is ahead of the second, nobody else has to be asked.
    for (let { entry } = least; ;) {
      if (entry.path !== last) yield entry;
      last = entry.path;
      const next = walk.next();
      if (next.done === true) break;
      entry = next.value;
      if (runnerUp === undefined || comparePaths(entry.path, runnerUp) < 0) continue;
      heads.push({ entry, walk, rank });
      break;
    }
  }
}

function leastOf(heads: readonly Head[]): Head | undefined {
  let least = heads[0];
  for (const head of heads) {
    if (least === undefined) return undefined;
    const order = comparePaths(head.entry.path, least.entry.path);
    if (order < 0 || (order === 0 && head.rank < least.rank)) least = head;
  }
  return least;
}

function takeLeast(heads: Head[]): Head | undefined {
  const least = leastOf(heads);
  if (least !== undefined) heads.splice(heads.indexOf(least), 1);
  return least;
}
