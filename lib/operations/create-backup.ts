import { finding } from '../core/findings.ts';
import { nextBackupId, type NextId } from '../store/backup-id.ts';
import { openStore, prepareStore, removeNewStore, type Store } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import { noteCreated } from './audit-created.ts';
import { auditedFailures } from './audited.ts';
import type { CreateRequest, CreateResult, CreateWatch } from './create-result.ts';
import { CreateRun, UnprovenCopy } from './create-run.ts';
import { refuseOpenStore, storeCautions } from './guarded-store.ts';
import { prepareCreate } from './plan-backup.ts';
import type { RunContext } from './run-context.ts';
import { prepareSealing, type Sealing } from './sealing.ts';
import { inWorkFolder } from './work-folder.ts';

/**
 * Makes a backup and publishes it. What cannot be read is left out, and the backup marked incomplete; what cannot be
 * written ends the run, and nothing of it stays.
 * @throws BackupError USAGE, TARGET_UNKNOWN, CODEC_UNAVAILABLE, ENCRYPTION_UNAVAILABLE, NOTHING_TO_BACK_UP, STORE_LOCKED,
 * STORE_READ_ONLY, STORE_OPEN, NO_SPACE, WRITE_FAILED, INTERRUPTED
 */
export function createBackup(context: RunContext, request: CreateRequest): Promise<CreateResult> {
  const begun = { act: 'create', facts: { type: request.type } } as const;
  return auditedFailures(context, begun, () => create(context, request));
}

async function create(context: RunContext, request: CreateRequest): Promise<CreateResult> {
  const { settings, clock, host, retryLockSeconds, signal } = context;
  const targets = prepareCreate(context, request);
  refuseOpenStore(settings);
  // Without a key nothing is written, not even an empty store.
  const sealing = await prepareSealing(context);
  const store = openStore(settings.storage);
  let made: string | undefined;
  const prepare = (): void => {
    made = prepareStore(store);
  };
  const lock = { verb: 'create', host, retrySeconds: retryLockSeconds, clock, signal, prepare };
  return withStoreLock(store, lock, async () => {
    try {
      return await createInLockedStore(context, request, store, targets, { sealing });
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
  { watch, sealing }: { watch?: CreateWatch; sealing?: Sealing | undefined } = {},
): Promise<CreateResult> {
  let prepared = sealing ?? (await prepareSealing(context));
  const nextId = (existing: readonly string[]): NextId => nextBackupId(existing, context.clock.now(), context.random);
  const made = await inWorkFolder(context.signal, store, nextId, async ({ next, path, leftovers, empty }) => {
    const begin = (isTrusting: boolean): Promise<CreateResult> => {
      const run = new CreateRun(context, request, store, next, path, { watch, isTrusting, sealing: prepared });
      if (leftovers > 0) run.report(finding('leftovers-removed', { count: leftovers }));
      for (const caution of [...context.keys.findings, ...storeCautions(context.settings)]) run.report(caution);
      return run.create(targets);
    };
    try {
      return await begin(true);
    } catch (error) {
      if (!(error instanceof UnprovenCopy)) throw error;
      empty();
      // A keystream is never used twice.
      prepared = await prepareSealing(context);
      return await begin(false);
    }
  });
  return noteCreated(context, 'create', made);
}
