import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { isBackupError, isSystemError } from '../core/errors.ts';
import { makeScratchFolder, removeUnusedScratch, type ScratchFolder } from '../store/scratch-folder.ts';
import { openStore, prepareStore, scratchPrefix, stateFolder, temporaryFolder } from '../store/store.ts';
import { realPlace } from './destination-folder.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

const looseScratchPrefix = 'ai-backup-verify-';

/**
 * Where a verification puts what it has to unpack, databases in clear among it: in the project's store, whose next run
 * removes what a kill leaves. Where there is none, or nobody can write to it, it is a private folder among the system's
 * temporary files, where the next such verification does: no store is made for the sake of an archive that lies elsewhere.
 */
export async function verifyScratch(context: RunContext, backup: OpenBackup): Promise<ScratchFolder> {
  const store = openStore(context.settings.storage);
  const place = backup.folder ?? backup.archive;
  const isInStore = place !== undefined && realPlace(dirname(place)) === realPlace(store.path);
  if (isInStore || existsSync(stateFolder(store))) {
    try {
      prepareStore(store);
      return await makeScratchFolder(temporaryFolder(store), scratchPrefix);
    } catch (error) {
      const isFull = isBackupError(error, 'NO_SPACE') || isSystemError(error, 'ENOSPC', 'EDQUOT', 'SQLITE_FULL');
      const isRefused = isBackupError(error, 'STORE_READ_ONLY') || isSystemError(error, 'EACCES', 'EPERM', 'EROFS');
      if (!isFull && !isRefused) throw error;
    }
  }
  await removeUnusedScratch(tmpdir(), looseScratchPrefix);
  return makeScratchFolder(tmpdir(), looseScratchPrefix);
}
