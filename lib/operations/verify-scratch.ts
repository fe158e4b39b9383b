import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { isBackupError, isSystemError } from '../core/errors.ts';
import { makeScratchFolder, removeUnusedScratch, type ScratchFolder } from '../store/scratch-folder.ts';
import { openStore, prepareStore, scratchPrefix, temporaryFolder } from '../store/store.ts';
import { realPlace } from './destination-folder.ts';
import type { OpenBackup } from './open-backup.ts';
import type { RunContext } from './run-context.ts';

const looseScratchPrefix = 'ai-backup-verify-';

/**
 * Where a verification puts what it has to unpack, databases in clear among it: in the store that the backup rests in,
 * whose next run removes what a kill leaves. For an archive that lies alone, and where nobody can write to the store:
 * among the system's temporary files, where the next such verification does.
 */
export async function verifyScratch(context: RunContext, backup: OpenBackup): Promise<ScratchFolder> {
  const store = openStore(context.settings.storage);
  const place = backup.folder ?? backup.archive;
  if (place !== undefined && realPlace(dirname(place)) === realPlace(store.path)) {
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
