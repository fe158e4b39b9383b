import { BackupError, reasonOf } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { targetOf } from '../store/manifest.ts';
import { environmentWish } from './environment-wish.ts';
import type { SecretsPlan } from './noted-secrets.ts';
import { isAboutKeys, openEnvironment } from './open-environment.ts';
import { readEntry } from './read-entry.ts';
import { EnvironmentRestore } from './restore-environment.ts';
import type { RunContext } from './run-context.ts';
import { secretCautions } from './secret-cautions.ts';

/** The `.env` files that a restore was asked for. */
export interface AskedEnvironment {
  /** Undefined where there are none, or they cannot be had. */
  files?: EnvironmentRestore;
  /** The path in the backup of what was asked for by name and cannot be had: only a forced restore goes on. */
  lost?: string;
}

/**
 * The part of a plan that is about secrets: `.env` files that were asked for, and what the plan's warnings say of the others.
 * @throws BackupError KEY_MISSING, KEY_WRONG, KEY_UNREADABLE, KEY_INVALID, NOT_AUTHENTIC where `.env` files were asked for by
 * name and cannot be decrypted; what `readEntry` throws.
 */
export async function planEnvironment(context: RunContext, given: SecretsPlan): Promise<AskedEnvironment> {
  const asked = await openAsked(context, given);
  given.plan.warnings.push(...(await secretCautions(context, given, asked.files)));
  return asked;
}

async function openAsked(context: RunContext, given: SecretsPlan): Promise<AskedEnvironment> {
  const { backup, noted, request, plan, destination } = given;
  const entry = noted.encrypted;
  const wish = entry === undefined ? undefined : environmentWish(targetOf(entry.path), request);
  if (entry === undefined || wish === undefined) return {};
  try {
    const sealed = await readEntry(backup, { ...given, signal: context.signal }, entry);
    const files = await openEnvironment(context, backup, entry.path, sealed);
    const wanted = files.filter(({ origin }) => wish.wants(origin));
    const begunAt = new Date(backup.metadata.timestamp);
    const from = { destination, policy: request.overwrite, path: entry.path, begunAt };
    return { files: new EnvironmentRestore(wanted, from) };
  } catch (error) {
    const isPassedOver = request.force === true || (!wish.isFirm && isAboutKeys(error));
    if (!(error instanceof BackupError) || error.code === 'INTERRUPTED' || !isPassedOver) throw error;
    plan.warnings.push(finding('secrets-locked', { path: entry.path, reason: whyLocked(error) }));
    return wish.isFirm ? { lost: entry.path } : {};
  }
}

function whyLocked(error: BackupError): string {
  if (error.code === 'KEY_MISSING') return 'no key is given';
  return error.code === 'KEY_WRONG' ? 'no key that is given opens it' : reasonOf(error);
}
