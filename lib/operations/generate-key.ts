import { createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import { lstatSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Settings } from '../config/settings.ts';
import { fsyncPath, writeNewFile } from '../core/durable-files.ts';
import { BackupError, isSystemError, placeError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import { recipientOf } from '../crypto/recipients.ts';
import { audited, type AuditContext } from './audited.ts';
import { checkSecretPlace, ignoreInGit, makeSecretFolder } from './secret-place.ts';

export interface GenerateRequest {
  /** A random secret, or a pair of RSA keys for recipients. */
  kind: 'secret' | 'pair';
  /** The file, absolute; of a pair, what both names begin with. By default in the project root. */
  file?: string;
  /** Also where the place is one that no key should lie in. */
  force: boolean;
}

/** The fields of `keys generate --json`. Paths are absolute. */
export interface GeneratedKey {
  kind: 'secret' | 'pair';
  keyFile?: string;
  privateKeyFile?: string;
  publicKeyFile?: string;
  /** Of the public key: `sha256:<hex>`. */
  fingerprint?: string;
  /** The line that was added to the project's `.gitignore`. */
  ignored?: string;
  warnings?: Finding[];
}

/** In the project root, which no target takes in by default; hidden, as what is not to be touched. */
const defaultSecretName = '.ai-backup.key';
const defaultPairName = 'ai-backup';

const secretBytes = 32;
const modulusBits = 4096;

/**
 * A random secret, as a key file holds it: 64 hex digits, which nobody misreads on paper, and a line end.
 */
export const newSecretLine = (): string => `${randomBytes(secretBytes).toString('hex')}\n`;

/**
 * Makes a key and writes it: a secret with mode 0600; or a pair, the private key (PKCS#8) with 0600 and the public one
 * (SubjectPublicKeyInfo) with 0644. No file is ever overwritten.
 * @throws BackupError KEY_FILE_EXISTS, KEY_PLACE_UNSAFE, NO_SPACE, WRITE_FAILED
 */
export async function generateKey(context: AuditContext, request: GenerateRequest): Promise<GeneratedKey> {
  const { settings } = context;
  const { kind, file, force } = request;
  const make = (): Promise<GeneratedKey> =>
    kind === 'pair'
      ? generatePair(settings, file ?? join(settings.root, defaultPairName), force)
      : generateSecret(settings, file ?? join(settings.root, defaultSecretName), force);
  return audited(context, { act: 'keys', facts: { action: 'generate', kind } }, make, () => ({ outcome: 'done' }));
}

async function generateSecret(settings: Settings, keyFile: string, force: boolean): Promise<GeneratedKey> {
  refuseExisting(keyFile);
  if (!force) checkSecretPlace(settings, keyFile);
  makeSecretFolder(dirname(keyFile));
  const ignored = await ignoreInGit(settings.root, keyFile);
  writeKey(keyFile, newSecretLine(), 0o600);
  fsyncPath(dirname(keyFile));
  return { kind: 'secret', keyFile, ...(ignored === undefined ? {} : { ignored }) };
}

async function generatePair(settings: Settings, named: string, force: boolean): Promise<GeneratedKey> {
  const name = named.replace(/(\.(private|public))?\.pem$/, '');
  const [privateKeyFile, publicKeyFile] = [`${name}.private.pem`, `${name}.public.pem`];
  refuseExisting(privateKeyFile);
  refuseExisting(publicKeyFile);
  if (!force) checkSecretPlace(settings, privateKeyFile);
  makeSecretFolder(dirname(name));
  const ignored = await ignoreInGit(settings.root, privateKeyFile);
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: modulusBits,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeKey(privateKeyFile, pair.privateKey, 0o600);
  try {
    writeKey(publicKeyFile, pair.publicKey, 0o644);
  } catch (error) {
    rmSync(privateKeyFile);
    throw error;
  }
  fsyncPath(dirname(name));
  const fingerprint = recipientOf(createPublicKey(pair.publicKey))?.fingerprint;
  return {
    kind: 'pair',
    privateKeyFile,
    publicKeyFile,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(ignored === undefined ? {} : { ignored }),
  };
}

function refuseExisting(file: string): void {
  try {
    lstatSync(file);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return;
    throw placeError(error, file, 'writing a key');
  }
  throw new BackupError('KEY_FILE_EXISTS', { file });
}

/** Writes a key that is not there yet; half of one does not stay. @throws BackupError KEY_FILE_EXISTS, NO_SPACE, WRITE_FAILED */
export function writeKey(file: string, text: string | Uint8Array, mode: number): void {
  try {
    writeNewFile(file, text, mode);
  } catch (error) {
    // Somebody else's, made just now.
    if (isSystemError(error, 'EEXIST')) throw new BackupError('KEY_FILE_EXISTS', { file }, { cause: error });
    rmSync(file, { force: true });
    throw placeError(error, file, 'writing a key');
  }
}
