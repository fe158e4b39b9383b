import { parse } from 'dotenv';
import type { EnvFile } from '../core/env-file.ts';
import { maskText } from '../core/mask-secrets.ts';
import type { Fingerprint } from '../crypto/env-encryption.ts';
import { keyVariables } from '../crypto/key-ring.ts';
import type { EnvironmentSnapshot, ShownValue } from '../targets/environment-snapshot.ts';

/** Values by their names, as `environment.json` calls them. */
export type Variables = ReadonlyMap<string, { name: string; value: string }>;

/** What is set now: in the process, and in each `.env` file that the backup knows. */
export interface CurrentVariables {
  process: Variables;
  dotenv: ReadonlyMap<string, Variables>;
}

export interface SecretsComparison {
  /** Undefined where no key tells. */
  fingerprintOf: Fingerprint | undefined;
  isRestored: (origin: string) => boolean;
  restored: readonly EnvFile[];
}

/** Names of secrets with another value now, and of those without any; with their file, where they stand in one. */
export function compareSecrets(
  snapshot: EnvironmentSnapshot,
  current: CurrentVariables,
  { fingerprintOf, isRestored, restored }: SecretsComparison,
): { changed: string[]; missing: string[] } {
  const places = [current.process, ...current.dotenv.values(), ...restored.map(variablesOf)];
  const [changed, missing] = [new Set<string>(), new Set<string>()];
  const look = (shown: Record<string, ShownValue>, own: Variables | undefined, origin?: string): void => {
    for (const [name, then] of Object.entries(shown)) {
      if (!('masked' in then) || isNoSecretOf(name, then, origin)) continue;
      const label = origin === undefined ? name : `${name} (${origin})`;
      const now = own?.get(name);
      if (now === undefined) {
        if (!places.some((place) => place.has(name))) missing.add(label);
      } else if (fingerprintOf !== undefined && then.fingerprint !== undefined) {
        if (fingerprintOf(now.name, now.value) !== then.fingerprint) changed.add(label);
      }
    }
  };
  look(snapshot.process, current.process);
  for (const { origin, variables } of snapshot.dotenvFiles) {
    if (!isRestored(origin)) look(variables, current.dotenv.get(origin), origin);
  }
  return { changed: [...changed], missing: [...missing] };
}

/** The key of the backups is given, or it is not; and what only looks random in a process's environment is another each day. */
function isNoSecretOf(name: string, shown: ShownValue, origin: string | undefined): boolean {
  if ((keyVariables as readonly string[]).includes(name)) return true;
  return origin === undefined && 'masked' in shown && shown.reason === 'entropy';
}

/** The variables of an `.env` file that have a value. */
export const variablesOf = ({ bytes }: Pick<EnvFile, 'bytes'>): Variables =>
  namedVariables(Object.entries(parse(bytes)));

/** Those that have a value, under their names as `environment.json` shows them. */
export const namedVariables = (variables: readonly [string, string][]): Variables =>
  new Map(variables.filter(([, value]) => value !== '').map(([name, value]) => [maskText(name), { name, value }]));
