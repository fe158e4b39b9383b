import type { EnvironmentKey } from '../crypto/env-encryption.ts';
import { hasEnvFiles, type TargetDefinition } from '../targets/target-definitions.ts';
import type { RunContext } from './run-context.ts';
import type { OpenBackup } from './opened-backup.ts';
import { isAboutKeys } from './open-environment.ts';
import { storeSalt } from './seal-keys.ts';
import type { Sealing } from './sealing.ts';

/**
 * What the `.env` files of a new backup are encrypted with: what the backup itself is encrypted with; where it is not, the
 * secret that was given. Undefined where there is none, or nothing of these targets needs it.
 * @throws BackupError KEY_UNREADABLE, KEY_INVALID: a key that was given and is not there is no reason to do without.
 */
export async function environmentKey(
  context: Pick<RunContext, 'settings' | 'keys' | 'host'>,
  targets: readonly TargetDefinition[],
  sealing: Pick<Sealing, 'secret' | 'macSalt'> | undefined,
): Promise<EnvironmentKey | undefined> {
  if (!targets.some((target) => hasEnvFiles(target) || target.sources.includes('@environment'))) return undefined;
  if (sealing !== undefined) return { secret: sealing.secret, salt: sealing.macSalt };
  const key = await context.keys.primary();
  if (key?.kind !== 'secret') return undefined;
  const { settings, keys, host } = context;
  return { secret: keys.secretOf(key), salt: storeSalt(host, settings.storage.path) };
}

/** The key under which the same `.env` files give the same bytes as in a backup; undefined where none is given. */
export async function keyLikeThatOf(
  context: Pick<RunContext, 'settings' | 'keys' | 'host'>,
  targets: readonly TargetDefinition[],
  { isEncrypted, metadata, unlock }: OpenBackup,
): Promise<EnvironmentKey | undefined> {
  const macSalt = metadata.archive?.encryption?.macSalt;
  if (!isEncrypted || macSalt === undefined) {
    try {
      return await environmentKey(context, targets, undefined);
    } catch (error) {
      // All else can be compared without it.
      if (isAboutKeys(error)) return undefined;
      throw error;
    }
  }
  return environmentKey(context, targets, { secret: await unlock(), macSalt: Buffer.from(macSalt, 'hex') });
}
