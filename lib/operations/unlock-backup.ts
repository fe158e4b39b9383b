import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import { BackupSecret, isSameMac } from '../crypto/backup-secret.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { nameOf, type Key } from '../crypto/key.ts';
import { mostWrappedBytes, unwrapSecret } from '../crypto/recipients.ts';
import { authenticatedText, type EncryptionSummary, type Metadata } from '../store/metadata.ts';
import { wrappedKeyFile, wrappedKeyOf } from '../store/sealed-names.ts';
import { noteKeyUse } from './key-use.ts';

/** What is to be opened. */
export interface Locked {
  /** What errors call it. */
  name: string;
  /** Where wrapped secrets of it may be. */
  wrappedFiles: readonly string[];
}

/**
 * Finds the key that opens a backup, and proves with it that its metadata are what was made with that key.
 * @throws BackupError KEY_MISSING, KEY_WRONG, KEY_UNREADABLE, KEY_INVALID, NOT_AUTHENTIC
 */
export async function unlockMetadata(keys: KeyRing, locked: Locked, metadata: Metadata): Promise<BackupSecret> {
  const encryption = metadata.archive?.encryption;
  if (encryption === undefined) throw new TypeError(`${locked.name} is not encrypted`);
  const secret = await findSecret(keys, locked, encryption, metadata.id);
  const mac = await secret.mac(Buffer.from(encryption.macSalt, 'hex'), 'metadata mac v1', authenticatedText(metadata));
  if (!isSameMac(mac, metadata.mac ?? '')) {
    const problem =
      metadata.mac === undefined ? 'its metadata.json has no MAC' : 'the MAC of its metadata.json is not right';
    throw new BackupError('NOT_AUTHENTIC', { backup: locked.name, problem });
  }
  return secret;
}

async function findSecret(
  keys: KeyRing,
  locked: Locked,
  encryption: EncryptionSummary,
  id: string,
): Promise<BackupSecret> {
  const needsPrivate = encryption.recipients !== undefined;
  const macSalt = Buffer.from(encryption.macSalt, 'hex');
  const tried: string[] = [];
  for await (const key of keys.candidates()) {
    for (const secret of secretsOf(keys, key, locked, needsPrivate)) {
      if ((await secret.keyCheck(macSalt)) !== encryption.keyCheck) continue;
      noteKeyUse(keys, id, key.source);
      return secret;
    }
    tried.push(nameOf(key.source));
  }
  throw noKey(locked, tried, needsPrivate);
}

/** What to say where no key opens it. */
export function noKey({ name: backup }: Locked, tried: readonly string[], needsPrivate: boolean): BackupError {
  return tried.length === 0
    ? new BackupError('KEY_MISSING', { backup, needsPrivate })
    : new BackupError('KEY_WRONG', { backup, tried: [...tried], needsPrivate });
}

/** The secrets that a key gives: itself, or what is unwrapped with it. */
export function* secretsOf(keys: KeyRing, key: Key, locked: Locked, isWrapped: boolean): Generator<BackupSecret> {
  if (key.kind === 'secret') {
    if (!isWrapped) yield keys.secretOf(key);
    return;
  }
  if (key.kind === 'public' || !isWrapped) return;
  for (const file of locked.wrappedFiles) {
    const wrapped = readWrapped(file);
    const secret = wrapped === undefined ? undefined : unwrapSecret(wrapped, key.key);
    if (secret !== undefined) yield new BackupSecret(secret);
  }
}

function readWrapped(file: string): Buffer | undefined {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      return stat.isFile() && stat.size <= mostWrappedBytes ? readFileSync(fd) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw refusedRead(error, file);
  }
}

/** Where the wrapped secret of an archive may be: beside it, and in the folder of its backup. */
export function wrappedFilesOf(archive: string | undefined, folders: readonly (string | undefined)[]): string[] {
  return [
    ...folders.flatMap((folder) => (folder === undefined ? [] : [join(folder, wrappedKeyFile)])),
    ...(archive === undefined ? [] : [wrappedKeyOf(archive)]),
  ];
}
