import { readdirSync, rmSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, type StoreModes } from '../core/durable-files.ts';
import { BackupError, isBackupError, isSystemError, reasonOf, systemCode, writeError } from '../core/errors.ts';
import { timeOfBackupId } from './backup-id.ts';
import { readMetadata, type Metadata } from './metadata.ts';

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
  unreadable: { folder: string; reason: string }[];
  /** Archives of backups without a folder, by path: whole backups of their own. */
  loneArchives: string[];
}

export const openStore = (storage: { path: string; fileMode: number; folderMode: number }): Store => ({
  path: storage.path,
  modes: { file: storage.fileMode, folder: storage.folderMode },
});

/** Lock, temporary files, journals: all rebuildable, never needed to restore. */
export const stateFolder = (store: Store): string => join(store.path, '.state');

/** Where half-made things are. Whatever is in it while nobody holds the lock is left over. */
export const temporaryFolder = (store: Store): string => join(stateFolder(store), 'tmp');

const archiveEnding = /\.(tar|tar\.gz|tar\.zst|zip)$/;

/**
 * Reads which backups a store holds.
 * @throws BackupError STORE_NOT_FOUND where the folder does not exist; STORE_UNREADABLE where it could not be looked into.
 */
export async function listStore(store: Store): Promise<StoreListing> {
  const names = readStore(store);
  const listing: StoreListing = { backups: [], unreadable: [], loneArchives: [] };
  for (const name of names) {
    if (!name.isDirectory() || timeOfBackupId(name.name) === undefined) continue;
    const folder = join(store.path, name.name);
    try {
      const metadata = await readMetadata(folder);
      if (metadata === undefined) listing.unreadable.push({ folder, reason: 'it has no metadata.json' });
      else listing.backups.push(storedBackup(store, name.name, folder, metadata));
    } catch (error) {
      const reason = isBackupError(error, 'MANIFEST_DAMAGED') ? error.params.problem : reasonOf(error);
      listing.unreadable.push({ folder, reason });
    }
  }
  const claimed = new Set(listing.backups.map((backup) => backup.archive));
  for (const name of names) {
    const path = join(store.path, name.name);
    if (name.isFile() && archiveEnding.test(name.name) && !claimed.has(path)) listing.loneArchives.push(path);
  }
  listing.backups.sort((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? 1 : -1));
  return listing;
}

function storedBackup(store: Store, id: string, folder: string, metadata: Metadata): StoredBackup {
  if (metadata.id !== id) {
    throw new BackupError('MANIFEST_DAMAGED', { backup: id, problem: `its metadata.json is that of ${metadata.id}` });
  }
  const archive = metadata.archive;
  return { id, metadata, folder, ...(archive === undefined ? {} : { archive: join(store.path, archive.file) }) };
}

const timeOf = (backup: StoredBackup): number => Date.parse(backup.metadata.timestamp);

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
    .map((entry) => entry.name.slice(0, 'backup-2026-01-01T00-00-00-000Z-000000'.length))
    .filter((name) => timeOfBackupId(name) !== undefined);
}

/** Makes the store's folders where they are missing. */
export function prepareStore(store: Store): void {
  try {
    if (statSync(store.path, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new BackupError('WRITE_FAILED', {
        path: store.path,
        operation: 'opening the store',
        reason: 'it is a file',
      });
    }
    makeFolder(store.path, store.modes.folder);
    makeFolder(temporaryFolder(store), store.modes.folder);
  } catch (error) {
    throw writeError(error, store.path, 'opening the store');
  }
}

/**
 * Removes what interrupted runs left. Call it while holding the lock only.
 * @returns how many things there were.
 */
export function removeLeftovers(store: Store): number {
  const folder = temporaryFolder(store);
  const left = readdirSync(folder);
  for (const name of left) rmSync(join(folder, name), { recursive: true, force: true });
  return left.length;
}
