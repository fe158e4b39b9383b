import { existsSync, lstatSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, type Dirent } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder, type StoreModes } from '../core/durable-files.ts';
import { BackupError, isBackupError, isSystemError, reasonOf, systemCode, writeError } from '../core/errors.ts';
import { idLength, newestFirst, timeOfBackupId } from './backup-id.ts';
import { removeTree } from '../core/remove-tree.ts';
import { readMetadata, type Metadata } from './metadata.ts';
import { removeArchive } from './sealed-names.ts';
import { isScratchInUse } from './scratch-folder.ts';

/** Where backups rest. */
export interface Store {
  /** Absolute. */
  path: string;
  modes: StoreModes;
}

/** A backup in a store, or an archive that lies alone. */
export interface StoredBackup {
  id: string;
  metadata: Metadata;
  /** Its folder; absent for an archive that lies alone. */
  folder?: string;
  /** Its archive's path; absent for a plain tree. The file may be missing: verify says so. */
  archive?: string;
}

/** What is in a store: the backups, newest first, and what could not be read as one. */
export interface StoreListing {
  backups: StoredBackup[];
  unreadable: UnreadableBackup[];
  /** Archives of backups without a folder, by path: whole backups of their own. */
  loneArchives: string[];
}

/** A folder that looks like a backup: one that is damaged, or one that this user may not read. */
export interface UnreadableBackup {
  folder: string;
  code: 'MANIFEST_DAMAGED' | 'BACKUP_UNREADABLE';
  reason: string;
}

export const openStore = (storage: { path: string; fileMode: number; folderMode: number }): Store => ({
  path: storage.path,
  modes: { file: storage.fileMode, folder: storage.folderMode },
});

/** Lock, temporary files, journals: all rebuildable, never needed to restore. */
export const stateFolder = (store: Pick<Store, 'path'>): string => join(store.path, '.state');

/**
 * Where half-made things are. Whatever is in it while nobody holds the lock is left over, scratch folders in use
 * excepted.
 */
export const temporaryFolder = (store: Store): string => join(stateFolder(store), 'tmp');

/** In a work folder: the path of a temporary archive that is written outside of the store. */
export const elsewhereNote = 'elsewhere';

/** How the scratch folders of runs that hold no lock are called there. */
export const scratchPrefix = 'scratch-';

export const archiveEnding = /\.(tar|tar\.gz|tar\.bz2|tar\.xz|tar\.zst|zip)(\.enc)?$/;

/**
 * Reads which backups a store holds.
 * @throws BackupError STORE_NOT_FOUND where the folder does not exist; STORE_UNREADABLE where it could not be looked
 * into.
 */
export async function listStore(store: Store): Promise<StoreListing> {
  const names = readStore(store);
  const listing: StoreListing = { backups: [], unreadable: [], loneArchives: [] };
  for (const name of names) {
    if (!name.isDirectory() || timeOfBackupId(name.name) === undefined) continue;
    const folder = join(store.path, name.name);
    try {
      const metadata = await readMetadata(folder);
      if (metadata === undefined) listing.unreadable.push(damaged(folder, 'it has no metadata.json'));
      else listing.backups.push(storedBackup(name.name, folder, metadata));
    } catch (error) {
      if (isBackupError(error, 'BACKUP_UNREADABLE')) {
        listing.unreadable.push({ folder, code: 'BACKUP_UNREADABLE', reason: error.params.reason });
      } else {
        const reason = isBackupError(error, 'MANIFEST_DAMAGED') ? error.params.problem : reasonOf(error);
        listing.unreadable.push(damaged(folder, reason));
      }
    }
  }
  const claimed = new Set(listing.backups.map((backup) => backup.archive));
  for (const name of names) {
    const path = join(store.path, name.name);
    if (name.isFile() && archiveEnding.test(name.name) && !claimed.has(path)) listing.loneArchives.push(path);
  }
  listing.backups.sort(newestFirst);
  return listing;
}

const damaged = (folder: string, reason: string): UnreadableBackup => ({ folder, code: 'MANIFEST_DAMAGED', reason });

function storedBackup(id: string, folder: string, metadata: Metadata): StoredBackup {
  if (metadata.id !== id) {
    throw new BackupError('MANIFEST_DAMAGED', { backup: id, problem: `its metadata.json is that of ${metadata.id}` });
  }
  return storedAt(folder, metadata);
}

/**
 * The backup whose folder that is. Its archive lies beside the folder, or where the user wanted it; one that was brought back
 * beside the folder is found there.
 */
export function storedAt(folder: string, metadata: Metadata): StoredBackup {
  const { id, archive } = metadata;
  if (archive === undefined) return { id, metadata, folder };
  const beside = join(dirname(folder), archive.file);
  if (archive.folder === undefined) return { id, metadata, folder, archive: beside };
  const elsewhere = join(archive.folder, archive.file);
  return { id, metadata, folder, archive: existsSync(beside) && !existsSync(elsewhere) ? beside : elsewhere };
}

function readStore(store: Store): Dirent[] {
  try {
    return readdirSync(store.path, { withFileTypes: true });
  } catch (error) {
    if (isSystemError(error, 'ENOENT'))
      throw new BackupError('STORE_NOT_FOUND', { store: store.path }, { cause: error });
    const reason = systemCode(error);
    if (reason === undefined) throw error;
    throw new BackupError('STORE_UNREADABLE', { store: store.path, reason }, { cause: error });
  }
}

/** Every ID that a store has ever shown and still holds, complete or not, for the next one to be later. */
export function idsInStore(store: Store): string[] {
  return readStore(store)
    .map((entry) => entry.name.slice(0, idLength))
    .filter((name) => timeOfBackupId(name) !== undefined);
}

/**
 * Makes the store's folders where they are missing.
 * @returns the outermost folder that it made, where there was no store.
 */
export function prepareStore(store: Store): string | undefined {
  try {
    if (statSync(store.path, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new BackupError('WRITE_FAILED', {
        path: store.path,
        operation: 'opening the store',
        reason: 'it is a file',
      });
    }
    const made = makeFolder(store.path, store.modes.folder);
    makeFolder(temporaryFolder(store), store.modes.folder);
    return made;
  } catch (error) {
    throw writeError(error, store.path, 'opening the store');
  }
}

/**
 * Takes back a store that `prepareStore` made and nothing has come into. Call it while holding the lock only.
 * @param outermost the folder that `prepareStore` returned.
 */
export function removeNewStore(store: Store, outermost: string): void {
  const state = stateFolder(store);
  try {
    if (readdirSync(store.path).some((name) => join(store.path, name) !== state)) return;
    rmSync(state, { recursive: true });
    for (let folder = store.path; folder.length >= outermost.length; folder = dirname(folder)) rmdirSync(folder);
  } catch (error) {
    // An empty folder that stays does no harm, and what failed before it is what has to be told.
    if (systemCode(error) === undefined) throw error;
  }
}

/** Removes the temporary archive that an interrupted run was writing outside of the store. */
export function removeElsewhere(workFolder: string): void {
  let path: string;
  try {
    path = readFileSync(join(workFolder, elsewhereNote), 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return;
    throw error;
  }
  if (basename(path) === `.ai-backup-part-${basename(workFolder)}`) removeArchive(path);
}

/**
 * Removes what interrupted runs left. Call it while holding the lock only.
 * @returns how many things there were.
 */
export async function removeLeftovers(store: Store): Promise<number> {
  const folder = temporaryFolder(store);
  // What lies behind a link is not what interrupted runs left.
  if ([stateFolder(store), folder].some((one) => lstatSync(one).isSymbolicLink())) return 0;
  let removed = 0;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith(scratchPrefix) && (await isScratchInUse(path))) continue;
    removeElsewhere(path);
    removeTree(path);
    removed += 1;
  }
  return removed;
}
