import { detectArchive } from '../archive/foreign-kind.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { nameOf } from '../crypto/key.ts';
import { readSalt } from '../crypto/read-salt.ts';
import { noKey, secretsOf, wrappedFilesOf } from './unlock-backup.ts';

/** An encrypted archive that lies alone, and what decrypts it. */
export interface SealedArchive {
  opener: Opener;
}

/**
 * Finds the key of an encrypted archive about which nothing is known yet: the right one is the one under which it begins like an
 * archive. What it holds proves itself by the MACs in it.
 * @returns undefined where the file is not encrypted.
 * @throws BackupError KEY_MISSING, KEY_WRONG, KEY_UNREADABLE, KEY_INVALID
 */
export async function openSealedArchive(file: string, keys: KeyRing): Promise<SealedArchive | undefined> {
  const salt = readSalt(file);
  if (salt === undefined) return undefined;
  const tried: string[] = [];
  const locked = { name: file, wrappedFiles: wrappedFilesOf(file, []) };
  for await (const key of keys.candidates()) {
    for (const isWrapped of [false, true]) {
      for (const secret of secretsOf(keys, key, locked, isWrapped)) {
        const opener = await secret.opener(salt);
        if ((await detectArchive(file, opener)) !== 'unknown') return { opener };
      }
    }
    tried.push(nameOf(key.source));
  }
  throw noKey(locked, tried, false);
}
