import { mkdirSync, readdirSync, rmSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fsyncPath } from '../core/durable-files.ts';
import { BackupError, isBackupError, isSystemError, placeError } from '../core/errors.ts';
import { flushFilesystem } from '../core/flush-filesystem.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { openStore, prepareStore, type Store } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { stagingPrefix } from '../targets/scan-folder.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import { createInLockedStore } from './create-backup.ts';
import type { CreateResult } from './create-result.ts';
import { checkStaged, restoreDatabase } from './restore-databases.ts';
import type { RestorePlan, RestoreResult } from './restore-result.ts';
import type { Destination } from './restore-standing.ts';
import type { RunContext } from './run-context.ts';
import { DatabaseStaging } from './staged-databases.ts';
import { setFolder } from './staging-folder.ts';
import { swapIn } from './swap-in.ts';

/** What was staged and proven. */
export interface StagedRestore {
  bytes: number;
  /** Folders that get mode, owner and time once they are in place, outer ones first. */
  folders: { origin: string; entry: ManifestEntry }[];
  owner: { uid: number; gid: number } | undefined;
}

export interface Placement {
  plan: RestorePlan;
  destination: Destination;
  /** What the safety backup holds. */
  targets: TargetDefinition[];
  /** Files to delete, below the destination. */
  extra: string[];
  /** Where a staged database goes, below the destination. */
  placeOf: (entry: ManifestEntry) => string;
  /** Fills the staging folder; `files` does not exist yet. */
  stage: (staging: { files: string; databases: DatabaseStaging }) => Promise<StagedRestore>;
}

/** Safety backup, staging, checks, swap: the way of every restore, whatever it restores from. */
export async function putInPlace(context: RunContext, placement: Placement): Promise<RestoreResult> {
  const startedMs = context.clock.monotonicMs();
  if (!placement.plan.isProject) return place(context, placement, startedMs);
  const { plan } = placement;
  const store = openStore(context.settings.storage);
  const { host, clock, signal, retryLockSeconds } = context;
  const lock = { verb: 'restore', host, retrySeconds: retryLockSeconds, clock, signal };
  if (!plan.takesSafetyBackup) {
    let isHeld = false;
    try {
      return await withStoreLock(store, lock, () => {
        isHeld = true;
        return place(context, placement, startedMs);
      });
    } catch (error) {
      // From a store that nobody can write to, backups are to come back all the same.
      if (isHeld || !isBackupError(error, 'STORE_READ_ONLY')) throw error;
      return place(context, placement, startedMs);
    }
  }
  prepareStore(store);
  return withStoreLock(store, lock, async () => {
    context.events.emit('phase', 'safety-backup');
    const safetyBackup = await takeSafetyBackup(context, placement, store);
    expectSafe(placement, safetyBackup, context.databaseTimeoutSeconds);
    return place(context, placement, startedMs, safetyBackup);
  });
}

/** What is there now, of the same sources. Undefined where there is nothing yet. */
async function takeSafetyBackup(
  context: RunContext,
  placement: Placement,
  store: Store,
): Promise<CreateResult | undefined> {
  try {
    return await createInLockedStore(context, { type: 'pre-restore' }, store, placement.targets);
  } catch (error) {
    if (isBackupError(error, 'NOTHING_TO_BACK_UP')) return undefined;
    throw error;
  }
}

/**
 * What the safety backup could not read must not be overwritten: it would exist nowhere any more.
 * @throws BackupError DATABASE_LOCKED, SAFETY_INCOMPLETE
 */
function expectSafe({ plan }: Placement, safetyBackup: CreateResult | undefined, waitedSeconds: number): void {
  const unsaved = (safetyBackup?.warnings ?? []).filter((one) => unsavedCodes.has(one.code) && one.path !== undefined);
  if (unsaved.length === 0) return;
  const isUnsaved = (path: string): boolean =>
    unsaved.some((one) => path === one.path || path.startsWith(`${one.path}/`));
  const endangered = plan.actions
    .filter((one) => (one.action === 'overwrite' || one.action === 'delete') && isUnsaved(one.path))
    .map((one) => one.path);
  const locked = unsaved.find((one) => one.code === 'database-locked' && endangered.includes(one.path ?? ''));
  if (locked?.path !== undefined) throw new BackupError('DATABASE_LOCKED', { database: locked.path, waitedSeconds });
  if (endangered.length > 0) throw new BackupError('SAFETY_INCOMPLETE', { paths: endangered.slice(0, 10) });
}

const unsavedCodes = new Set(['file-unreadable', 'folder-unreadable', 'database-locked', 'database-unreadable']);

async function place(
  context: RunContext,
  placement: Placement,
  startedMs: number,
  safetyBackup?: CreateResult,
): Promise<RestoreResult> {
  const { plan, destination } = placement;
  const staging = join(destination.folder, `${stagingPrefix}${process.pid}-${context.random.hex(8)}`);
  let bytes: number;
  let madeFolder: string | undefined;
  const databases = new DatabaseStaging(join(staging, 'databases'));
  try {
    madeFolder = mkdirSync(destination.folder, { recursive: true });
    removeStaleStaging(destination.folder);
    mkdirSync(staging, { mode: 0o700 });
    mkdirSync(join(staging, 'databases'), { mode: 0o700 });
    const files = join(staging, 'files');
    context.events.emit('phase', 'stage');
    const staged = await placement.stage({ files, databases });
    bytes = staged.bytes;
    context.events.emit('phase', 'check-databases');
    await checkStaged(databases, plan.id, context.signal);
    await flushFilesystem(staging);
    if (context.signal.aborted) throw new BackupError('INTERRUPTED', {});
    // From here on the destination changes: databases first, then files.
    context.events.emit('phase', 'swap');
    for (const [at, database] of databases.staged.entries()) {
      // With one of them in its place, a stop would leave neither the old state nor the new one.
      const run = at === 0 ? context : { ...context, signal: new AbortController().signal };
      await restoreDatabase(database, destination.pathOf(placement.placeOf(database.entry)), run);
    }
    swapIn(files, destination.folder);
    for (const path of [...placement.extra].reverse()) deleteExtra(destination.pathOf(path));
    for (const { origin, entry } of staged.folders.reverse())
      setFolder(destination.pathOf(origin), entry, staged.owner);
    fsyncPath(destination.folder);
  } catch (error) {
    await databases.settle();
    rmSync(staging, { recursive: true, force: true });
    removeMadeFolders(destination.folder, madeFolder);
    throw placeError(error, destination.folder, 'restoring into it');
  }
  rmSync(staging, { recursive: true, force: true });
  const { counts } = plan;
  return {
    id: plan.id,
    dryRun: false,
    destination: destination.folder,
    ...(safetyBackup === undefined ? {} : { safetyBackup: safetyBackup.id }),
    created: counts.create,
    overwritten: counts.overwrite,
    unchanged: counts.unchanged,
    kept: counts.keep,
    deleted: counts.delete,
    bytes,
    duration: Math.round(context.clock.monotonicMs() - startedMs),
    warnings: [...plan.warnings, ...(safetyBackup?.warnings ?? []).filter((one) => safetyMatters.has(one.code))],
  };
}

/** Of a safety backup, only what it lacks is worth a word. */
const safetyMatters = new Set([
  'file-unreadable',
  'folder-unreadable',
  'database-locked',
  'database-corrupt',
  'database-unreadable',
]);

/** The innermost come first; a folder goes only when nothing is left in it. */
function deleteExtra(place: string): void {
  const path = toSystemPath(place);
  try {
    unlinkSync(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    if (!isSystemError(error, 'EISDIR', 'EPERM')) throw error;
    try {
      rmdirSync(path);
    } catch (failure) {
      if (!isSystemError(failure, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw failure;
    }
  }
}

/** Takes back a destination that was made for a restore that failed; what holds something stays. */
function removeMadeFolders(folder: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  for (let path = folder; path.length >= firstMade.length; path = dirname(path)) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return;
      throw error;
    }
  }
}

/** A restore that was killed leaves its staging folder; what it had put in place was checked before. */
function removeStaleStaging(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(stagingPrefix)) continue;
    const pid = Number(/^(\d+)-/.exec(name.slice(stagingPrefix.length))?.[1] ?? 0);
    if (!isRunning(pid)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Two restores into one folder, of which neither needs the store's lock, must not take each other's staging away. */
function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}
