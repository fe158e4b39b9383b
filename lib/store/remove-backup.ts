import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fsyncPath, makeFolder } from '../core/durable-files.ts';
import { isBackupError, writeError } from '../core/errors.ts';
import { hashFile } from '../core/hash-file.ts';
import { timeOfBackupId } from './backup-id.ts';
import { readMetadata } from './metadata.ts';
import { removeArchive, wrappedKeyFile, wrappedKeyOf } from './sealed-names.ts';
import { archiveEnding, elsewhereNote, listStore, temporaryFolder, type Store, type StoredBackup } from './store.ts';

const prefix = 'removed-';

/**
 * Removes one backup: its folder and its archive. Call it while holding the lock only, for a backup that no other
 * builds on.
 *
 * The folder goes out of sight first, by one rename, so that a kill at any point never leaves a listed backup without
 * its archive. What a kill leaves is finished by `finishRemovals`.
 *
 * @throws BackupError STORE_READ_ONLY or WRITE_FAILED; the backup is then either whole or no longer listed.
 */
export function removeBackup(store: Store, backup: StoredBackup): void {
  const bin = temporaryFolder(store);
  const hidden = join(bin, `${prefix}${backup.id}`);
  try {
    makeFolder(bin, store.modes.folder);
    if (backup.folder !== undefined) {
      renameSync(backup.folder, hidden);
      fsyncPath(store.path);
      fsyncPath(bin);
    }
    if (backup.archive !== undefined && isOwnArchive(store, backup)) {
      removeArchive(backup.archive);
      fsyncPath(store.path);
    }
    rmSync(hidden, { recursive: true, force: true });
  } catch (error) {
    throw writeError(error, backup.folder ?? store.path, 'removing the backup');
  }
}

/**
 * Outside of the store a file of the archive's name may have become somebody else's: it has to have its bytes. And it has to be
 * called like an archive: metadata from somebody else may name any file whose bytes are known.
 */
function isOwnArchive(store: Store, backup: StoredBackup): boolean {
  const { archive = '', metadata } = backup;
  // Called like another backup's, it is that one's, whatever this one's metadata say.
  const idOfName = basename(archive).slice(0, backup.id.length);
  if (dirname(archive) === store.path) return idOfName === backup.id || timeOfBackupId(idOfName) === undefined;
  const { size, sha256 } = metadata.archive ?? {};
  if (!archiveEnding.test(archive)) return false;
  if (sha256 === undefined || statSync(archive, { throwIfNoEntry: false })?.size !== size) return false;
  return hashFile(archive).sha256 === sha256;
}

/**
 * Finishes the removals that a kill cut short, and takes back the creates whose archive had its name and whose folder
 * had not: without this, the archive would stay as one that lies alone. Call it while holding the lock only, before
 * leftovers are removed.
 *
 * @returns how many there were.
 */
export async function finishRemovals(store: Store): Promise<number> {
  const bin = temporaryFolder(store);
  if (!existsSync(bin)) return 0;
  const hidden = readdirSync(bin).filter((name) => name.startsWith(prefix) || isHalfPublished(join(bin, name)));
  await removeKeysAhead(store, bin);
  if (hidden.length === 0) return 0;
  // A newer backup may have taken the archive's name since, where names come from a pattern.
  const claimed = new Set((await listStore(store)).backups.map((backup) => backup.archive));
  for (const name of hidden) {
    const folder = join(bin, name);
    const archive = await archiveOf(store, name.startsWith(prefix) ? folder : join(folder, 'folder'));
    try {
      if (archive !== undefined && !claimed.has(archive)) {
        removeArchive(archive);
        fsyncPath(store.path);
      }
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      throw writeError(error, folder, 'finishing the removal of a backup');
    }
  }
  return hidden.length;
}

/** A create that was killed before its archive had its name may have left the wrapped secret of it, also outside of the store. */
async function removeKeysAhead(store: Store, bin: string): Promise<void> {
  for (const name of readdirSync(bin)) {
    const folder = join(bin, name, 'folder');
    const isElsewhere = existsSync(join(bin, name, elsewhereNote));
    if (!isElsewhere && !existsSync(join(bin, name, 'archive'))) continue;
    const archive = await archiveOf(store, folder, isElsewhere);
    if (archive === undefined || existsSync(archive)) continue;
    // Of that name there may be somebody else's.
    const [ahead, own] = [wrappedKeyOf(archive), join(folder, wrappedKeyFile)];
    if (existsSync(ahead) && existsSync(own) && hashFile(ahead).sha256 === hashFile(own).sha256) rmSync(ahead);
  }
}

/** The parts of a create that was killed between its two renames: a whole folder, and no archive beside it any more. */
function isHalfPublished(workFolder: string): boolean {
  const has = (name: string): boolean => existsSync(join(workFolder, name));
  // An archive outside of the store has its name by its own rename, and is a whole backup without its folder.
  return has(join('folder', 'metadata.json')) && !has('archive') && !has(elsewhereNote);
}

/**
 * The archive that a hidden backup names; undefined where it names none, or its metadata is gone (the archive went
 * before it).
 */
async function archiveOf(store: Store, folder: string, isElsewhere = false): Promise<string | undefined> {
  try {
    const metadata = await readMetadata(folder);
    const archive = metadata?.archive;
    if (archive === undefined || (archive.folder !== undefined) !== isElsewhere) return undefined;
    return join(archive.folder ?? store.path, archive.file);
  } catch (error) {
    if (isBackupError(error, 'MANIFEST_DAMAGED')) return undefined;
    throw error;
  }
}
