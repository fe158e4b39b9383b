import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { SourceEntry } from '../core/entry.ts';
import { isSystemError, systemCode } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import { finding } from '../core/findings.ts';
import {
  hasDatabaseName,
  mayBeSqlite,
  isSqliteCompanion,
  readSqliteHeader,
} from '../targets/databases/sqlite-header.ts';
import { certificateReferences } from '../targets/certificate-references.ts';
import { environmentSnapshot } from '../targets/environment-snapshot.ts';
import {
  findProjectFiles,
  isEnvFileName,
  type DatabaseClass,
  type ProjectFiles,
} from '../targets/find-project-files.ts';
import { excludeMatcher, type PathMatcher } from '../targets/path-matcher.ts';
import { readTextFiles } from '../targets/read-text-files.ts';
import { scanTarget, type FoundFile, type PlacedFolder } from '../targets/scan-target.ts';
import { statOf, type FileClass } from '../targets/scan-folder.ts';
import { hasDatabases, type TargetDefinition } from '../targets/target-definitions.ts';
import { realPlace } from './destination-folder.ts';
import type { RunContext } from './run-context.ts';

export interface Collector {
  /** What a walk through the project found. */
  found: ProjectFiles;
  /**
   * The entries of one target, sorted by path; databases are marked, and not copied yet. Targets that look for databases
   * come last (as `defineTargets` gives them): they take in what the ones before them did not.
   */
  entriesOf(target: TargetDefinition): Iterable<SourceEntry>;
}

export interface CollectOptions {
  report: (finding: Finding) => void;
  onPlaced?: (placed: PlacedFolder) => void;
  /** Files below the root that earlier backups hold as databases: they are ones still, whatever their first bytes say now. */
  knownDatabases?: ReadonlySet<string>;
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
  { report, onPlaced = () => undefined, knownDatabases = new Set() }: CollectOptions,
): Collector {
  const { root, storage, exclude } = context.settings;
  // Also when a link inside a target leads to it: a store that stores itself grows with each backup.
  const neverEnter = new Set([storage.path, realPlace(storage.path)]);
  const classOf = (origin: string, size: number): DatabaseClass | undefined =>
    knownDatabases.has(origin) ? 'database' : databaseClass(join(root, origin), size);
  const found = findProjectFiles({ root, exclude, neverEnter, classOf });
  const databases = new Set(found.databases);
  /** Those that the database target takes in: not each one that a target's folder holds is found, or wanted there. */
  const takenIn = new Set<string>();
  for (const target of targets.filter(hasDatabases)) {
    const isExcluded = excludeMatcher(target.exclude);
    for (const origin of found.databases) if (!isExcludedWithParents(origin, isExcluded)) takenIn.add(origin);
  }
  /** Files that only have a database's name and are in the backup already. */
  const kept = new Set<string>();
  const toldSecrets = new Set<string>();
  const leaveSecretOut = (origin: string, target: string): void => {
    if (toldSecrets.has(origin)) return;
    toldSecrets.add(origin);
    report(finding('secrets-left-out', { path: origin, target }));
  };
  const unreadFolders = new Set<string>();
  const reportNoting = (one: Finding): void => {
    if (one.code === 'folder-unreadable') unreadFolders.add(one.path ?? '');
    report(one);
  };
  const reportUnsearched = (target: string): void => {
    for (const { path, reason } of found.unsearched) {
      if (!unreadFolders.has(path)) report(finding('folder-unsearched', { path, target, reason }));
      unreadFolders.add(path);
    }
  };

  return {
    found,
    entriesOf: function* (target) {
      const isExcluded = excludeMatcher(target.exclude);
      const foundFiles: FoundFile[] = [
        ...(target.sources.includes('@access-logs') ? found.accessLogs : []),
        ...(hasDatabases(target) ? [...found.databases, ...found.databaseNames.filter((one) => !kept.has(one))] : []),
      ]
        .filter((base) => !isExcludedWithParents(base, isExcluded))
        .map((base) => ({ base }));
      if (target.sources.includes('@env-files')) {
        for (const origin of found.envFiles) leaveSecretOut(origin, target.name);
      }
      const classify = (origin: string, size: number): FileClass => {
        const name = nameOf(origin);
        if (isEnvFileName(name)) {
          leaveSecretOut(origin, target.name);
          return 'left-out';
        }
        if (isCompanion(root, origin, name, knownDatabases)) return 'left-out';
        const kind = databases.has(origin) ? 'database' : classOf(origin, size);
        if (kind === 'database') return takenIn.has(origin) && !hasDatabases(target) ? 'left-out' : 'database';
        if (kind === 'name' && !kept.has(origin)) {
          kept.add(origin);
          // An empty file is what SQLite makes of a database that nothing was written to yet.
          if (size > 0) report(finding('database-unrecognized', { path: origin, target: target.name }));
        }
        return 'file';
      };
      const options = { root, neverEnter, report: reportNoting, classify, onPlaced };
      yield* scanTarget(target, options, foundFiles, madeEntries(target, context, found, report));
      if (hasDatabases(target)) reportUnsearched(target.name);
    },
  };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A file that was found on its own: no walk has asked for the folders that it is in. */
function isExcludedWithParents(path: string, isExcluded: PathMatcher): boolean {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    if (isExcluded(path.slice(0, slash), true)) return true;
  }
  return isExcluded(path, false);
}

/** A file that may not be read is a database by its name: its copying says what is wrong, instead of nobody. */
function databaseClass(absolute: string, size: number): DatabaseClass | undefined {
  const name = nameOf(absolute);
  const isNamed = hasDatabaseName(name);
  if (mayBeSqlite(name, size) && hasSqliteHeader(absolute, () => isNamed)) return 'database';
  return isNamed ? 'name' : undefined;
}

function hasSqliteHeader(absolute: string, ifUnreadable: () => boolean): boolean {
  try {
    return readSqliteHeader(absolute) !== undefined;
  } catch (error) {
    // A fault of ours, not of the file.
    if (systemCode(error) === undefined) throw error;
    return !isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP') && ifUnreadable();
  }
}

/** True for the `-wal`, `-shm` or `-journal` of a database: its hot copy holds what they hold. */
function isCompanion(root: string, origin: string, name: string, known: ReadonlySet<string>): boolean {
  const database = isSqliteCompanion(name);
  if (database === undefined) return false;
  const path = `${origin.slice(0, -name.length)}${database}`;
  // What it belongs to may be gone, or a folder: then it is a file like any other.
  return (known.has(path) && isFile(join(root, path))) || hasSqliteHeader(join(root, path), () => false);
}

function isFile(absolute: string): boolean {
  const stat = statOf(absolute);
  return stat !== undefined && !isNativeError(stat) && stat.isFile();
}

/** What is made for the backup: the masked environment, the references to certificates. */
function madeEntries(
  target: TargetDefinition,
  context: Pick<RunContext, 'settings' | 'environment'>,
  found: ProjectFiles,
  report: (finding: Finding) => void,
): SourceEntry[] {
  const { root } = context.settings;
  const made: SourceEntry[] = [];
  if (target.sources.includes('@environment')) {
    const dotenvFiles = readTextFiles(root, found.envFiles, target.name, report);
    const runtime = { node: process.version, platform: process.platform, arch: process.arch };
    const content = environmentSnapshot({ environment: context.environment, dotenvFiles, runtime });
    made.push(madeEntry(target.name, 'environment.json', content));
  }
  if (target.sources.includes('@certificates') && found.certificates.length > 0) {
    const files = found.certificates.map((origin) => ({ origin, readFrom: join(root, origin) }));
    const references = certificateReferences(files);
    for (const one of references.findings) report(one);
    made.push(madeEntry(target.name, 'certificates.json', references.json));
  }
  return made;
}

/** An entry without an origin: restored only where asked. */
function madeEntry(target: string, name: string, content: Buffer): SourceEntry {
  // A time of its own would make every backup's copy differ: what is made has none.
  return {
    target,
    path: `${target}/${name}`,
    kind: 'file',
    mode: 0o600,
    mtimeNs: 0n,
    uid: 0,
    gid: 0,
    size: content.length,
    content,
  };
}
