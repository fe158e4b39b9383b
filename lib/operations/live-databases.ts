import { isNativeError } from 'node:util/types';
import type { LiveDatabase, SourceEntry } from '../core/entry.ts';
import { systemCode } from '../core/errors.ts';
import { settledBefore } from '../core/file-times.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { readSqliteHeader, sqliteCompanions } from '../targets/databases/sqlite-header.ts';
import { statOf } from '../targets/scan-folder.ts';

/** A live database's file as it stands: what the system and its own header say of it, without its content. */
export interface DatabaseState {
  file: Pick<SourceEntry, 'mtimeNs' | 'ctimeNs' | 'inode'>;
  live: LiveDatabase;
}

/**
 * The state of a database, taken before it is copied: whatever is committed later makes the next look differ. Undefined where
 * it says too little, so that only a copy tells: no header, or a journal that may have to be rolled back.
 * @param path absolute.
 */
export function databaseState(path: string): DatabaseState | undefined {
  const { wal, journal } = sqliteCompanions(path);
  const [file, log, rollback] = [statOf(path), statOf(wal), statOf(journal)];
  if (file === undefined || isNativeError(file) || isNativeError(log) || isNativeError(rollback)) return undefined;
  if (rollback !== undefined && rollback.size > 0n) return undefined;
  const changeCounter = changeCounterOf(path);
  if (changeCounter === undefined) return undefined;
  const { mtimeNs, ctimeNs, ino: inode } = file;
  const live: LiveDatabase = { size: Number(file.size), changeCounter };
  if (log !== undefined && log.size > 0n) {
    // Its ctime says nothing: SQLite gives the file to the database's owner each time that root opens it.
    live.wal = { size: Number(log.size), mtimeNs: log.mtimeNs, inode: log.ino };
  }
  return { file: { mtimeNs, ctimeNs, inode }, live };
}

function changeCounterOf(path: string): number | undefined {
  try {
    return readSqliteHeader(path)?.changeCounter;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** True when nothing can have been committed since a backup that was begun at that time noted the database. */
export function isUncommitted(now: DatabaseState, noted: ManifestEntry, begunAtNs: bigint): boolean {
  const { file, live } = now;
  const oldest = settledBefore(begunAtNs, file.ctimeNs ?? 0n);
  return (
    noted.live !== undefined &&
    file.mtimeNs === noted.mtimeNs &&
    file.ctimeNs === noted.ctimeNs &&
    file.inode === noted.inode &&
    file.mtimeNs < oldest &&
    file.ctimeNs !== undefined &&
    file.ctimeNs < oldest &&
    live.size === noted.live.size &&
    live.changeCounter === noted.live.changeCounter &&
    isSameLog(live.wal, noted.live.wal) &&
    (live.wal === undefined || live.wal.mtimeNs < oldest)
  );
}

function isSameLog(now: LiveDatabase['wal'], noted: LiveDatabase['wal']): boolean {
  if (now === undefined || noted === undefined) return now === noted;
  return now.size === noted.size && now.mtimeNs === noted.mtimeNs && now.inode === noted.inode;
}
