import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { replaceFile } from '../core/durable-files.ts';
import { BackupError, isBackupError, isSystemError, writeError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import { wrapSecret, type Recipient } from '../crypto/recipients.ts';
import { formatMetadata, type Metadata } from '../store/metadata.ts';
import { wrappedKeyFile, wrappedKeyOf } from '../store/sealed-names.ts';
import { listStore, openStore, type Store } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { audited } from './audited.ts';
import { refuseOpenStore } from './guarded-store.ts';
import { openStored } from './open-stored.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';
import { authenticatorOf, instructionsHash, wrappedHash } from './sealing.ts';
import { noKey, secretsOf } from './unlock-backup.ts';

/** The fields of `keys rotate --rewrap --json`. */
export interface RewrappedBackups {
  /** The public keys that every backup named in `rewrapped` and `unchanged` is for. */
  recipients: string[];
  rewrapped: string[];
  /** Those that were for these keys already. */
  unchanged: string[];
  /** Those that are encrypted with a key directly: nothing can be wrapped anew. */
  direct: string[];
  failed: RewrapFailure[];
  warnings?: Finding[];
}

export interface RewrapFailure {
  id: string;
  code: BackupError['code'];
  /** English. */
  reason: string;
  error: BackupError;
}

/**
 * Wraps the secret of every backup to the public keys of the settings, in place of those that it was wrapped to. The backups
 * themselves stay as they are.
 *
 * Order, for a kill between any two steps: the wrapped secret beside the archive, then the one in the folder, then RESTORE.md,
 * each replaced in one step, and last the metadata that name the keys. Whatever is read then, the old private key or the new one opens it, for
 * both files are looked at; and the next run goes on with it, as the metadata still name the old keys.
 * @throws BackupError REWRAP_UNAVAILABLE, KEY_…, STORE_NOT_FOUND, STORE_OPEN, STORE_LOCKED, NO_SPACE, INTERRUPTED
 */
export async function rewrapBackups(context: RunContext): Promise<RewrappedBackups> {
  return audited(
    context,
    { act: 'keys', facts: { action: 'rewrap' } },
    () => rewrapStore(context),
    (done) => ({
      outcome: done.failed.length > 0 ? 'incomplete' : 'done',
      facts: { backups: done.rewrapped.length, failed: done.failed.length, recipients: done.recipients },
    }),
  );
}

async function rewrapStore(context: RunContext): Promise<RewrappedBackups> {
  const { settings, keys, host, clock, signal, retryLockSeconds: retrySeconds } = context;
  const recipients = keys.recipients();
  if (recipients.length === 0) throw new BackupError('REWRAP_UNAVAILABLE', { reason: 'no-recipients' });
  const store = openStore(settings.storage);
  // Where there is no store, none is made by taking its lock.
  await listStore(store);
  refuseOpenStore(settings);
  return withStoreLock(store, { verb: 'keys rotate --rewrap', host, retrySeconds, clock, signal }, () =>
    rewrapAll(context, store, recipients),
  );
}

async function rewrapAll(context: RunContext, store: Store, recipients: Recipient[]): Promise<RewrappedBackups> {
  const { keys, signal } = context;
  const { backups, loneArchives } = await listStore(store);
  const done: RewrappedBackups = {
    recipients: recipients.map(({ fingerprint }) => fingerprint),
    rewrapped: [],
    unchanged: [],
    direct: [],
    failed: [],
  };
  const attempt = async (id: string, rewrap: () => Promise<boolean>): Promise<void> => {
    if (signal.aborted) throw new BackupError('INTERRUPTED', {});
    try {
      ((await rewrap()) ? done.rewrapped : done.unchanged).push(id);
    } catch (error) {
      if (!isBackupError(error) || isBackupError(error, 'INTERRUPTED')) throw error;
      done.failed.push({ id, code: error.code, reason: error.message, error });
    }
  };
  for (const stored of backups) {
    const { encryption } = stored.metadata.archive ?? {};
    if (encryption === undefined) continue;
    if (encryption.recipients === undefined) done.direct.push(stored.id);
    else await attempt(stored.id, () => rewrapBackup(openStored(stored, keys), store, recipients));
  }
  for (const archive of loneArchives.filter((path) => existsSync(wrappedKeyOf(path)))) {
    await attempt(basename(archive), () => rewrapLone(archive, context, store, recipients));
  }
  const [failure] = done.failed;
  if (done.rewrapped.length + done.unchanged.length > 0) return done;
  if (failure !== undefined) throw failure.error;
  if (done.direct.length > 0) throw new BackupError('REWRAP_UNAVAILABLE', { reason: 'passphrase' });
  return done;
}

/** @returns false where there was nothing to do. @throws BackupError KEY_…, NOT_AUTHENTIC, WRITE_FAILED */
async function rewrapBackup(backup: OpenBackup, store: Store, recipients: readonly Recipient[]): Promise<boolean> {
  const { folder, archive, metadata } = backup;
  const encryption = metadata.archive?.encryption;
  if (folder === undefined || metadata.archive === undefined || encryption === undefined) return false;
  const files = [
    // One that lies on a disk that is not there keeps what it has.
    ...(archive !== undefined && existsSync(archive) ? [wrappedKeyOf(archive)] : []),
    join(folder, wrappedKeyFile),
  ];
  if (isFor(recipients, metadata, files)) return false;
  const secret = await backup.unlock();
  const fingerprints = recipients.map(({ fingerprint }) => ({ fingerprint }));
  const wrapped = wrapSecret(secret.bytes, recipients);
  const text = instructionsFor(fingerprints, join(folder, 'RESTORE.md'), metadata);
  const renamed: Metadata = {
    ...metadata,
    ...(text === undefined ? {} : { instructions: instructionsHash(text) }),
    archive: {
      ...metadata.archive,
      encryption: { ...encryption, recipients: fingerprints, wrapped: wrappedHash(wrapped) },
    },
  };
  const authenticate = authenticatorOf(await secret.subkey(Buffer.from(encryption.macSalt, 'hex'), 'metadata mac v1'));
  for (const file of files) replaceIn(store, file, wrapped);
  if (text !== undefined) replaceIn(store, join(folder, 'RESTORE.md'), text);
  replaceIn(store, join(folder, 'metadata.json'), formatMetadata(authenticate(renamed)));
  return true;
}

/**
 * RESTORE.md with the new keys where it names the old ones. It is what the metadata pin, or what this function made of that before
 * a kill: what somebody else changed must not pass for ours, and stays as it is, for a verification to find.
 */
function instructionsFor(after: Fingerprints, file: string, metadata: Metadata): string | undefined {
  const before = metadata.archive?.encryption?.recipients ?? [];
  const text = readTextIn(file);
  if (text === undefined) return undefined;
  const isPinned = (one: string): boolean => instructionsHash(one) === metadata.instructions;
  if (isPinned(text)) return renamed(text, before, after);
  return isPinned(renamed(text, after, before)) ? text : undefined;
}

type Fingerprints = readonly { fingerprint: string }[];

function renamed(text: string, before: Fingerprints, after: Fingerprints): string {
  const listed = (keys: Fingerprints): string =>
    keys.map(({ fingerprint }, at) => `${at + 1}. \`${fingerprint.replace('sha256:', '')}\``).join('\n');
  return text
    .replace(`wrapped to ${before.length} public key(s)`, `wrapped to ${after.length} public key(s)`)
    .replace(listed(before), listed(after));
}

function readTextIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EISDIR', 'EACCES')) return undefined;
    throw error;
  }
}

function isFor(recipients: readonly Recipient[], metadata: Metadata, files: readonly string[]): boolean {
  const named = metadata.archive?.encryption?.recipients ?? [];
  const bytes = recipients.reduce((sum, { wrappedBytes }) => sum + wrappedBytes, 0);
  return (
    named.length === recipients.length &&
    named.every(({ fingerprint }, at) => fingerprint === recipients[at]?.fingerprint) &&
    files.every((file) => statSync(file, { throwIfNoEntry: false })?.size === bytes && isPinned(file, metadata))
  );
}

/** Where the metadata name no hash, the size has to do. */
function isPinned(file: string, { archive }: Metadata): boolean {
  const { wrapped } = archive?.encryption ?? {};
  return wrapped === undefined || wrapped === wrappedHash(readFileSync(file));
}

/** An archive that lost its folder: nothing else names its keys. */
async function rewrapLone(
  archive: string,
  { keys }: RunContext,
  store: Store,
  recipients: readonly Recipient[],
): Promise<boolean> {
  const file = wrappedKeyOf(archive);
  const locked = { name: archive, wrappedFiles: [file] };
  const tried: string[] = [];
  for await (const key of keys.candidates()) {
    const [secret]: BackupSecret[] = [...secretsOf(keys, key, locked, true)];
    tried.push(key.source.name);
    if (secret === undefined) continue;
    replaceIn(store, file, wrapSecret(secret.bytes, recipients));
    return true;
  }
  throw noKey(locked, tried, true);
}

function replaceIn({ modes }: Store, file: string, data: string | Uint8Array): void {
  try {
    replaceFile(file, data, modes.file);
  } catch (error) {
    throw writeError(error, dirname(file), 'wrapping the secrets of backups anew');
  }
}
