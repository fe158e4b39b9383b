import type { EntryKind } from '../core/entry.ts';

/**
 * `always`: replace; `if-changed`: replace what differs; `if-newer`: replace what is older than the backup's; `never`.
 */
export type OverwritePolicy = 'always' | 'if-changed' | 'if-newer' | 'never';

export type RestoreAction = 'create' | 'overwrite' | 'unchanged' | 'keep' | 'delete';

export interface Decision {
  action: RestoreAction;
  /** `merged`: it gets the backup's values, and keeps what only it has. */
  reason: 'missing' | 'differs' | 'merged' | 'asked' | 'older' | 'newer' | 'never' | 'same' | 'extra';
}

/** What stands at an entry's destination. */
export interface Standing {
  kind: EntryKind | 'other';
  mtimeNs: bigint;
  /** True when content, mode and time are the entry's; asked only where a policy needs it. */
  isSame: () => boolean;
}

/** What is to happen to one entry. Pure: `standing` is undefined where nothing is. */
export function decide(
  entry: { kind: EntryKind; mtimeNs: bigint },
  standing: Standing | undefined,
  policy: OverwritePolicy,
): Decision {
  if (standing === undefined) return { action: 'create', reason: 'missing' };
  if (entry.kind === 'directory') return { action: 'unchanged', reason: 'same' };
  switch (policy) {
    case 'never':
      return { action: 'keep', reason: 'never' };
    case 'if-newer':
      if (entry.mtimeNs <= standing.mtimeNs) return { action: 'keep', reason: 'newer' };
      return { action: 'overwrite', reason: 'older' };
    case 'if-changed':
      return standing.isSame() ? { action: 'unchanged', reason: 'same' } : { action: 'overwrite', reason: 'differs' };
    case 'always':
      return { action: 'overwrite', reason: 'asked' };
  }
}
