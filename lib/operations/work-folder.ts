import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../core/durable-files.ts';
import { BackupError, isSystemError, placeError, writeError } from '../core/errors.ts';
import type { NextId } from '../store/backup-id.ts';
import { finishRemovals } from '../store/remove-backup.ts';
import {
  elsewhereNote,
  idsInStore,
  removeElsewhere,
  removeLeftovers,
  temporaryFolder,
  type Store,
} from '../store/store.ts';

/** Where a new backup is made before it is published. */
export interface WorkFolder {
  next: NextId;
  /** Removed with all that is in it when the run has ended. */
  path: string;
  /** How many things that interrupted runs left were removed. */
  leftovers: number;
  /** Takes back what was made so far, for a run that begins again. */
  empty: () => void;
}

/**
 * Runs what makes a new backup, in a folder of its own in the store, whose lock the caller holds. Nothing of a run that fails
 * stays.
 * @throws BackupError INTERRUPTED, NO_SPACE, STORE_READ_ONLY, WRITE_FAILED, and whatever the run throws
 */
export async function inWorkFolder<T>(
  signal: AbortSignal,
  store: Store,
  nextId: (existing: readonly string[]) => NextId,
  run: (work: WorkFolder) => Promise<T>,
): Promise<T> {
  // Another run that had made the store may just have taken it back.
  makeFolder(temporaryFolder(store), store.modes.folder);
  const leftovers = (await finishRemovals(store)) + (await removeLeftovers(store));
  const next = nextId(idsInStore(store));
  const path = join(temporaryFolder(store), next.id);
  const make = (): unknown => makeFolder(path, store.modes.folder);
  const remove = (): void => {
    removeElsewhere(path);
    rmSync(path, { recursive: true, force: true });
  };
  try {
    make();
    const empty = (): void => {
      remove();
      make();
    };
    return await run({ next, path, leftovers, empty });
  } catch (error) {
    if (signal.aborted) throw new BackupError('INTERRUPTED', {}, { cause: error });
    if (isSystemError(error, ...writeFailures)) {
      const elsewhere = elsewhereOf(path, error);
      if (elsewhere !== undefined) throw placeError(error, elsewhere, 'writing the archive');
      throw writeError(error, store.path, 'writing the backup');
    }
    throw error;
  } finally {
    remove();
  }
}

/** The folder outside of the store that the archive is written to, where that is what failed. */
function elsewhereOf(workFolder: string, error: unknown): string | undefined {
  const note = join(workFolder, elsewhereNote);
  if (!existsSync(note) || !(error instanceof Error && 'path' in error)) return undefined;
  const temporary = readFileSync(note, 'utf8');
  return error.path === temporary ? dirname(temporary) : undefined;
}

const writeFailures = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOENT', 'EFBIG', 'EMFILE', 'ENFILE'];
