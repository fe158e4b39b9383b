import { statSync } from 'node:fs';
import { BackupError, isSystemError, systemCode } from './errors.ts';

/**
 * Turns a read that the system refuses to this user into the error that says so, and leaves any other as it is: what
 * may not be read is not damaged.
 */
export function refusedRead(error: unknown, path: string): unknown {
  if (!isRefused(error)) return error;
  return new BackupError('BACKUP_UNREADABLE', { path, reason: refusalReason(error, path) }, { cause: error });
}

/** True when the system refused it to this user. */
export const isRefused = (error: unknown): boolean => isSystemError(error, 'EACCES', 'EPERM');

/** Whom it is refused to: `EACCES; it belongs to user 0, mode 0600; this runs as user 1000`. */
export function refusalReason(error: unknown, path: string): string {
  const parts = [systemCode(error) ?? ''];
  try {
    const { uid, mode } = statSync((error as NodeJS.ErrnoException).path ?? path);
    parts.push(`it belongs to user ${uid}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`);
  } catch {
    // A folder on the way is closed as well: whose it is cannot be told.
  }
  const user = process.geteuid?.();
  return [...parts, ...(user === undefined ? [] : [`this runs as user ${user}`])].join('; ');
}
