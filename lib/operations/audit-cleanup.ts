import type { Finding } from '../core/findings.ts';
import { audited, noteAct, type AuditContext } from './audited.ts';

/** So many IDs stand on one line. */
const mostIds = 500;

interface Cleanup {
  keep: readonly { id: string }[];
  remove: readonly { id: string }[];
  freedBytes: number;
  warnings?: Finding[];
}

/**
 * Runs a cleanup and notes how it ended.
 * @param run calls `removing` before it removes these backups, while it holds the store's lock: if it is killed then, they are not
 * missed by who checks the log. @throws what `run` throws
 */
export function auditedCleanup<T extends Cleanup>(
  context: AuditContext,
  run: (removing: (ids: readonly string[]) => Promise<void>) => Promise<T>,
): Promise<T> {
  const removing = async (ids: readonly string[]): Promise<void> => {
    for (let from = 0; from < ids.length; from += mostIds) {
      const removes = ids.slice(from, from + mostIds);
      await noteAct(context, { act: 'cleanup', outcome: 'begun', facts: { removes } });
    }
  };
  return audited(
    context,
    { act: 'cleanup' },
    () => run(removing),
    ({ keep, remove, freedBytes }) => {
      const removed = remove.map(({ id }) => id);
      const counts = { kept: keep.length, removedCount: removed.length, freedBytes };
      // All of a long list are named where it began.
      return {
        outcome: 'done',
        facts: removed.length === 0 || removed.length > mostIds ? counts : { ...counts, removed },
      };
    },
  );
}
