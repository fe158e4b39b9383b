import { isBackupError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import type { Key } from '../crypto/key.ts';
import { nameOf } from '../crypto/key.ts';
import { health, type HealthCheck } from '../monitor/health-check.ts';
import type { RunContext } from './run-context.ts';

/** What the check of keys has found; the keys' files, which have to be kept out of git. */
export interface LookedAtKeys {
  checks: HealthCheck[];
  /** Absolute; of secrets and private keys. */
  files: string[];
  /** True where `.env` files are in a backup, encrypted. */
  keepsSecrets: boolean;
}

/** Can every key that is configured be read, by us and by nobody else? Nothing of a key is shown. */
export async function checkKeys({ settings, keys }: Pick<RunContext, 'settings' | 'keys'>): Promise<LookedAtKeys> {
  const { encrypt } = settings.storage;
  const checks: HealthCheck[] = [];
  const found: Key[] = [];
  let recipients = 0;
  try {
    recipients = keys.recipients().length;
    for await (const key of keys.candidates()) found.push(key);
  } catch (error) {
    if (!isBackupError(error) || error.code === 'INTERRUPTED') throw error;
    checks.push(health('key', 'problem', 'key-unusable', { error }));
  }
  for (const one of keys.findings) checks.push(...checkOf(one));
  if (recipients > 0) checks.unshift(health('key', 'ok', 'recipients-work', { count: recipients }));
  checks.unshift(...found.map(({ source }) => health('key', 'ok', 'key-works', { source: nameOf(source) })));
  if (checks.length === 0) {
    checks.push(encrypt ? health('key', 'problem', 'key-absent', {}) : health('key', 'ok', 'not-encrypted', {}));
  }
  const files = found.flatMap((key) =>
    key.kind === 'public' || key.source.file === undefined ? [] : [key.source.file],
  );
  const keepsSecrets = found.some((key) => key.kind === 'secret') || (encrypt && recipients > 0);
  return { checks, files, keepsSecrets };
}

function checkOf({ code, params: { path = '', found = '' } }: Finding): HealthCheck[] {
  if (code === 'key-exposed') return [health('key', 'problem', 'key-exposed', { path, found })];
  return code === 'key-in-settings' ? [health('key', 'warning', 'key-in-settings', {})] : [];
}
