import { isUtf8 } from 'node:buffer';
import { BackupError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { unsafeReasonHere } from '../core/safe-path.ts';
import { fields, flag, list, oneOf, optional, record, text, textLike, wholeNumber } from '../core/value-shapes.ts';
import { iterations } from '../crypto/derive-keys.ts';
import { fingerprinter, type Fingerprint } from '../crypto/env-encryption.ts';
import { targetOf } from '../store/manifest.ts';
import { readEnvFile } from '../targets/environment-files.ts';
import type { EnvironmentSnapshot } from '../targets/environment-snapshot.ts';
import { isEnvFileName } from '../targets/find-project-files.ts';
import {
  compareSecrets,
  namedVariables,
  variablesOf,
  type CurrentVariables,
  type Variables,
} from './compare-secrets.ts';
import type { SecretsPlan } from './noted-secrets.ts';
import { isAboutKeys, secretsFor } from './open-environment.ts';
import { readEntry } from './read-entry.ts';
import type { EnvironmentRestore } from './restore-environment.ts';
import type { RunContext } from './run-context.ts';

/** How many names a finding lists. */
const mostNamed = 10;

/**
 * What became of the secrets that a backup knows of: which have other values now, where a key tells, and which are not there
 * any more and have to be supplied again. Only names are told.
 * @param restored the `.env` files that this restore writes: they will have their secrets.
 */
export async function secretCautions(
  context: RunContext,
  given: SecretsPlan,
  restored: EnvironmentRestore | undefined,
): Promise<Finding[]> {
  const entry = given.noted.environment;
  if (entry === undefined || !isAboutProject(given, targetOf(entry.path), restored)) return [];
  try {
    const snapshot = readSnapshot(await readEntry(given.backup, { ...given, signal: context.signal }, entry));
    if (snapshot === undefined) return [];
    const fingerprintOf = await fingerprintsOf(context, given, snapshot);
    const found = compareSecrets(snapshot, currentVariables(context, given, snapshot), {
      fingerprintOf,
      isRestored: (origin) => restored?.origins.includes(origin) === true,
      restored: restored?.files ?? [],
    });
    // What stands in a file has its name in brackets.
    const isInBackup =
      given.noted.encrypted !== undefined && restored === undefined && found.missing.some((name) => name.endsWith(')'));
    return [
      toFinding('secrets-changed', found.changed),
      toFinding('secrets-to-supply', found.missing, isInBackup ? { reason: 'in-backup' } : {}),
    ].filter((one) => one !== undefined);
  } catch (error) {
    // That the environment of then cannot be read is no reason not to restore the files.
    if (!(error instanceof BackupError) || error.code === 'INTERRUPTED') throw error;
    return [];
  }
}

/** A restore of some file has nothing to do with secrets. */
function isAboutProject(
  { request, noted }: SecretsPlan,
  target: string,
  restored: EnvironmentRestore | undefined,
): boolean {
  if (restored !== undefined) return true;
  if (request.include !== undefined) return false;
  const keeper = noted.encrypted === undefined ? target : targetOf(noted.encrypted.path);
  return request.targets === undefined || request.targets.includes(target) || request.targets.includes(keeper);
}

const variablesShape = record(
  fields({
    value: optional(text),
    masked: optional(flag),
    reason: optional(text),
    fingerprint: optional(textLike(/^[0-9a-f]{16}$/)),
  }),
);
const snapshotShape = fields({
  format: wholeNumber(1, 1),
  fingerprints: optional(
    fields({
      salt: textLike(/^[0-9a-f]{16}$/),
      kdf: oneOf('pbkdf2-hmac-sha256'),
      iterations: wholeNumber(iterations, iterations),
      keyCheck: textLike(/^[0-9a-f]{16}$/),
    }),
  ),
  process: variablesShape,
  dotenvFiles: list(fields({ origin: text, variables: variablesShape })),
});

function readSnapshot(json: Buffer): EnvironmentSnapshot | undefined {
  try {
    const value: unknown = isUtf8(json) ? JSON.parse(json.toString('utf8')) : undefined;
    return snapshotShape(value) === undefined ? (value as EnvironmentSnapshot) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** With the key that they were made with; undefined where it is not given. */
async function fingerprintsOf(
  context: RunContext,
  { backup }: SecretsPlan,
  { fingerprints: scheme }: EnvironmentSnapshot,
): Promise<Fingerprint | undefined> {
  if (scheme === undefined) return undefined;
  const salt = Buffer.from(scheme.salt, 'hex');
  try {
    for await (const { secret } of secretsFor(context, backup)) {
      if ((await secret.keyCheck(salt)) === scheme.keyCheck) return await fingerprinter({ secret, salt });
    }
  } catch (error) {
    // Nothing that was asked for needs the key.
    if (!isAboutKeys(error)) throw error;
  }
  return undefined;
}

function currentVariables(
  { environment }: RunContext,
  { destination }: SecretsPlan,
  snapshot: EnvironmentSnapshot,
): CurrentVariables {
  const own = Object.entries(environment).filter((one): one is [string, string] => one[1] !== undefined);
  const safe = snapshot.dotenvFiles.map(({ origin }) => origin).filter(isPlaceOfEnvFile);
  const dotenv = safe.map((origin): [string, Variables] => [origin, variablesIn(destination.pathOf(origin))]);
  return { process: namedVariables(own), dotenv: new Map(dotenv) };
}

const isPlaceOfEnvFile = (origin: string): boolean =>
  unsafeReasonHere(origin) === undefined && isEnvFileName(origin.slice(origin.lastIndexOf('/') + 1));

function variablesIn(path: string): Variables {
  try {
    const file = readEnvFile(path);
    return file === 'too-large' ? new Map() : variablesOf(file);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return new Map();
  }
}

function toFinding(
  code: 'secrets-changed' | 'secrets-to-supply',
  names: readonly string[],
  more: { reason?: string } = {},
): Finding | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, mostNamed).join(', ');
  return finding(code, { count: names.length, found: names.length > mostNamed ? `${shown}, …` : shown, ...more });
}
