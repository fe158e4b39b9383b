import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BackupError, isBackupError, isSystemError, reasonOf } from '../core/errors.ts';
import type { ErrorCode } from '../core/error-catalogue.ts';
import type { Finding } from '../core/findings.ts';
import { nameOf, type Key } from '../crypto/key.ts';
import { newestFirst } from '../store/backup-id.ts';
import { manifestName } from '../store/sealed-names.ts';
import { listStore, openStore } from '../store/store.ts';
import { openBackup } from './open-backup.ts';
import { openStored } from './open-stored.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';
import { secretsOf, wrappedFilesOf } from './unlock-backup.ts';

/** One backup of `keys check`. */
export interface CheckedBackup {
  id: string;
  encrypted: boolean;
  /** True also for one that needs no key. */
  opens: boolean;
  /** Where the key that opens it came from, with its file: never the key. */
  key?: string;
  /** Why it does not open: an error's code, or that its wrapped secret is lost. */
  code?: ErrorCode | 'WRAPPED_KEY_MISSING';
  /** English. */
  reason?: string;
  error?: BackupError;
}

/** The fields of `keys check --json`, but for `error` of a backup, which is for who speaks another language. */
export interface CheckedKeys {
  /** Whether new backups are encrypted. */
  encrypts: boolean;
  /** What they are encrypted with: a key's source, or public keys. Absent where there is none. */
  key?: string;
  recipients: { file: string; fingerprint: string }[];
  /** The ID of the newest backup that is encrypted. */
  newest?: string;
  /** Newest first. */
  backups: CheckedBackup[];
  /** Everything opens, and what is to be encrypted has a key. */
  ok: boolean;
  /** Why there is no key for new backups, or an old one cannot be read. */
  problem?: BackupError;
  warnings: Finding[];
}

/**
 * Tries the keys that are given on every backup of the store: finds the secret, proves the metadata by their MAC, decrypts the
 * manifest and reads its header.
 * @throws BackupError STORE_UNREADABLE, INTERRUPTED
 */
export async function checkKeys(context: RunContext): Promise<CheckedKeys> {
  const { settings, keys, signal } = context;
  const backups: CheckedBackup[] = [];
  for (const open of await findBackups(context)) {
    if (signal.aborted) throw new BackupError('INTERRUPTED', {});
    backups.push(await open());
  }
  backups.sort(newestFirst);
  const newest = backups.find((one) => one.encrypted)?.id;
  const own = await ownKey(context);
  const unread = await readOthers(context);
  const problem = own.problem ?? unread;
  return {
    encrypts: settings.storage.encrypt,
    ...(own.key === undefined ? {} : { key: own.key }),
    recipients: own.recipients,
    ...(newest === undefined ? {} : { newest }),
    backups,
    ok: own.problem === undefined && backups.every((one) => one.opens),
    ...(problem === undefined ? {} : { problem }),
    warnings: keys.findings,
  };
}

type Check = () => Promise<CheckedBackup>;

/** The backups of the store, each to be tried in its turn; none where there is no store. */
async function findBackups({ settings, keys }: RunContext): Promise<Check[]> {
  const store = openStore(settings.storage);
  if (!existsSync(store.path)) return [];
  const { backups, loneArchives, unreadable } = await listStore(store);
  const damaged = unreadable.map(({ folder, code, reason }): Check => {
    const encrypted = existsSync(join(folder, manifestName(true)));
    return () => Promise.resolve({ id: basename(folder), encrypted, opens: false, code, reason });
  });
  return [
    ...backups.map(
      (stored): Check =>
        () =>
          tryBackup(openStored(stored, keys), keys),
    ),
    ...damaged,
    ...loneArchives.map(
      (path): Check =>
        () =>
          tryLone(path, { settings, keys }),
    ),
  ];
}

type Keys = RunContext['keys'];

/** An archive without its folder: only what is encrypted is looked at, for it may be anybody's. */
async function tryLone(path: string, context: Pick<RunContext, 'settings' | 'keys'>): Promise<CheckedBackup> {
  const id = basename(path);
  try {
    const opened = await openBackup(context, path, dirname(path));
    if (opened.kind === 'foreign') return { id, encrypted: false, opens: true };
    return await tryBackup(opened, context.keys);
  } catch (error) {
    if (!isBackupError(error)) throw error;
    return { id, encrypted: path.endsWith('.enc'), opens: !path.endsWith('.enc'), ...refusal(error) };
  }
}

async function tryBackup(backup: OpenBackup, keys: Keys): Promise<CheckedBackup> {
  const { id, isEncrypted: encrypted } = backup;
  if (!encrypted) return { id, encrypted, opens: true };
  try {
    const secret = await backup.unlock();
    await readHeader(backup);
    const key = await sourceOf(backup, keys, secret.bytes);
    return { id, encrypted, opens: true, ...(key === undefined ? {} : { key: nameOf(key.source) }) };
  } catch (error) {
    if (isBackupError(error, 'INTERRUPTED')) throw error;
    if (!isBackupError(error) && !isSystemError(error, 'ENOENT', 'EACCES', 'EIO', 'EISDIR')) throw error;
    const lacksWrapped =
      isBackupError(error, 'KEY_WRONG') && isWrapped(backup) && !wrappedFiles(backup).some(existsSync);
    const why = lacksWrapped
      ? ({ code: 'WRAPPED_KEY_MISSING', reason: 'wrapped.key is missing' } as const)
      : refusal(error);
    return { id, encrypted, opens: false, ...why };
  }
}

function refusal(error: unknown): Pick<CheckedBackup, 'code' | 'reason' | 'error'> {
  return isBackupError(error)
    ? { code: error.code, reason: error.message, error }
    : { code: 'BACKUP_UNREADABLE', reason: reasonOf(error) };
}

/** @throws BackupError MANIFEST_DAMAGED, NOT_AUTHENTIC */
async function readHeader(backup: OpenBackup): Promise<void> {
  for await (const [first] of backup.readManifest()) {
    if (first?.type === 'header' && first.header.backup === backup.id) return;
    throw new BackupError('NOT_AUTHENTIC', { backup: backup.id, problem: 'its manifest is that of another backup' });
  }
}

async function sourceOf(backup: OpenBackup, keys: Keys, secret: Buffer): Promise<Key | undefined> {
  const locked = { name: backup.id, wrappedFiles: wrappedFiles(backup) };
  for await (const key of keys.candidates()) {
    for (const found of secretsOf(keys, key, locked, isWrapped(backup))) if (found.bytes.equals(secret)) return key;
  }
  return undefined;
}

const isWrapped = ({ metadata }: OpenBackup): boolean => metadata.archive?.encryption?.recipients !== undefined;

const wrappedFiles = ({ archive, folder }: OpenBackup): string[] => wrappedFilesOf(archive, [folder]);

/** What new backups are encrypted with. */
async function ownKey({ settings, keys }: RunContext): Promise<Pick<CheckedKeys, 'key' | 'recipients' | 'problem'>> {
  const { encrypt, recipients: files } = settings.storage;
  try {
    const recipients = keys.recipients().map(({ fingerprint }, at) => ({ file: files[at] ?? '', fingerprint }));
    if (recipients.length > 0) return { recipients };
    const key = await keys.primary();
    if (key !== undefined) return { key: nameOf(key.source), recipients };
    return { recipients, ...(encrypt ? { problem: new BackupError('KEY_MISSING', {}) } : {}) };
  } catch (error) {
    if (!isBackupError(error) || isBackupError(error, 'INTERRUPTED')) throw error;
    return { recipients: [], problem: error };
  }
}

/** Reads the keys that nothing has asked for yet, so that what is wrong with their files is told too. */
async function readOthers({ keys }: RunContext): Promise<BackupError | undefined> {
  try {
    for await (const key of keys.candidates()) void key;
    return undefined;
  } catch (error) {
    if (!isBackupError(error) || isBackupError(error, 'INTERRUPTED')) throw error;
    return error;
  }
}
