import type { Finding } from '../core/findings.ts';
import type { ActNote } from './audited.ts';

interface Verification {
  ok: boolean;
  level: string;
  files: number;
  bytes: number;
  problems: readonly Finding[];
}

/** What the audit log says of a verification. */
export function verificationNote(result: Verification): Pick<ActNote, 'outcome' | 'facts'> {
  const { ok, level, files, bytes, problems } = result;
  const isRefused = !ok && problems.every((one) => one.code === 'backup-unreadable');
  const outcome = ok ? 'done' : isRefused ? 'failed' : 'found-problems';
  const facts = { level, files, bytes, ...(ok ? {} : { problems: problems.length }) };
  return { outcome, facts: { ...facts, ...(isRefused ? { code: 'BACKUP_UNREADABLE' } : {}) } };
}
