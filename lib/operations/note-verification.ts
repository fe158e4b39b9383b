import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../core/durable-files.ts';
import { isBackupError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { formatMetadata, readMetadata } from '../store/metadata.ts';
import { openStore, stateFolder, type Store } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { realPlace } from './destination-folder.ts';
import { refuseOpenStore } from './guarded-store.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/** A run that is about to end is waited for; a long one is not worth it. */
const leastWaitSeconds = 2;

/**
 * Notes in metadata.json that a backup was proven whole, so that cleanup keeps it, or takes that back: what is damaged
 * now must not pass for verified. It does so under the store's lock, for a backup that is still there then; a copy that
 * lies outside of any store is left as it is, and no store is made around it.
 * @returns what to tell where it could not be noted; the verification stands all the same.
 */
export async function noteVerification(
  context: RunContext,
  backup: OpenBackup,
  isWhole: boolean,
): Promise<Finding | undefined> {
  const { folder } = backup;
  if (folder === undefined || (!isWhole && backup.metadata.verifiedAt === undefined)) return undefined;
  const { settings, host, clock, signal } = context;
  const store = openStore({ ...settings.storage, path: dirname(folder) });
  if (!isStore(store, settings.storage.path)) return undefined;
  const retrySeconds = Math.max(context.retryLockSeconds, leastWaitSeconds);
  try {
    refuseOpenStore({ ...settings, storage: { ...settings.storage, path: store.path } });
    await withStoreLock(store, { verb: 'verify', host, retrySeconds, clock, signal }, async () => {
      const current = await readMetadata(folder);
      if (current === undefined || current.id !== backup.id) return;
      const { verifiedAt: _, ...unproven } = current;
      const noted = isWhole ? { ...current, verifiedAt: clock.now().toISOString() } : unproven;
      replaceFile(join(folder, 'metadata.json'), formatMetadata(noted), store.modes.file);
    });
    return undefined;
  } catch (error) {
    const reason = reasonFor(error);
    if (reason === undefined) throw error;
    return finding('verification-not-noted', { path: join(folder, 'metadata.json'), reason });
  }
}

/** A store's state can be rebuilt: the one of the settings need not have it. */
function isStore(store: Store, configured: string): boolean {
  return existsSync(stateFolder(store)) || realPlace(store.path) === realPlace(configured);
}

function reasonFor(error: unknown): string | undefined {
  if (isBackupError(error, 'STORE_LOCKED')) return 'another run holds the lock of the store';
  if (isBackupError(error, 'STORE_OPEN')) return 'others may write to the store';
  if (isBackupError(error, 'STORE_READ_ONLY') || isBackupError(error, 'BACKUP_UNREADABLE')) return error.params.reason;
  if (isBackupError(error, 'NO_SPACE')) return 'ENOSPC';
  if (isBackupError(error, 'WRITE_FAILED')) return error.params.reason;
  if (isBackupError(error, 'MANIFEST_DAMAGED')) return error.params.problem;
  const code = systemCode(error);
  return code !== undefined && /^E(?!RR_)/.test(code) ? code : undefined;
}
