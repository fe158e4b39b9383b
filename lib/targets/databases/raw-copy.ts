import { chmodSync, constants, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSystemError } from '../../core/errors.ts';
import { hasRawBytes, toSystemPath } from '../../core/path-bytes.ts';
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
  const folder = mkdtempSync(join(hasRawBytes(scratchFolder) ? tmpdir() : scratchFolder, '.sqlite-'));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'database.db');
    const from = [real, ...logsOf(real)];
    const to = [path, ...logsOf(path)];
    const before = from.map(fingerprint);
    const counter = readSqliteHeader(real)?.changeCounter;
    from.forEach((file, index) => {
      const copy = to[index];
      if (before[index] === 'absent' || copy === undefined) return;
      copyFileSync(toSystemPath(file), copy, constants.COPYFILE_FICLONE);
      chmodSync(copy, 0o600);
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
