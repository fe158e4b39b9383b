import type { EnvFile } from '../core/env-file.ts';
import { BackupError } from '../core/errors.ts';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import { openEnvFiles } from '../crypto/env-encryption.ts';
import { nameOf } from '../crypto/key.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/**
 * Decrypts `env.encrypted` with the first key that opens it.
 * @param path of the entry, for errors.
 * @throws BackupError KEY_MISSING, KEY_WRONG, KEY_UNREADABLE, KEY_INVALID, NOT_AUTHENTIC
 */
export async function openEnvironment(
  context: Pick<RunContext, 'keys'>,
  backup: OpenBackup,
  path: string,
  sealed: Buffer,
): Promise<EnvFile[]> {
  const name = `${path} (${backup.id})`;
  const tried: string[] = [];
  for await (const { secret, source } of secretsFor(context, backup)) {
    const opened = await openEnvFiles(secret, sealed);
    if ('files' in opened) return opened.files;
    if (opened.problem !== 'wrong-key') {
      const problem =
        opened.problem === 'changed' ? 'its content was changed' : 'a newer version of this toolkit made it';
      throw new BackupError('NOT_AUTHENTIC', { backup: name, problem });
    }
    tried.push(source);
  }
  throw tried.length === 0
    ? new BackupError('KEY_MISSING', { backup: name }, { aftermath: { isUnchanged: true } })
    : new BackupError('KEY_WRONG', { backup: name, tried: [...new Set(tried)] }, { aftermath: { isUnchanged: true } });
}

/** The backup's own secret where it is encrypted, then every passphrase that was given. */
export async function* secretsFor(
  context: Pick<RunContext, 'keys'>,
  backup: Pick<OpenBackup, 'isEncrypted' | 'unlock' | 'id'>,
): AsyncGenerator<{ secret: BackupSecret; source: string }> {
  const own = backup.isEncrypted ? await backup.unlock() : undefined;
  if (own !== undefined) yield { secret: own, source: backup.id };
  for await (const key of context.keys.candidates()) {
    if (key.kind !== 'secret') continue;
    const secret = context.keys.secretOf(key);
    if (secret !== own) yield { secret, source: nameOf(key.source) };
  }
}

const keyCodes: ReadonlySet<string> = new Set(['KEY_MISSING', 'KEY_WRONG', 'KEY_UNREADABLE', 'KEY_INVALID']);

/** True for an error that another key, or any key, would mend. */
export const isAboutKeys = (error: unknown): boolean => error instanceof BackupError && keyCodes.has(error.code);
