import type { SourceEntry } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import { finding } from '../core/findings.ts';
import { hasDatabaseName } from '../targets/databases/sqlite-header.ts';
import {
  findProjectFiles,
  isEnvFileName,
  noProjectFiles,
  wasLeftToScan,
  type DatabaseClass,
  type FindOptions,
  type ProjectFiles,
} from '../targets/find-project-files.ts';
import type { EnvironmentKey } from '../crypto/env-encryption.ts';
import { excludeMatcher, isExcludedWithParents } from '../targets/path-matcher.ts';
import { scanTarget, type FoundFile, type PlacedFolder } from '../targets/scan-target.ts';
import type { FileClass } from '../targets/scan-folder.ts';
import { fileSourcesOf, hasDatabases, hasEnvFiles, type TargetDefinition } from '../targets/target-definitions.ts';
import { databaseClass, isCompanion } from './database-class.ts';
import { realPlace } from './destination-folder.ts';
import { FoundDatabases, inWalkOrder } from './found-databases.ts';
import { MadeEntries } from './made-entries.ts';
import type { RunContext } from './run-context.ts';

export interface Collector {
  /**
   * What a walk through the project found. Its databases are complete only when the targets that hold folders have been
   * gone through: `onDatabase` tells each.
   */
  found: ProjectFiles;
  /**
   * The entries of one target, sorted by path; databases are marked, and not copied yet. Targets that look for databases
   * come last (as `defineTargets` gives them): they take in what the ones before them did not.
   */
  entriesOf(target: TargetDefinition): Promise<Iterable<SourceEntry>>;
}

export interface CollectOptions {
  report: (finding: Finding) => void;
  onPlaced?: (placed: PlacedFolder) => void;
  /** Told of each database that a database target takes in, as soon as it is found: once, and before its entry. */
  onDatabase?: (origin: string) => void;
  /** Files below the root that earlier backups hold as databases: they are ones still, whatever their first bytes say now. */
  knownDatabases?: ReadonlySet<string>;
  /** What `.env` files are encrypted with; without it, each that is met is left out and reported. */
  environmentKey?: EnvironmentKey | undefined;
}

/**
 * Finds what the targets consist of. A database stands in the database target where that takes it in, and in the target
 * whose folder holds it where not; it is always marked as one, for a plain copy of a live database is no backup.
 * A file that only has a database's name stays in the target whose folder holds it, and stands in the database target
 * where there is none.
 */
export function collectEntries(
  context: Pick<RunContext, 'settings' | 'environment'>,
  targets: readonly TargetDefinition[],
  options: CollectOptions,
): Collector {
  const { report, onPlaced = () => undefined, onDatabase = () => undefined, knownDatabases = new Set() } = options;
  const { root, storage, exclude } = context.settings;
  // Also when a link inside a target leads to it: a store that stores itself grows with each backup.
  const neverEnter = new Set([storage.path, realPlace(storage.path)]);
  const classOf = (origin: string, size: number): DatabaseClass | undefined =>
    knownDatabases.has(origin) ? 'database' : databaseClass(root, origin, size);
  const knownNames = new Set([...knownDatabases].map(nameOf));
  const search: FindOptions = { root, exclude, neverEnter };
  if (targets.some(hasDatabases)) {
    const isExpected = (name: string): boolean => hasDatabaseName(name) || knownNames.has(name);
    search.databases = { classOf, scanned: scannedFolders(targets, exclude), isExpected };
  }
  const isAnythingSought = targets.some((target) => target.sources.some((source) => source.startsWith('@')));
  const found = isAnythingSought ? findProjectFiles(search) : noProjectFiles();
  const databases = new FoundDatabases(found, targets, onDatabase);
  const made = new MadeEntries(context, targets, found, { report, key: options.environmentKey });
  /** Files that only have a database's name and are in the backup already. */
  const kept = new Set<string>();
  const toldSecrets = new Set<string>();
  const leaveSecretOut = (origin: string, target: string): void => {
    if (toldSecrets.has(origin) || made.keeps(origin)) return;
    toldSecrets.add(origin);
    const lacksKey = options.environmentKey === undefined && targets.some(hasEnvFiles);
    const why = lacksKey ? {} : { reason: 'no-target' };
    report(finding('secrets-left-out', { path: origin, target, ...why }));
  };
  const unreadFolders = new Set<string>();
  /** The walk would have said so of the folder, had it looked at the file. */
  const noteUnsearched = (origin: string, reason: string): void => {
    const path = folderOf(origin);
    if (found.unsearched.some((one) => one.path === path) || !wasLeftToScan(origin, search)) return;
    found.unsearched.push({ path, reason });
  };
  const reportNoting = (one: Finding): void => {
    if (one.code === 'folder-unreadable') unreadFolders.add(one.path ?? '');
    if (one.code === 'file-unreadable') noteUnsearched(one.path ?? '', one.params.reason ?? '');
    report(one);
  };
  const reportUnsearched = (target: string): void => {
    for (const { path, reason } of found.unsearched.sort((a, b) => inWalkOrder(a.path, b.path))) {
      if (!unreadFolders.has(path)) report(finding('folder-unsearched', { path, target, reason }));
      unreadFolders.add(path);
    }
  };

  return {
    found,
    entriesOf: async (target) => entriesWith(target, await made.of(target)),
  };

  function* entriesWith(target: TargetDefinition, madeOfIt: readonly SourceEntry[]): Generator<SourceEntry> {
    const isExcluded = excludeMatcher(target.exclude);
    const takesDatabases = hasDatabases(target);
    const foundFiles: FoundFile[] = [
      ...(target.sources.includes('@access-logs') ? found.accessLogs : []),
      ...(takesDatabases ? [...found.databases, ...found.databaseNames.filter((one) => !kept.has(one))] : []),
    ]
      .filter((base) => !isExcludedWithParents(base, isExcluded))
      .map((base) => ({ base }));
    if (hasEnvFiles(target)) {
      for (const origin of found.envFiles) {
        if (!isExcludedWithParents(origin, isExcluded)) leaveSecretOut(origin, target.name);
      }
    }
    const classify = (origin: string, size: number): FileClass => {
      if (isEnvFileName(nameOf(origin))) {
        leaveSecretOut(origin, target.name);
        return 'left-out';
      }
      if (isCompanion(root, origin, knownDatabases)) return 'left-out';
      const isFound = databases.has(origin);
      const kind = isFound ? 'database' : classOf(origin, size);
      if (kind === 'database') {
        if (takesDatabases) return 'database';
        if (!isFound && wasLeftToScan(origin, search)) databases.add(origin);
        return databases.isTakenIn(origin) ? 'left-out' : 'database';
      }
      if (kind === 'name' && !kept.has(origin)) {
        kept.add(origin);
        // An empty file is what SQLite makes of a database that nothing was written to yet.
        if (size > 0) report(finding('database-unrecognized', { path: origin, target: target.name }));
      }
      return 'file';
    };
    const scanning = { root, neverEnter, report: reportNoting, classify, onPlaced };
    yield* scanTarget(target, scanning, foundFiles, madeOfIt);
    if (takesDatabases) reportUnsearched(target.name);
  }
}

/**
 * Folders that a target takes in whole, leaving out nothing but what the project leaves out everywhere: its scan looks at
 * each file that the walk would have looked at. A target with databases comes too late for that.
 */
function scannedFolders(targets: readonly TargetDefinition[], exclude: readonly string[]): ReadonlySet<string> {
  const folders = targets
    .filter((target) => !hasDatabases(target) && isSameList(target.exclude, exclude))
    .flatMap((target) => fileSourcesOf(target))
    .filter(({ globs }) => globs === undefined);
  return new Set(folders.map(({ base }) => base));
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((pattern, index) => pattern === other[index]);
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '.' : path.slice(0, slash);
}
