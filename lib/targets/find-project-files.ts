import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { isSystemError, systemCode } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { excludeMatcher } from './path-matcher.ts';
import { readNames, stagingPrefix, statOf } from './scan-folder.ts';

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
  /**
   * Whether a file, given by its path below the root, is a database. `size` in bytes, 0 where it could not be looked
   * at.
   */
  classOf: (origin: string, size: number) => DatabaseClass | undefined;
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
  return envName.test(name) && !envSampleName.test(name);
}

/** Walks the project once. Links are not followed; what cannot be looked at is named, and stops nothing. */
export function findProjectFiles(options: FindOptions): ProjectFiles {
  const found: ProjectFiles = {
    databases: [],
    databaseNames: [],
    certificates: [],
    accessLogs: [],
    envFiles: [],
    unsearched: [],
  };
  const isExcluded = excludeMatcher(options.exclude);
  const walk = (folder: string, origin: string): void => {
    let isNoted = false;
    const closed = (reason: string): void => {
      if (!isNoted) found.unsearched.push({ path: origin === '' ? '.' : origin, reason });
      isNoted = true;
    };
    for (const entry of entriesOf(folder, closed)) {
      const name = entry.name;
      const path = origin === '' ? name : `${origin}/${name}`;
      const absolute = `${folder}/${name}`;
      if (entry.isDirectory()) {
        if (
          neverOwn.has(name) ||
          name.startsWith(stagingPrefix) ||
          options.neverEnter.has(absolute) ||
          isExcluded(path, true)
        )
          continue;
        walk(absolute, path);
      } else if (entry.isFile() && !isExcluded(path, false)) {
        if (isEnvFileName(name)) found.envFiles.push(path);
        else if (certificateName.test(name)) found.certificates.push(path);
        else if (accessLogName.test(name)) found.accessLogs.push(path);
        else noteDatabase(path, sizeOf(absolute, closed));
      }
    }
  };
  const noteDatabase = (path: string, size: number): void => {
    const databaseClass = options.classOf(path, size);
    if (databaseClass === 'database') found.databases.push(path);
    else if (databaseClass === 'name') found.databaseNames.push(path);
  };
  walk(options.root, '');
  return found;
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
