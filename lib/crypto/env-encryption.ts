import { createHmac } from 'node:crypto';
import type { EnvFile } from '../core/env-file.ts';
import type { BackupSecret } from './backup-secret.ts';
import { isSameMac } from './backup-secret.ts';
import { decryptCbc, encryptCbc } from './cbc.ts';
import { composeEnvText, parseEnvText, saltOfEnvText } from './env-text.ts';
import { headBytes, headOf, saltBytes, saltOf } from './salted-layout.ts';

/** What secrets of the environment are encrypted and fingerprinted with. */
export interface EnvironmentKey {
  secret: BackupSecret;
  /** 8 bytes, of the keys that are no file's. */
  salt: Buffer;
}

/** `env.encrypted` has lines of this length, which every `openssl enc -d -a` reads. */
const lineLength = 64;

const fingerprintDigits = 16;

/**
 * The content of `env.encrypted`: AES-256-CBC in OpenSSL's salted layout, base64.
 *
 * Its salt is not drawn by lot but computed from the text, with a key of its own: the same files give the same bytes, and a
 * backup in which no `.env` has changed stores nothing anew. CBC needs an IV that nobody can foretell before the text is
 * chosen. Key and IV come from this salt, which is a keyed hash of the whole text: for another text they are others, as if
 * drawn by lot, and whoever has not the key can compute neither. So all that two files tell without the key is whether their
 * texts are equal, to their last byte (as SIV modes do, RFC 5297; to a chance of one in 2^64 for two texts). With the key, the
 * salt proves that the text was made with it.
 */
export async function sealEnvFiles({ secret, salt }: EnvironmentKey, files: readonly EnvFile[]): Promise<Buffer> {
  const text = composeEnvText(files, salt);
  const fileSalt = await saltFor(secret, salt, text);
  const ciphertext = await encryptCbc(await secret.fileKey(fileSalt), text);
  const base64 = Buffer.concat([headOf(fileSalt), ciphertext]).toString('base64');
  return Buffer.from(`${base64.replace(new RegExp(`.{${lineLength}}(?!$)`, 'g'), '$&\n')}\n`, 'latin1');
}

/** `wrong-key`: it was made with another one, or is no such file at all. `changed`: it was made with this one, and changed. */
export type OpenedEnv = { files: EnvFile[] } | { problem: 'wrong-key' | 'changed' | 'newer-form' };

/** What `sealEnvFiles` wrote: decrypted, and proven to be that. */
export async function openEnvFiles(secret: BackupSecret, sealed: Buffer): Promise<OpenedEnv> {
  const bytes = Buffer.from(sealed.toString('latin1'), 'base64');
  const fileSalt = saltOf(bytes);
  if (fileSalt === undefined) return { problem: 'wrong-key' };
  const text = await decryptCbc(await secret.fileKey(fileSalt), bytes.subarray(headBytes));
  const named = text === undefined ? undefined : saltOfEnvText(text);
  if (text === undefined || named === undefined) return { problem: 'wrong-key' };
  const right = await saltFor(secret, named.salt, text);
  if (!isSameMac(right.toString('hex'), fileSalt.toString('hex'))) return { problem: 'changed' };
  if (named.form > 1) return { problem: 'newer-form' };
  const files = parseEnvText(text);
  return files === undefined ? { problem: 'changed' } : { files };
}

/** What tells whether two values of a variable are the same, and nothing else: hex. */
export type Fingerprint = (name: string, value: string) => string;

/** Derives the key of fingerprints once, and gives what makes them with it. */
export async function fingerprinter({ secret, salt }: EnvironmentKey): Promise<Fingerprint> {
  const key = await secret.subkey(salt, 'environment v1');
  return (name, value) =>
    createHmac('sha256', key).update(`fingerprint\0${name}\0${value}`).digest('hex').slice(0, fingerprintDigits);
}

async function saltFor(secret: BackupSecret, salt: Buffer, text: Buffer): Promise<Buffer> {
  const key = await secret.subkey(salt, 'environment v1');
  return createHmac('sha256', key).update('env.encrypted\0').update(text).digest().subarray(0, saltBytes);
}
