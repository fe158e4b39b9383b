import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../core/durable-files.ts';
import { BackupError, isSystemError, writeError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { nextBackupId } from '../store/backup-id.ts';
import { finishRemovals } from '../store/remove-backup.ts';
import {
  idsInStore,
  openStore,
  prepareStore,
  removeLeftovers,
  removeNewStore,
  temporaryFolder,
  type Store,
} from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import type { CreateRequest, CreateResult, CreateWatch } from './create-result.ts';
import { CreateRun } from './create-run.ts';
import { prepareCreate } from './plan-backup.ts';
import type { RunContext } from './run-context.ts';

/**
 * Makes a backup and publishes it. What cannot be read is left out, and the backup marked incomplete; what cannot be
 * written ends the run, and nothing of it stays.
 * @throws BackupError USAGE, TARGET_UNKNOWN, CODEC_UNAVAILABLE, ENCRYPTION_UNAVAILABLE, NOTHING_TO_BACK_UP, STORE_LOCKED,
 * STORE_READ_ONLY, NO_SPACE, WRITE_FAILED, INTERRUPTED
 */
export async function createBackup(context: RunContext, request: CreateRequest): Promise<CreateResult> {
  const { settings, clock, host, retryLockSeconds, signal } = context;
  const targets = prepareCreate(context, request);
  const store = openStore(settings.storage);
  let made: string | undefined;
  const prepare = (): void => {
    made = prepareStore(store);
  };
  const lock = { verb: 'create', host, retrySeconds: retryLockSeconds, clock, signal, prepare };
  return withStoreLock(store, lock, async () => {
    try {
      return await createInLockedStore(context, request, store, targets);
    } catch (error) {
      if (made !== undefined) removeNewStore(store, made);
      throw error;
    }
  });
}

/** The same for a caller that holds the store's lock already: a restore, for its safety backup. */
export async function createInLockedStore(
  context: RunContext,
  request: CreateRequest,
  store: Store,
  targets: readonly TargetDefinition[],
  watch?: CreateWatch,
): Promise<CreateResult> {
  // Another run that had made the store may just have taken it back.
  makeFolder(temporaryFolder(store), store.modes.folder);
  const leftovers = (await finishRemovals(store)) + (await removeLeftovers(store));
  const next = nextBackupId(idsInStore(store), context.clock.now(), context.random);
  const workFolder = join(temporaryFolder(store), next.id);
  try {
    makeFolder(workFolder, store.modes.folder);
    const run = new CreateRun(context, request, store, next, workFolder, watch);
    if (leftovers > 0) run.report(finding('leftovers-removed', { count: leftovers }));
    return await run.create(targets);
  } catch (error) {
    if (context.signal.aborted) throw new BackupError('INTERRUPTED', {}, { cause: error });
    if (isSystemError(error, ...writeFailures)) throw writeError(error, store.path, 'writing the backup');
    throw error;
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

const writeFailures = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOENT', 'EFBIG', 'EMFILE', 'ENFILE'];
