import { reasonOf, systemCode } from '../../core/errors.ts';
import { SqliteJobError, type SqliteFailure } from './sqlite-job.ts';

/**
 * Sorts whatever a job throws (SQLite's extended result codes, system errors, our own) into what its caller can act on.
 */
export function failureOf(error: unknown): SqliteFailure {
  // One line without a full stop: it becomes a part of a sentence.
  const problem = reasonOf(error).replace(/\s+/g, ' ').replace(/\.$/, '');
  if (error instanceof SqliteJobError) return { reason: error.reason, problem };
  const code = systemCode(error) ?? '';
  if (isBusyCode(code)) return { reason: 'busy', problem };
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code)) return { reason: 'corrupt', problem };
  if (/^(?:SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) return { reason: 'full', problem };
  return { reason: 'failed', problem };
}

/** True for the result codes that go away by themselves: another connection is at it. */
export function isBusyCode(code: string | undefined): boolean {
  return code !== undefined && /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/.test(code);
}
