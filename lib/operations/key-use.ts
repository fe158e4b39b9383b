import type { KeyRing } from '../crypto/key-ring.ts';
import type { KeySource } from '../crypto/key.ts';

const uses = new WeakMap<KeyRing, Map<string, Set<string>>>();

/**
 * Notes which key opened or encrypted a backup, for the audit log: where it came from, such as `BACKUP_ENCRYPTION_KEY_FILE`, and
 * never the key. @param backup its ID.
 */
export function noteKeyUse(keys: KeyRing, backup: string, source: Pick<KeySource, 'name'>): void {
  let known = uses.get(keys);
  if (known === undefined) uses.set(keys, (known = new Map<string, Set<string>>()));
  const names = known.get(backup);
  if (names === undefined) known.set(backup, new Set([source.name]));
  else names.add(source.name);
}

/** Where the keys came from that were used for a backup in this run. */
export const keysUsed = (keys: KeyRing, backup: string): string[] => [...(uses.get(keys)?.get(backup) ?? [])];
