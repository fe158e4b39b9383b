import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isUtf8 } from 'node:buffer';
import { parse } from 'dotenv';
import { readText } from '../config/settings-file.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { maskText } from '../core/mask-secrets.ts';
import { commandVariable } from '../crypto/key-ring.ts';
import type { Key } from '../crypto/key.ts';
import { recipientOf } from '../crypto/recipients.ts';
import type { Metadata } from '../store/metadata.ts';
import { listStore, openStore, type StoredBackup } from '../store/store.ts';
import { openStored } from './open-stored.ts';
import type { RunContext } from './run-context.ts';

/** What a recovery kit says. */
export interface RecoveryFacts {
  /** The project's name: that of its package.json, else of its folder. */
  project: string;
  root: string;
  store: string;
  host: string;
  /** ISO 8601, UTC. */
  madeAt: string;
  key: RecoveryKey;
  /** The newest backup that is encrypted; absent where there is none yet. */
  backup?: RecoverableBackup;
}

/** How whoever holds the kit comes by the key. */
export type RecoveryKey =
  /** Printed: what `openssl -pass file:` reads. `check`: the first digits of the SHA-256 of the line. */
  | { kind: 'secret'; isPrinted: true; secret: Buffer; text?: string; check: string }
  /** A copy of the file. `isHex`: OpenSSL is given the hex digits of its bytes. */
  | { kind: 'secret'; isPrinted: false; source: string; file?: string; isHex: boolean }
  /** `command`: absent where it holds a secret itself. */
  | { kind: 'command'; source: string; command?: string }
  /** Public keys. `wrappedBytes`: what each takes in `wrapped.key`. */
  | { kind: 'recipients'; recipients: RecoveryRecipient[]; privateKey?: string };

export interface RecoveryRecipient {
  file?: string;
  fingerprint: string;
}

export interface RecoverableBackup {
  id: string;
  timestamp: string;
  metadata: Metadata;
  /** The archives that it needs, the oldest first, its own last; with their backups. */
  archives: RecoverableArchive[];
}

export interface RecoverableArchive {
  backup: string;
  file: string;
  /** Where `--output` put it. */
  folder?: string;
  /** How many public keys its secret is wrapped to; 0 where it is encrypted with the key itself. */
  recipients: number;
}

/** True where the pages hold what opens the backups. */
export const holdsKey = ({ key }: RecoveryFacts): boolean =>
  (key.kind === 'secret' && key.isPrinted) || (key.kind === 'recipients' && key.privateKey !== undefined);

/**
 * Gathers what a recovery kit says.
 * @param wish whether the key itself is to be in it; by default it is where it is a text that is given as such, and not where a
 *   command gives it or public keys are used.
 * @throws BackupError KEY_MISSING, KEY_UNREADABLE, KEY_INVALID, NOT_AUTHENTIC, STORE_UNREADABLE
 */
export async function recoveryFacts(context: RunContext, wish?: 'with-key' | 'without-key'): Promise<RecoveryFacts> {
  const { settings, host, clock } = context;
  const backup = await newestEncrypted(context);
  return {
    project: await projectName(settings.root),
    root: settings.root,
    store: settings.storage.path,
    host,
    madeAt: clock.now().toISOString(),
    key: await recoveryKey(context, wish),
    ...(backup === undefined ? {} : { backup }),
  };
}

async function projectName(root: string): Promise<string> {
  try {
    const { name } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof name === 'string' && name !== '') return name;
  } catch {
    // Only a name: a project without one, or with a broken package.json, has its folder's.
  }
  return basename(root);
}

async function recoveryKey(context: RunContext, wish: 'with-key' | 'without-key' | undefined): Promise<RecoveryKey> {
  const { keys, settings } = context;
  const files = settings.storage.recipients;
  const recipients = keys.recipients().map(({ fingerprint }, at) => ({ fingerprint, ...fileField(files[at]) }));
  const key = await keys.primary();
  if (recipients.length > 0) return { kind: 'recipients', recipients, ...privateKeyOf(key, wish) };
  if (key === undefined) throw new BackupError('KEY_MISSING', {});
  if (key.kind !== 'secret') {
    const recipient = recipientOf(key.key);
    const own = recipient === undefined ? [] : [{ fingerprint: recipient.fingerprint }];
    return { kind: 'recipients', recipients: own, ...privateKeyOf(key, wish) };
  }
  const { source } = key;
  if (source.name === commandVariable && wish !== 'with-key') {
    return { kind: 'command', source: source.name, ...(await plainCommand(context)) };
  }
  return wish === 'without-key'
    ? { kind: 'secret', isPrinted: false, source: source.name, ...fileField(source.file), isHex: key.form === 'hex' }
    : { kind: 'secret', isPrinted: true, secret: key.secret, ...printed(key.secret) };
}

const fileField = (file: string | undefined): { file?: string } => (file === undefined ? {} : { file });

function printed(secret: Buffer): { text?: string; check: string } {
  const check = createHash('sha256').update(secret).update('\n').digest('hex').slice(0, 16);
  return isUtf8(secret) ? { text: secret.toString('utf8'), check } : { check };
}

function privateKeyOf(key: Key | undefined, wish: string | undefined): { privateKey?: string } {
  if (wish !== 'with-key' || key?.kind !== 'private') return {};
  return { privateKey: key.key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** The command that gives the key, unless it holds what should not be on paper. */
async function plainCommand({ environment, settings }: RunContext): Promise<{ command?: string }> {
  const own = environment[commandVariable] ?? '';
  const command = own === '' ? parse((await readText(join(settings.root, '.env'))) ?? '')[commandVariable] : own;
  return command === undefined || maskText(command) !== command ? {} : { command };
}

async function newestEncrypted({ settings, keys }: RunContext): Promise<RecoverableBackup | undefined> {
  const store = openStore(settings.storage);
  if (!existsSync(store.path)) return undefined;
  const { backups } = await listStore(store);
  const encrypted = backups.filter(({ metadata }) => metadata.archive?.encryption !== undefined);
  const newest = encrypted.find(({ metadata }) => metadata.type !== 'pre-restore') ?? encrypted[0];
  if (newest === undefined) return undefined;
  await refuseChanged(newest, keys);
  const { id, metadata } = newest;
  const archives = metadata.chain.flatMap((backup): RecoverableArchive[] => {
    const archive = backups.find((one) => one.id === backup)?.metadata.archive;
    if (archive === undefined) return [];
    const { file, folder: elsewhere, encryption } = archive;
    const recipients = encryption?.recipients?.length ?? 0;
    return [{ backup, file, recipients, ...(elsewhere === undefined ? {} : { folder: elsewhere }) }];
  });
  return {
    id,
    timestamp: metadata.timestamp,
    metadata,
    archives,
  };
}

/** Hashes on paper are believed: they are those of what was made with the key, where there is one to tell. */
async function refuseChanged(newest: StoredBackup, keys: RunContext['keys']): Promise<void> {
  try {
    await openStored(newest, keys).unlock();
  } catch (error) {
    // Public keys open nothing, and a new key not what was made before it.
    if (!isBackupError(error) || isBackupError(error, 'NOT_AUTHENTIC') || isBackupError(error, 'INTERRUPTED'))
      throw error;
  }
}
