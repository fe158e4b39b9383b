import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { isSystemError } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { excludeMatcher } from './path-matcher.ts';
import { readNames, stagingPrefix, statOf } from './scan-folder.ts';

/** What a walk through the whole project looks for. */
export interface ProjectFiles {
  /** SQLite databases, by their header. Paths below the project root, sorted. */
  databases: string[];
  certificates: string[];
  accessLogs: string[];
  /** `.env` files: what in them is secret. */
  envFiles: string[];
}

export interface FindOptions {
  root: string;
  exclude: readonly string[];
  neverEnter: ReadonlySet<string>;
  /** Whether the file at the absolute path is a database; asked only where its name and size make it possible. */
  isDatabase: (absolute: string, name: string, size: number) => boolean;
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

/** Walks the project once. Links are not followed; what cannot be read is skipped: its target's own scan reports it. */
export function findProjectFiles(options: FindOptions): ProjectFiles {
  const found: ProjectFiles = { databases: [], certificates: [], accessLogs: [], envFiles: [] };
  const isExcluded = excludeMatcher(options.exclude);
  const walk = (folder: string, origin: string): void => {
    for (const entry of entriesOf(folder)) {
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
        else if (options.isDatabase(absolute, name, sizeOf(absolute))) found.databases.push(path);
      }
    }
  };
  walk(options.root, '');
  return found;
}

function sizeOf(absolute: string): number {
  // A folder that may be listed need not let its files be looked at.
  const stat = statOf(absolute);
  return stat === undefined || isNativeError(stat) ? 0 : Number(stat.size);
}

function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(toSystemPath(folder), { withFileTypes: true });
    if (!entries.some((entry) => entry.name.includes('\ufffd'))) return entries;
    return entriesByBytes(folder);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'EIO')) return [];
    throw error;
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
