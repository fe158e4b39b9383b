import { audited, type ActNote, type AuditContext } from './audited.ts';
import type { RestoreResult } from './restore-result.ts';

/** Applies a restore and notes how it ended, with the safety backup that it left. @throws what `apply` throws */
export function auditedRestore(
  context: AuditContext,
  backup: string,
  destination: string,
  apply: () => Promise<RestoreResult>,
): Promise<RestoreResult> {
  return audited(context, { act: 'restore', backup, facts: { destination } }, apply, restoreNote);
}

function restoreNote(result: RestoreResult): Pick<ActNote, 'outcome' | 'facts'> {
  const { safetyBackup, created, overwritten, deleted, bytes, notRestored } = result;
  return {
    outcome: notRestored === undefined ? 'done' : 'incomplete',
    facts: {
      ...(safetyBackup === undefined ? {} : { safetyBackup }),
      created,
      overwritten,
      deleted,
      bytes,
      ...(notRestored === undefined ? {} : { notRestored }),
    },
  };
}
