import { BackupError, isBackupError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import type { BackupMode } from '../config/settings.ts';
import { hasReadableManifest } from '../store/readable-manifest.ts';
import type { Store, StoredBackup } from '../store/store.ts';
import type { CreateRequest } from './create-result.ts';
import { openBackup } from './open-backup.ts';
import { openStored } from './open-stored.ts';
import type { OpenBackup } from './opened-backup.ts';
import { openBase, type Base } from './open-base.ts';
import type { RunContext } from './run-context.ts';
import type { Sealing } from './sealing.ts';

/** What a backup is going to be, and what it builds on. */
export interface ChosenMode {
  mode: BackupMode;
  /** Absent for a full backup, and for one that rests as a plain tree. */
  base?: Base;
  /** The backup whose files a plain tree links to. */
  linked?: StoredBackup;
  findings: Finding[];
}

/** Why a full backup is made where another mode was asked for. */
type FullReason = 'no-base' | 'chain-long' | 'zip' | 'other-key';

/**
 * Decides whether a backup is a full one, and finds the backup that it builds on: the one that was named; else for an
 * incremental one the newest complete backup, and for a differential one the newest full, that holds all of its targets.
 *
 * Who asks for a mode by hand is told what is wrong with the base; a run that nobody looks at makes a full backup instead,
 * with a warning.
 * @param backups of the store, newest first.
 * @throws BackupError BACKUP_NOT_FOUND and what else `openBackup` throws; BASE_UNUSABLE, KEY_WRONG, OPTION_INVALID,
 * MANIFEST_DAMAGED
 */
export async function chooseBase(
  context: RunContext,
  request: CreateRequest,
  targets: readonly string[],
  backups: readonly StoredBackup[],
  store: Store,
  sealing?: Sealing,
): Promise<ChosenMode> {
  const { incremental, storage } = context.settings;
  const mode = askedMode(context, request);
  const full = (reason?: FullReason): ChosenMode => ({
    mode: 'full',
    findings: reason === undefined ? [] : [finding('mode-full', { kind: mode, reason })],
  });
  if (storage.format === 'directory') return chooseLinked(context, request, mode, backups);
  if (mode === 'full') return full();
  if (storage.format === 'zip') {
    // A name that is wrong is told, though a zip builds on nothing.
    if (request.baseBackup !== undefined) await openBackup(context, request.baseBackup, request.workingFolder ?? '/');
    return full('zip');
  }
  if (request.baseBackup !== undefined) {
    return {
      mode,
      base: await openNamed(context, request, store, sealing),
      findings: [],
    };
  }
  // What nobody asked for by hand needs no explanation.
  const isAsked = request.mode !== undefined;
  const found = backups.find((one) => canBeBase(one, mode, targets));
  if (found === undefined) return full(isAsked ? 'no-base' : undefined);
  if (mode === 'incremental' && found.metadata.chain.length > incremental.maxIncrementals) {
    return full(isAsked ? 'chain-long' : undefined);
  }
  const opened = openStored(found, context.keys);
  if (!(await hasSameKey(opened, store, sealing))) return full(isAsked ? 'other-key' : undefined);
  try {
    return { mode, base: await openBase(opened, store), findings: [] };
  } catch (error) {
    // There was a copy of its manifest, and it was damaged.
    if (isWithoutKey(error)) return full(isAsked ? 'other-key' : undefined);
    const isStrict = isAsked && request.type === 'manual';
    if (isStrict || !isBackupError(error) || isBackupError(error, 'INTERRUPTED')) throw error;
    const reason = isBackupError(error, 'BASE_UNUSABLE')
      ? `${error.params.archive}: ${error.params.reason}`
      : error.message;
    return { mode: 'full', findings: [finding('base-unusable', { path: found.id, reason })] };
  }
}

/** Safety backups stand alone: the chain may be what a restore is to get away from. */
function askedMode(context: RunContext, request: CreateRequest): BackupMode {
  if (request.baseBackup !== undefined && request.mode === 'full') {
    throw new BackupError('OPTION_INVALID', {
      option: 'base-backup',
      value: request.baseBackup,
      expected: 'no base for a full backup; --mode incremental or differential builds on one',
    });
  }
  if (request.mode !== undefined) return request.mode;
  if (request.baseBackup !== undefined) return 'incremental';
  if (request.type === 'pre-restore') return 'full';
  return context.settings.incremental.enabled ? 'incremental' : 'full';
}

function canBeBase({ metadata }: StoredBackup, mode: BackupMode, targets: readonly string[]): boolean {
  return (
    metadata.complete &&
    metadata.since === undefined &&
    metadata.layout === 'tar' &&
    metadata.type !== 'pre-restore' &&
    (mode !== 'differential' || metadata.mode === 'full') &&
    targets.every((target) => target in metadata.targets)
  );
}

async function openNamed(
  context: RunContext,
  { baseBackup: name = '', workingFolder = '/' }: CreateRequest,
  store: Store,
  sealing: Sealing | undefined,
): Promise<Base> {
  const backup = await openBackup(context, name, workingFolder);
  const unusable = (reason: string): BackupError =>
    new BackupError('BASE_UNUSABLE', { backup: backup.id, archive: backup.archive ?? backup.id, reason });
  if (backup.kind === 'foreign') throw unusable('this toolkit did not make it');
  if (backup.metadata.layout !== 'tar') throw unusable('only a tar can be built on, and this is a plain tree or a zip');
  if (await hasSameKey(backup, store, sealing)) return openBase(backup, store);
  throw unusable(
    sealing === undefined
      ? 'it is encrypted, and the new backup is not to be'
      : 'it is not encrypted as the new backup is to be, with the same key',
  );
}

/**
 * Whether what opens the new backup opens the other as well: nobody is to need two keys for one backup, and nothing of an encrypted
 * backup is to rest beside its archive unencrypted.
 */
async function hasSameKey(backup: OpenBackup, store: Store, sealing: Sealing | undefined): Promise<boolean> {
  const encryption = backup.metadata.archive?.encryption;
  if (encryption === undefined || sealing === undefined) return encryption === sealing;
  if ((encryption.recipients === undefined) !== (sealing.recipients.length === 0)) return false;
  if (encryption.recipients === undefined) {
    return (await sealing.secret.keyCheck(Buffer.from(encryption.macSalt, 'hex'))) === encryption.keyCheck;
  }
  const theirs = encryption.recipients.map(({ fingerprint }) => fingerprint).sort();
  const ours = sealing.recipients.map(({ fingerprint }) => fingerprint).sort();
  return theirs.join() === ours.join() && (hasReadableManifest(store, backup.id) || (await canUnlock(backup)));
}

async function canUnlock(backup: OpenBackup): Promise<boolean> {
  try {
    await backup.unlock();
    return true;
  } catch (error) {
    if (isWithoutKey(error)) return false;
    throw error;
  }
}

const isWithoutKey = (error: unknown): boolean =>
  isBackupError(error, 'KEY_MISSING') || isBackupError(error, 'KEY_WRONG');

/** A plain tree links to what an earlier one holds, and needs nothing of it afterwards. */
async function chooseLinked(
  context: RunContext,
  request: CreateRequest,
  mode: BackupMode,
  backups: readonly StoredBackup[],
): Promise<ChosenMode> {
  // Who asks for a full one by hand wants every file written anew.
  if (request.mode === 'full') return { mode: 'full', findings: [] };
  const linked =
    request.baseBackup === undefined
      ? backups.find(({ metadata }) => metadata.complete && metadata.layout === 'directory')
      : await namedTree(context, request.baseBackup, request.workingFolder ?? '/');
  if (mode === 'full') return { mode, findings: [], ...(linked === undefined ? {} : { linked }) };
  if (linked === undefined)
    return { mode: 'full', findings: [finding('mode-full', { kind: mode, reason: 'no-base' })] };
  return { mode, linked, findings: [] };
}

async function namedTree(context: RunContext, name: string, workingFolder: string): Promise<StoredBackup> {
  const backup = await openBackup(context, name, workingFolder);
  if (backup.kind === 'backup' && backup.metadata.layout === 'directory') return backup;
  const reason = 'a plain tree builds on a plain tree only, and this is an archive';
  throw new BackupError('BASE_UNUSABLE', { backup: backup.id, archive: backup.archive ?? backup.id, reason });
}
