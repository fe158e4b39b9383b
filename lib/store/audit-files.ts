import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { Store } from './store.ts';

/** Where acts are noted. Full ones are called after the number of their first line: `audit-1.log`, `audit-20455.log`. */
export const auditLogName = 'audit.log';

const rotatedName = /^audit-(\d{1,16})\.log$/;

/** The file that lines are added to. */
export const auditLogFile = (store: Store): string => join(store.path, auditLogName);

/** The name of a full file. @param firstSeq the number of its first line. */
export const rotatedLogName = (firstSeq: number): string => `audit-${firstSeq}.log`;

/** The names of the full files of a log, oldest first. @throws the system's error where there is no store. */
export function rotatedLogs(store: Store): string[] {
  const numbered = readdirSync(store.path).flatMap((name) => {
    const digits = rotatedName.exec(name)?.[1];
    return digits === undefined ? [] : [{ name, first: Number(digits) }];
  });
  return numbered.sort((a, b) => a.first - b.first).map(({ name }) => name);
}

/** A file of the log that is open for reading. Its opener closes it. */
export interface OpenLog {
  name: string;
  fd: number;
  /** What is added later is not read. */
  size: number;
  inode: bigint;
}

/**
 * Opens a file of the log to read it; undefined where there is none.
 * @throws BackupError BACKUP_UNREADABLE, also for a link or what is no file: the log is a file of the store.
 */
export function openLog(store: Store, name: string): OpenLog | undefined {
  const path = join(store.path, name);
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    if (isSystemError(error, 'ELOOP')) throw new BackupError('BACKUP_UNREADABLE', { path, reason: 'it is a link' });
    throw refusedRead(error, path);
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile()) return { name, fd, size: Number(stat.size), inode: stat.ino };
  closeSync(fd);
  throw new BackupError('BACKUP_UNREADABLE', { path, reason: 'it is no file' });
}

/** Opens all files of a log, oldest first, none of them twice though one may be rotated just now. */
export function openLogs(store: Store): OpenLog[] {
  // The newest first: if it is rotated meanwhile, it is found under its new name too, and not lost.
  const newest = openLog(store, auditLogName);
  const opened: OpenLog[] = [];
  try {
    for (const name of rotatedLogs(store)) {
      const log = openLog(store, name);
      if (log === undefined) continue;
      if (log.inode === newest?.inode) closeSync(log.fd);
      else opened.push(log);
    }
  } catch (error) {
    for (const { fd } of [...opened, ...(newest === undefined ? [] : [newest])]) closeSync(fd);
    throw error;
  }
  return newest === undefined ? opened : [...opened, newest];
}
