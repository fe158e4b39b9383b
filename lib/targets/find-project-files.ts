import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { isSystemError, systemCode } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { excludeMatcher, isExcludedWithParents } from './path-matcher.ts';
import { readNames, statOf } from './read-folder.ts';
import { stagingPrefix } from './scan-folder.ts';

/** What a walk through the whole project looks for. */
export interface ProjectFiles {
  /** SQLite databases, and what has to be taken for one. Paths below the project root, sorted. */
  databases: string[];
  /** Files that only have the name of a database. */
  databaseNames: string[];
  certificates: string[];
  accessLogs: string[];
  /** `.env` files: what in them is secret. */
  envFiles: string[];
  /** Folders that could not be looked into, or whose files could not be looked at, with the system's reason. */
  unsearched: { path: string; reason: string }[];
}

/** `database`: to be copied as one. `name`: only called like one, to be kept as an ordinary file. */
export type DatabaseClass = 'database' | 'name';

export interface FindOptions {
  root: string;
  exclude: readonly string[];
  neverEnter: ReadonlySet<string>;
  /** Absent where nobody asks for databases; then no file is looked at. */
  databases?: DatabaseSearch;
}

export interface DatabaseSearch {
  /**
   * Whether a file, given by its path below the root, is a database. `size` in bytes, 0 where it could not be looked
   * at.
   */
  classOf: (origin: string, size: number) => DatabaseClass | undefined;
  /**
   * Folders below the root whose every file a scan is going to look at. So that it is done once, the walk asks only about
   * those in them whose name makes one expect a database; the scan asks about the others.
   */
  scanned: ReadonlySet<string>;
  isExpected: (name: string) => boolean;
}

// Never the project's own data, wherever a project has them; `exclude` can name more.
const neverOwn = new Set(['node_modules', '.git']);

const certificateName = /\.(pem|crt|cer)$/i;
// Compressed ones belong to the logs.
const accessLogName = /(^|[-_.])access([-_.].*)?\.log(\.\d+)?$/i;
const envName = /^\.env(\..+)?$/;
/** Files that show which variables there are, with no values that matter. */
const envSampleName = /\.(example|sample|template|dist|defaults)$/;

/** True for the name of a file that holds a project's secrets: `.env`, `.env.production`; not `.env.example`. */
export function isEnvFileName(name: string): boolean {
  // Asked of each file that there is: most are told by their first letters.
  return name.startsWith('.env') && envName.test(name) && !envSampleName.test(name);
}

type FileKind = 'envFiles' | 'certificates' | 'accessLogs';

/** What a file is looked for as, by its name; undefined for one that may be a database. */
function kindByName(name: string): FileKind | undefined {
  if (isEnvFileName(name)) return 'envFiles';
  if (certificateName.test(name)) return 'certificates';
  return accessLogName.test(name) ? 'accessLogs' : undefined;
}

/** Walks the project once. Links are not followed; what cannot be looked at is named, and stops nothing. */
export function findProjectFiles(options: FindOptions): ProjectFiles {
  const { databases } = options;
  const found = noProjectFiles();
  const isExcluded = excludeMatcher(options.exclude);
  const walk = (folder: string, origin: string, isScannedAbove: boolean): void => {
    let isNoted = false;
    const closed = (reason: string): void => {
      if (!isNoted) found.unsearched.push({ path: origin === '' ? '.' : origin, reason });
      isNoted = true;
    };
    const isScanned = isScannedAbove || databases?.scanned.has(origin) === true;
    const prefix = origin === '' ? '' : `${origin}/`;
    for (const entry of entriesOf(folder, closed)) {
      const name = entry.name;
      if (entry.isDirectory()) {
        const absolute = `${folder}/${name}`;
        if (!isOwn(name) || options.neverEnter.has(absolute) || isExcluded(prefix + name, true)) continue;
        walk(absolute, prefix + name, isScanned);
      } else if (entry.isFile()) {
        const kind = kindByName(name);
        if (kind === undefined && (databases === undefined || (isScanned && isLeftToScan(name, databases)))) continue;
        const path = prefix + name;
        if (isExcluded(path, false)) continue;
        if (kind !== undefined) found[kind].push(path);
        else noteDatabase(path, databases?.classOf(path, sizeOf(`${folder}/${name}`, closed)));
      }
    }
  };
  const noteDatabase = (path: string, databaseClass: DatabaseClass | undefined): void => {
    if (databaseClass === 'database') found.databases.push(path);
    else if (databaseClass === 'name') found.databaseNames.push(path);
  };
  walk(options.root, '', false);
  return found;
}

export function noProjectFiles(): ProjectFiles {
  return { databases: [], databaseNames: [], certificates: [], accessLogs: [], envFiles: [], unsearched: [] };
}

/** A folder that is not the project's own data is not looked into. */
const isOwn = (name: string): boolean => !neverOwn.has(name) && !name.startsWith(stagingPrefix);

/** A scan passes over what is called like a restore's staging folder. */
const isLeftToScan = (name: string, databases: DatabaseSearch): boolean =>
  !databases.isExpected(name) && !name.startsWith(stagingPrefix);

/**
 * True for a file that the walk has left to a scan: one in a scanned folder, that it came by and has not asked about.
 * For the few that matter, as each folder above it is looked at.
 */
export function wasLeftToScan(origin: string, options: FindOptions): boolean {
  const { databases, root } = options;
  const name = origin.slice(origin.lastIndexOf('/') + 1);
  if (databases === undefined || kindByName(name) !== undefined || !isLeftToScan(name, databases)) return false;
  let isScanned = databases.scanned.has('');
  for (let slash = origin.indexOf('/'); slash !== -1; slash = origin.indexOf('/', slash + 1)) {
    const folder = origin.slice(0, slash);
    const absolute = `${root}/${folder}`;
    const stat = statOf(absolute);
    // Behind a link, where a source may begin, the walk does not come by.
    if (stat === undefined || isNativeError(stat) || !stat.isDirectory()) return false;
    if (!isOwn(folder.slice(folder.lastIndexOf('/') + 1)) || options.neverEnter.has(absolute)) return false;
    isScanned ||= databases.scanned.has(folder);
  }
  return isScanned && !isExcludedWithParents(origin, excludeMatcher(options.exclude));
}

type Closed = (reason: string) => void;

/** A folder that may be listed need not let its files be looked at. */
function sizeOf(absolute: string, closed: Closed): number {
  const stat = statOf(absolute);
  if (stat === undefined) return 0;
  if (!isNativeError(stat)) return Number(stat.size);
  closed(systemCode(stat) ?? '');
  return 0;
}

function entriesOf(folder: string, closed: Closed): Dirent[] {
  try {
    const entries = readdirSync(toSystemPath(folder), { withFileTypes: true });
    if (!entries.some((entry) => entry.name.includes('\ufffd'))) return entries;
    return entriesByBytes(folder);
  } catch (error) {
    const reason = systemCode(error);
    if (reason === undefined) throw error;
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) closed(reason);
    return [];
  }
}

/** The same for a folder with names that are not UTF-8: their kinds have to be asked for one by one. */
function entriesByBytes(folder: string): Dirent[] {
  return readNames(folder).flatMap((name) => {
    const stat = lstatSync(toSystemPath(`${folder}/${name}`), { throwIfNoEntry: false });
    if (stat === undefined) return [];
    return [{ name, isDirectory: () => stat.isDirectory(), isFile: () => stat.isFile() } as Dirent];
  });
}
