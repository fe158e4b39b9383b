import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { nextBackupId, type NextId } from '../store/backup-id.ts';
import type { ManifestHeader } from '../store/manifest.ts';
import { listStore, openStore, type Store } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { noteCreated } from './audit-created.ts';
import { auditedFailures } from './audited.ts';
import type { ConsolidateRequest, ConsolidateResult } from './consolidate-result.ts';
import { ConsolidateRun } from './consolidate-run.ts';
import { consolidatedBytes } from './consolidation-steps.ts';
import { refuseOpenStore } from './guarded-store.ts';
import type { OpenBackup } from './opened-backup.ts';
import { planConsolidation } from './plan-consolidation.ts';
import { prepareSealing } from './sealing.ts';
import type { RunContext } from './run-context.ts';
import { inWorkFolder } from './work-folder.ts';

/**
 * Makes a new full backup of what a backup and those that it builds on hold, without a look at the project. What frames can be
 * copied as they are is; the rest is unpacked and packed anew. The chain stays as it is. A dry run takes no lock and writes
 * nothing; a backup that needs no other is left alone.
 * @throws BackupError NOT_ENCRYPTED, BACKUP_NOT_NEWEST, MANIFEST_DAMAGED, UNSAFE_ENTRY, ARCHIVE_DAMAGED, CONTENT_MISMATCH, BACKUP_UNREADABLE,
 * CODEC_UNAVAILABLE, STORE_LOCKED, STORE_READ_ONLY, NO_SPACE, WRITE_FAILED, INTERRUPTED
 */
export async function consolidateBackup(
  context: RunContext,
  source: OpenBackup,
  request: ConsolidateRequest = {},
): Promise<ConsolidateResult> {
  const run = (): Promise<ConsolidateResult> => consolidate(context, source, request);
  if (request.dryRun === true) return run();
  return auditedFailures(context, { act: 'consolidate', facts: { from: source.id } }, run);
}

async function consolidate(
  context: RunContext,
  source: OpenBackup,
  request: ConsolidateRequest,
): Promise<ConsolidateResult> {
  const { id, metadata } = source;
  const startedMs = context.clock.monotonicMs();
  if (metadata.layout !== 'tar') return { id, standsAlone: metadata.layout };
  const header = await headerOf(source);
  if (header.archives.length < 2) return { id, standsAlone: 'full' };
  // What is made of it would have our MAC, and pass for ours.
  if (context.settings.storage.encrypt && !source.isEncrypted) {
    throw new BackupError('NOT_ENCRYPTED', { backup: id, toConsolidate: true });
  }
  context.events.emit('phase', 'plan');
  const plan = await planConsolidation(context, source, header);
  if (request.dryRun === true) {
    const { chain, files, size } = metadata;
    return { dryRun: true, consolidatedFrom: id, chain, files, size, ...(await consolidatedBytes(plan)) };
  }
  const { clock, host, random, retryLockSeconds: retrySeconds, signal } = context;
  refuseOpenStore(context.settings);
  const { storage } = context.settings;
  // What was encrypted never becomes readable by being put together.
  const encrypt = storage.encrypt || source.isEncrypted;
  const isWrapped = source.metadata.archive?.encryption?.recipients !== undefined;
  const kept = isWrapped ? await source.unlock() : undefined;
  const sealing = await prepareSealing(context, { ...storage, format: 'tar', encrypt }, kept);
  const store = openStore(context.settings.storage);
  const lock = { verb: 'consolidate', host, retrySeconds, clock, signal };
  return withStoreLock(store, lock, async () => {
    await refuseOlder(store, id);
    // Its time is that of its content, which what changed since is told from; its ID says when it was made.
    const time = new Date(metadata.timestamp);
    const nextId = (existing: readonly string[]): NextId => ({ ...nextBackupId(existing, clock.now(), random), time });
    const published = await inWorkFolder(signal, store, nextId, async (work) => {
      const made = await new ConsolidateRun(context, request, store, work, plan, startedMs, sealing).consolidate();
      if (work.leftovers === 0) return made;
      const left = finding('leftovers-removed', { count: work.leftovers });
      return { ...made, warnings: [...made.warnings, left] };
    });
    return noteCreated(context, 'consolidate', published, id);
  });
}

/** The newest ID has the newest content: what is made from an older backup must not pass for the latest. */
async function refuseOlder(store: Store, id: string): Promise<void> {
  const { backups } = await listStore(store);
  const newer = backups.find((one) => one.id > id && one.metadata.type !== 'pre-restore');
  if (newer !== undefined) throw new BackupError('BACKUP_NOT_NEWEST', { backup: id, newest: newer.id });
}

async function headerOf(source: OpenBackup): Promise<ManifestHeader> {
  for await (const batch of source.readManifest()) {
    const first = batch[0];
    if (first?.type === 'header') return first.header;
    if (first !== undefined) break;
  }
  throw new BackupError('MANIFEST_DAMAGED', { backup: source.id, problem: 'it does not begin with a header' });
}
