import { basename, join } from 'node:path';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { nameOf } from '../crypto/key.ts';
import type { Metadata } from '../store/metadata.ts';
import { adoptKeys } from './key-cache.ts';
import { noKey, secretsOf, unlockMetadata, wrappedFilesOf, type Locked } from './unlock-backup.ts';

/** How what a backup holds is opened. */
export interface SealedAccess {
  isEncrypted: boolean;
  unlock(): Promise<BackupSecret>;
  unlockArchive(archive: string, backup: string): Promise<BackupSecret>;
}

/** @param stores folders where the backups that it builds on may have theirs. */
export function accessTo(keys: KeyRing, locked: Locked, metadata: Metadata, stores: readonly string[]): SealedAccess {
  const encryption = metadata.archive?.encryption;
  let found: Promise<BackupSecret> | undefined;
  const unlock = (): Promise<BackupSecret> => (found ??= unlockWithKeys());
  const unlockWithKeys = async (): Promise<BackupSecret> => {
    const secret = await unlockMetadata(keys, locked, metadata);
    const [path] = stores;
    if (encryption === undefined || encryption.recipients !== undefined || path === undefined) return secret;
    await adoptKeys({ path }, secret, Buffer.from(encryption.macSalt, 'hex'));
    return secret;
  };
  const others = new Map<string, Promise<BackupSecret>>();
  return {
    isEncrypted: encryption !== undefined,
    unlock,
    // A chain has one key; only random secrets are of one backup each.
    unlockArchive: (archive, backup) => {
      if (encryption?.recipients === undefined) return unlock();
      let other = others.get(archive);
      if (other === undefined) {
        const folders = stores.map((store) => join(store, basename(backup)));
        other = unwrapped(keys, { name: archive, wrappedFiles: wrappedFilesOf(archive, folders) });
        others.set(archive, other);
      }
      return other;
    },
  };
}

async function unwrapped(keys: KeyRing, locked: Locked): Promise<BackupSecret> {
  const tried: string[] = [];
  for await (const key of keys.candidates()) {
    for (const secret of secretsOf(keys, key, locked, true)) return secret;
    tried.push(nameOf(key.source));
  }
  throw noKey(locked, tried, true);
}
