import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fsyncPath } from '../core/durable-files.ts';
import { makeCacheFolder } from './cache-folder.ts';
import { stateFolder, type Store, type StoredBackup } from './store.ts';

const ending = '.jsonl.gz';

/**
 * The manifest of a backup that is encrypted to recipients, kept as it is in the store's state: a machine that has only public
 * keys cannot open what it has made, and would have to make a full backup each time. It tells names, sizes and hashes of files
 * that lie on the same machine; it leaves the machine with no copy of the backup's folder or archive, and everything works
 * without it.
 */
export class ReadableManifest {
  /** Where it is written first. */
  readonly file: string;
  private readonly store: Store;
  private readonly id: string;

  constructor(store: Store, id: string, workFolder: string) {
    this.store = store;
    this.id = id;
    this.file = join(workFolder, `readable${ending}`);
  }

  /**
   * Keeps it, and those of older backups that the next one may build on. The backup itself is there already.
   * @param backups of the store, newest first, itself among them.
   */
  publish(backups: readonly Pick<StoredBackup, 'id' | 'metadata'>[]): void {
    const folder = folderOf(this.store);
    makeCacheFolder(folder, this.store.modes.folder);
    renameSync(this.file, readableManifestFile(this.store, this.id));
    const kept = new Set(basesAmong(backups).map((id) => `${id}${ending}`));
    for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { force: true });
    fsyncPath(folder);
  }
}

/** Of each choice of targets the newest backup, for incremental ones, and the newest full one, for differential ones. */
function basesAmong(backups: readonly Pick<StoredBackup, 'id' | 'metadata'>[]): string[] {
  const bases = new Map<string, string>();
  for (const { id, metadata } of backups) {
    // On these none builds, however new they are.
    if (!metadata.complete || metadata.since !== undefined || metadata.type === 'pre-restore') continue;
    const targets = Object.keys(metadata.targets).sort().join();
    if (!bases.has(targets)) bases.set(targets, id);
    if (metadata.mode === 'full' && !bases.has(`full,${targets}`)) bases.set(`full,${targets}`, id);
  }
  return [...bases.values()];
}

const folderOf = (store: Store): string => join(stateFolder(store), 'manifests');

/** Where the readable manifest of a backup is, if it is kept. */
export const readableManifestFile = (store: Store, id: string): string => join(folderOf(store), `${id}${ending}`);

export const hasReadableManifest = (store: Store, id: string): boolean => existsSync(readableManifestFile(store, id));
