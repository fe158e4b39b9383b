import { realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';

/**
 * The folder that a restore writes to, checked: what stands there is a folder, or nothing yet, and it is not in the
 * store.
 * @returns where the store lies below it, as a path of the toolkit's form; undefined where it lies elsewhere.
 * @throws BackupError DESTINATION_NOT_A_FOLDER, DESTINATION_IN_STORE
 */
export function checkDestination(folder: string, store: string): string | undefined {
  if (!isFolderOrNothing(folder)) throw new BackupError('DESTINATION_NOT_A_FOLDER', { destination: folder });
  const [realFolder, realStore] = [realPlace(folder), realPlace(store)];
  const toFolder = relative(realStore, realFolder);
  if (!leadsOut(toFolder)) throw new BackupError('DESTINATION_IN_STORE', { destination: folder, store });
  const toStore = relative(realFolder, realStore);
  return leadsOut(toStore) ? undefined : toStore.split(sep).join('/');
}

const leadsOut = (path: string): boolean => path === '..' || path.startsWith(`..${sep}`);

function isFolderOrNothing(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    // A file in the place of one of its parents is as good as a file in its own.
    if (isSystemError(error, 'ENOTDIR')) return false;
    if (isSystemError(error, 'ENOENT')) return true;
    throw error;
  }
}

/** Where a path leads through links, also one whose end does not exist yet. */
export function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') || dirname(path) === path) throw error;
    return join(realPlace(dirname(path)), path.slice(dirname(path).length));
  }
}
