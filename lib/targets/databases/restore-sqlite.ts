import { resolve } from 'node:path';
import { BackupError } from '../../core/errors.ts';
import { printablePath } from '../../core/path-bytes.ts';
import { removeCopy } from './remove-copy.ts';
import { runSqliteJob } from './sqlite-process.ts';
import { whileBusy, type Patience } from './while-busy.ts';

export interface SqliteRestoreRequest extends Patience {
  /**
   * A whole, checked database that nobody else uses. Its folder is used for a second copy while the result is compared.
   */
  staged: string;
  /** The existing database that gets its content. */
  live: string;
  onProgress?: (bytes: number, totalBytes: number) => void;
}

/** How the content of the live database was proven. */
export interface SqliteRestoreProof {
  pages: number;
  /**
   * True when every page was read back and equals the staged one. False when an application that stayed open has
   * already written again after the restore: then the restore's commit and the database's integrity are proven.
   */
  isIdentical: boolean;
}

/**
 * Puts a staged database's content into an existing one by the online backup API: in one transaction, so that processes
 * which have it open see the old content or the new, and no log of the old one survives.
 *
 * Throws DATABASE_LOCKED when the live database stays locked, DATABASE_CORRUPT (naming the live one) when it is no
 * whole database and has to be replaced as a file, DATABASE_COPY_FAILED when the content cannot be put into it or does
 * not read back, NO_SPACE, INTERRUPTED (the old content is untouched); ENOENT when there is no such file.
 */
export async function restoreSqlite(request: SqliteRestoreRequest): Promise<SqliteRestoreProof> {
  const staged = resolve(request.staged);
  const live = resolve(request.live);
  const { signal, onProgress } = request;
  const { pages } = await whileBusy(
    () =>
      runSqliteJob({ kind: 'restore', staged, live }, { signal, ...(onProgress === undefined ? {} : { onProgress }) }),
    live,
    live,
    request,
  );
  const isIdentical = await readBack(staged, live, request);
  return { pages, isIdentical };
}

/**
 * Finds out, before anything is changed, whether `restoreSqlite` could begin. Holds the live database's lock for a
 * moment.
 *
 * Throws DATABASE_LOCKED, DATABASE_CORRUPT (naming the live one), DATABASE_COPY_FAILED, INTERRUPTED; ENOENT.
 */
export async function probeSqliteRestore(request: Omit<SqliteRestoreRequest, 'onProgress'>): Promise<void> {
  const staged = resolve(request.staged);
  const live = resolve(request.live);
  const { signal } = request;
  await whileBusy(() => runSqliteJob({ kind: 'probe', staged, live }, { signal }), live, live, request);
}

/** The new content is in place; a stop that is asked for now has nothing to undo, so the proof goes to its end. */
async function readBack(staged: string, live: string, patience: Patience): Promise<boolean> {
  const { signal } = new AbortController();
  const proof = `${staged}.read-back`;
  const copyAndCompare = async (): Promise<{ isEqual: boolean; problem?: string }> => {
    removeCopy(proof);
    await runSqliteJob({ kind: 'copy', source: live, destination: proof, isChecked: false }, { signal });
    return runSqliteJob({ kind: 'compare', staged, readBack: proof }, { signal });
  };
  try {
    const { isEqual, problem } = await whileBusy(copyAndCompare, live, proof, { ...patience, signal });
    if (problem === undefined) return isEqual;
    throw new BackupError('DATABASE_COPY_FAILED', { database: printablePath(live), problem });
  } finally {
    removeCopy(proof);
  }
}
