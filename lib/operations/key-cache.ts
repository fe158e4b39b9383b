import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../core/durable-files.ts';
import { systemCode } from '../core/errors.ts';
import { readSmallFile, UnfitFile } from '../core/read-small-file.ts';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import { stateFolder, type Store } from '../store/store.ts';

/*
 * Keys of files that were derived before: `.state/keys.json`. Each costs a quarter of a second to derive, and the next backup needs
 * that of its base's manifest before it can begin. They rest encrypted and authenticated (AES-256-GCM) under a key that only
 * the same secret gives, stretched as often; so the file tells nothing that the backups beside it do not. Without it, or where
 * it is damaged, keys are derived again.
 */

/** More than a long chain has. The oldest go first. */
const mostKeys = 256;
const nonceBytes = 12;
const tagBytes = 16;
/** Key and IV of a file. */
const keyBytes = 48;
const mostFileBytes = 1 << 17;

interface CacheFile {
  /** Hex: of the key that the others are encrypted under. */
  macSalt: string;
  /** Salt of a file, hex → nonce, ciphertext and tag, base64. The oldest first. */
  keys: [salt: string, sealed: string][];
}

const fileOf = (store: Pick<Store, 'path'>): string => join(stateFolder(store), 'keys.json');

/** Gives a secret the keys that were derived from it before. @param macSalt 8 bytes */
export async function adoptKeys(store: Pick<Store, 'path'>, secret: BackupSecret, macSalt: Buffer): Promise<void> {
  const cache = readCache(store);
  if (cache === undefined || cache.macSalt !== macSalt.toString('hex')) return;
  const key = await secret.subkey(macSalt, 'key cache v1');
  for (const [salt, sealed] of cache.keys) {
    const bytes = open(key, salt, Buffer.from(sealed, 'base64'));
    if (bytes !== undefined) secret.adopt(salt, { key: bytes.subarray(0, 32), iv: bytes.subarray(32) });
  }
}

/** Keeps the keys that a secret has derived, for later runs. Call it while holding the store's lock. It never fails a run. */
export async function keepKeys(store: Store, secret: BackupSecret, macSalt: Buffer): Promise<void> {
  const known = readCache(store);
  const salt = macSalt.toString('hex');
  const kept = new Map(known?.macSalt === salt ? known.keys : []);
  const key = await secret.subkey(macSalt, 'key cache v1');
  const before = kept.size;
  for (const [of, fileKey] of await secret.derivedKeys()) {
    if (!kept.has(of)) kept.set(of, seal(key, of, Buffer.concat([fileKey.key, fileKey.iv])).toString('base64'));
  }
  if (kept.size === before) return;
  const cache: CacheFile = { macSalt: salt, keys: [...kept].slice(-mostKeys) };
  const temporary = `${fileOf(store)}.tmp`;
  try {
    makeFolder(stateFolder(store), store.modes.folder);
    rmSync(temporary, { force: true });
    writeFileSync(temporary, JSON.stringify(cache), { mode: 0o600, flag: 'wx' });
    renameSync(temporary, fileOf(store));
  } catch (error) {
    // What is not kept is derived again.
    if (systemCode(error) === undefined) throw error;
  }
}

function readCache(store: Pick<Store, 'path'>): CacheFile | undefined {
  try {
    const value: unknown = JSON.parse(readSmallFile(fileOf(store), mostFileBytes).toString('utf8'));
    return isCache(value) ? value : undefined;
  } catch (error) {
    if (systemCode(error) === undefined && !(error instanceof SyntaxError || error instanceof UnfitFile)) throw error;
    return undefined;
  }
}

function isCache(value: unknown): value is CacheFile {
  if (typeof value !== 'object' || value === null) return false;
  const { macSalt, keys } = value as Partial<CacheFile>;
  const isPair = (one: unknown): boolean =>
    Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === 'string');
  return typeof macSalt === 'string' && Array.isArray(keys) && keys.length <= mostKeys && keys.every(isPair);
}

function seal(key: Buffer, salt: string, bytes: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(salt, 'hex'));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, salt: string, sealed: Buffer): Buffer | undefined {
  if (sealed.length !== nonceBytes + keyBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(salt, 'hex')).setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    // Of another secret, or changed: OpenSSL says no more.
    return undefined;
  }
}
