import { chmodSync, constants, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../core/errors.ts';
import { decodePath, toSystemPath } from '../../core/path-bytes.ts';
import { readSqliteHeader, sqliteCompanions } from './sqlite-header.ts';
import { SqliteJobError } from './sqlite-job.ts';

/** Bytes of a database that nobody was writing, with what belongs to it. */
export interface RawCopy {
  path: string;
  dispose(): void;
}

/**
 * Copies a database's file, log and journal into a new folder below `scratchFolder`: the last resort, for a database
 * that SQLite cannot open where it is. Throws `SqliteJobError` (`busy`) when any of them changed meanwhile.
 */
export function copyRaw(real: string, scratchFolder: string): RawCopy {
  const folder = makeFolderIn(scratchFolder);
  const dispose = (): void => rmSync(toSystemPath(folder), { recursive: true, force: true });
  try {
    const path = join(folder, 'database.db');
    const from = [real, ...logsOf(real)];
    const to = [path, ...logsOf(path)];
    const before = from.map(fingerprint);
    const counter = readSqliteHeader(real)?.changeCounter;
    from.forEach((file, index) => {
      const copy = to[index];
      if (before[index] === 'absent' || copy === undefined) return;
      copyFileSync(toSystemPath(file), toSystemPath(copy), constants.COPYFILE_FICLONE);
      chmodSync(toSystemPath(copy), 0o600);
    });
    const isUnchanged = from.every((file, index) => fingerprint(file) === before[index]);
    if (!isUnchanged || readSqliteHeader(real)?.changeCounter !== counter) {
      throw new SqliteJobError('busy', 'the file changed while it was copied');
    }
    return { path, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Private, and in the scratch folder whatever its name: what is in a database does not go among the system's temporary files. */
function makeFolderIn(scratchFolder: string): string {
  // Node takes bytes here as everywhere; the types of its oldest version that we support do not say so.
  const prefix = toSystemPath(join(scratchFolder, '.sqlite-')) as string;
  return decodePath(mkdtempSync(prefix, { encoding: 'buffer' }));
}

/** The shared memory is only an index of the log, made anew when it is missing. */
function logsOf(path: string): string[] {
  const { wal, journal } = sqliteCompanions(path);
  return [wal, journal];
}

function fingerprint(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(toSystemPath(path), { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'absent';
    throw error;
  }
}
