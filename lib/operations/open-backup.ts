import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { listStore, openStore, type Store, type StoredBackup, type UnreadableBackup } from '../store/store.ts';
import { openLoneArchives, openPath } from './open-path.ts';
import { openStored } from './open-stored.ts';
import type { ForeignBackup, OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/**
 * Finds a backup by `latest`, its ID, a unique beginning of it, its name, or the path of its archive or folder.
 * `latest` is the newest one that is not a safety backup: that holds what a restore replaced.
 * @throws BackupError BACKUP_NOT_FOUND, BACKUP_AMBIGUOUS, STORE_NOT_FOUND, STORE_EMPTY, ARCHIVE_UNKNOWN,
 * MANIFEST_DAMAGED, BACKUP_UNREADABLE
 */
export async function openBackup(
  context: Pick<RunContext, 'settings' | 'keys'>,
  name: string,
  workingFolder: string,
): Promise<OpenBackup | ForeignBackup> {
  const store = openStore(context.settings.storage);
  const { keys } = context;
  const path = looksLikePath(name) ? resolve(workingFolder, name) : undefined;
  if (path !== undefined && exists(path)) return inStore(await openPath(path, keys), store);
  if (path !== undefined && /^\.{0,2}\//.test(name)) throw noSuchFile(store, name, path);
  const { backups, loneArchives, unreadable } = await listStore(store);
  if (name === 'latest') {
    refuseDamagedNewest(backups, unreadable);
    const latest = backups.find((one) => one.metadata.type !== 'pre-restore') ?? backups[0];
    if (latest !== undefined) return openStored(latest, keys);
    throw new BackupError('STORE_EMPTY', { store: store.path });
  }
  const exact = backups.find((one) => one.id === name) ?? backups.find((one) => one.metadata.name === name);
  if (exact !== undefined) return openStored(exact, keys);
  const matching = backups.filter((one) => one.id.startsWith(name));
  if (matching.length > 1) throw new BackupError('BACKUP_AMBIGUOUS', { name, matches: matching.map((one) => one.id) });
  if (matching[0] !== undefined) return openStored(matching[0], keys);
  const damaged = unreadable.find((one) => basename(one.folder).startsWith(name));
  if (damaged !== undefined) throw damagedBackup(damaged);
  const lone = await findLone(loneArchives, name, keys);
  if (lone === undefined && path !== undefined) throw noSuchFile(store, name, path);
  return lone ?? noSuchBackup(store, name, backups);
}

/** What a backup that lies elsewhere builds on may still be in the store. */
function inStore<B extends OpenBackup | ForeignBackup>(backup: B, store: Store): B {
  return backup.kind === 'backup' ? { ...backup, stores: [store.path] } : backup;
}

const noSuchFile = (store: Store, name: string, file: string): BackupError =>
  new BackupError('BACKUP_NOT_FOUND', { name, store: store.path, file });

/**
 * An archive in the store that lost its folder, by its file's name, with or without its ending, or by what it says of
 * itself.
 */
async function findLone(
  files: readonly string[],
  name: string,
  keys: KeyRing,
): Promise<OpenBackup | ForeignBackup | undefined> {
  const named = files.find((file) => basename(file) === name || basename(file).startsWith(`${name}.`));
  if (named !== undefined) return openPath(named, keys);
  const own = (await openLoneArchives(files, keys)).filter((one) => one.kind === 'backup');
  return own.find((one) => one.id === name || one.metadata.name === name);
}

/** Who asks for the newest backup must not be given an older one in silence. IDs sort by time. */
function refuseDamagedNewest(backups: readonly StoredBackup[], unreadable: readonly UnreadableBackup[]): void {
  const newest = backups.reduce((newestId, { id }) => (id > newestId ? id : newestId), '');
  const damaged = unreadable.find(({ folder }) => basename(folder) > newest);
  if (damaged !== undefined) throw damagedBackup(damaged);
}

function damagedBackup({ folder, code, reason }: UnreadableBackup): BackupError {
  if (code === 'BACKUP_UNREADABLE') return new BackupError(code, { path: join(folder, 'metadata.json'), reason });
  return new BackupError('MANIFEST_DAMAGED', { backup: folder, problem: reason });
}

function noSuchBackup(store: Store, name: string, backups: readonly StoredBackup[]): never {
  const known = backups.flatMap((one) => [one.id, ...(one.metadata.name === undefined ? [] : [one.metadata.name])]);
  const nearest = nearestName(name, known);
  throw new BackupError('BACKUP_NOT_FOUND', { name, store: store.path, ...(nearest === undefined ? {} : { nearest }) });
}

const looksLikePath = (name: string): boolean =>
  name.includes('/') || /\.(tar|tgz|zip|gz|zst|tbz2?|txz|bz2|xz|enc)$/.test(name);

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
