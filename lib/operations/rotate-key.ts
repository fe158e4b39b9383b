import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { findNodeAtLocation, getNodeValue } from 'jsonc-parser';
import { readSettings } from '../config/read-settings.ts';
import { fsyncPath, replaceFile } from '../core/durable-files.ts';
import { BackupError, isBackupError, placeError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import { nameOf, type Key } from '../crypto/key.ts';
import { openStore } from '../store/store.ts';
import { withStoreLock } from '../store/store-lock.ts';
import { audited } from './audited.ts';
import { changeSettings } from './change-settings.ts';
import { newSecretLine, writeKey } from './generate-key.ts';
import type { RunContext } from './run-context.ts';
import { ignoreInGit } from './secret-place.ts';

/** The fields of `keys rotate --json`. Paths are absolute. */
export interface RotatedKey {
  /** Holds the new key. */
  keyFile: string;
  /** Holds the old one. */
  oldKeyFile: string;
  /** The settings file, whose `storage.oldKeyFiles` names it now. */
  settingsFile: string;
  warnings?: Finding[];
}

/**
 * Puts a new random key in the place of the one in its file. The old one moves beside it and is named in the settings, so that
 * the backups that there are stay readable.
 *
 * Order, for a kill between any two steps: the old key is written beside (one more copy); the settings name that copy (they name
 * what is also in its old place); then the new key takes the place, in one step. There is never a moment without a file that
 * opens what was made before.
 * @param configFile the settings file that was named, absolute.
 * @throws BackupError KEY_MISSING, KEY_ROTATED_BY_HAND, KEY_…, CONFIG_…, OPTION_INVALID, STORE_LOCKED, NO_SPACE, WRITE_FAILED
 */
export async function rotateKey(context: RunContext, configFile?: string): Promise<RotatedKey> {
  const { settings, keys, host, clock, signal, retryLockSeconds: retrySeconds } = context;
  const store = openStore(settings.storage);
  const rotate = async (): Promise<RotatedKey> => {
    if (settings.storage.recipients.length > 0) {
      throw new BackupError('KEY_ROTATED_BY_HAND', { source: 'storage.recipients', kind: 'recipients' });
    }
    const key = await keys.primary();
    if (key === undefined) throw new BackupError('KEY_MISSING', {});
    return replaceKey(context, fileOf(key), configFile);
  };
  // A run that is writing holds the old key, and two rotations at once would lose one of the new ones.
  const run = (): Promise<RotatedKey> =>
    existsSync(store.path)
      ? withStoreLock(store, { verb: 'keys rotate', host, retrySeconds, clock, signal }, rotate)
      : rotate();
  return audited(context, { act: 'keys', facts: { action: 'rotate' } }, run, () => ({ outcome: 'done' }));
}

function fileOf({ kind, source }: Key): string {
  if (kind !== 'secret') throw new BackupError('KEY_ROTATED_BY_HAND', { source: nameOf(source), kind: 'recipients' });
  if (source.file !== undefined) return source.file;
  const by = source.name.endsWith('_COMMAND') ? 'command' : source.name.startsWith('storage.') ? 'settings' : 'text';
  throw new BackupError('KEY_ROTATED_BY_HAND', { source: source.name, kind: by });
}

async function replaceKey(context: RunContext, named: string, configFile: string | undefined): Promise<RotatedKey> {
  const { settings, environment, clock } = context;
  try {
    // A link stays one: what it leads to is replaced.
    const keyFile = realpathSync(named);
    const oldKeyFile = freeName(`${keyFile}.old-${clock.now().toISOString().slice(0, 10)}`);
    await ignoreInGit(settings.root, keyFile);
    writeKey(oldKeyFile, readFileSync(keyFile), 0o600);
    fsyncPath(dirname(oldKeyFile));
    const request = { root: settings.root, file: configFile, environment };
    const settingsFile = await nameInSettings(request, shortPath(settings.root, oldKeyFile)).catch((error: unknown) => {
      rmSync(oldKeyFile);
      throw error;
    });
    replaceFile(keyFile, newSecretLine(), 0o600);
    return { keyFile, oldKeyFile, settingsFile };
  } catch (error) {
    if (isBackupError(error)) throw error;
    throw placeError(error, named, 'putting a new key in its place');
  }
}

function freeName(name: string): string {
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(path)) return path;
  }
}

/** Below the root where it lies there, so that the settings hold wherever the project does. */
function shortPath(root: string, path: string): string {
  const below = relative(root, path);
  return below === '..' || below.startsWith(`..${sep}`) ? path : below.split(sep).join('/');
}

/** Adds the file to `storage.oldKeyFiles`, and leaves what stands there as it stands, variables included. */
async function nameInSettings(request: Parameters<typeof changeSettings>[0], path: string): Promise<string> {
  const { source } = await readSettings(request);
  const place = [...(source?.sectionPath ?? []), 'storage', 'oldKeyFiles'];
  const node = source === undefined ? undefined : findNodeAtLocation(source.tree, place);
  const before: unknown = node === undefined ? [] : getNodeValue(node);
  const value = [...(Array.isArray(before) ? (before as unknown[]) : []), path];
  const changed = await changeSettings(request, [{ key: 'storage.oldKeyFiles', valueText: JSON.stringify(value) }]);
  return changed.file;
}
