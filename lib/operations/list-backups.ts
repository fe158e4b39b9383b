import { statSync } from 'node:fs';
import { newestFirst } from '../store/backup-id.ts';
import type { Metadata } from '../store/metadata.ts';
import { listStore, openStore, type UnreadableBackup } from '../store/store.ts';
import type { ForeignBackup, OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/** The fields of `backup:list --json`. */
export interface BackupList {
  /** Newest first. */
  backups: Metadata[];
  total: number;
  /** Bytes that all of them take. */
  storedSize: number;
  /** Archives in the store that this toolkit did not make; they can be verified and restored by their path. */
  otherArchives: { file: string; size: number; modifiedAt: string }[];
  /** Folders that look like backups and cannot be read as such. */
  unreadable: UnreadableBackup[];
}

/** @param folder another store than the settings'. @throws BackupError STORE_NOT_FOUND */
export async function listBackups(context: Pick<RunContext, 'settings'>, folder?: string): Promise<BackupList> {
  const { storage } = context.settings;
  const store = openStore(folder === undefined ? storage : { ...storage, path: folder });
  const listing = await listStore(store);
  const backups = listing.backups.map((one) => one.metadata);
  const otherArchives: BackupList['otherArchives'] = [];
  for (const lone of await openLone(listing.loneArchives)) {
    if (lone.kind === 'backup') {
      backups.push(lone.metadata);
    } else {
      const { size, mtime } = statSync(lone.archive);
      // Some filesystems keep times that no calendar has.
      const modifiedAt = (Number.isNaN(mtime.getTime()) ? new Date(0) : mtime).toISOString();
      otherArchives.push({ file: lone.archive, size, modifiedAt });
    }
  }
  backups.sort(newestFirst);
  const storedSize = backups.reduce((sum, one) => sum + one.storedSize, 0);
  return { backups, total: backups.length, storedSize, otherArchives, unreadable: listing.unreadable };
}

/** What opens archives is loaded where there is one to open. */
async function openLone(files: readonly string[]): Promise<(OpenBackup | ForeignBackup)[]> {
  if (files.length === 0) return [];
  const { openLoneArchives } = await import('./open-path.ts');
  return openLoneArchives(files, undefined);
}
