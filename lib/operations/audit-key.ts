import { isBackupError } from '../core/errors.ts';
import type { AuditKey } from '../store/audit-line.ts';
import type { RunContext } from './run-context.ts';
import { storeSalt } from './seal-keys.ts';

/**
 * The key that the lines of the audit log get their MAC with: of the first key that is given, where that is a secret. A public key
 * makes none, and what only some acts need must not fail the others: without a key that can be read, lines have no MAC.
 *
 * Stretching the secret takes a tenth of a second on another thread, once a run; who begins an act calls this then.
 */
export async function auditKeyOf(
  context: Pick<RunContext, 'settings' | 'keys' | 'host'>,
): Promise<AuditKey | undefined> {
  try {
    const given = await context.keys.primary();
    if (given?.kind !== 'secret') return undefined;
    const salt = storeSalt(context.host, context.settings.storage.path);
    const secret = context.keys.secretOf(given);
    const [key, keyCheck] = await Promise.all([secret.subkey(salt, 'audit log v1'), secret.keyCheck(salt)]);
    return { macSalt: salt.toString('hex'), keyCheck, key };
  } catch (error) {
    if (isBackupError(error)) return undefined;
    throw error;
  }
}
