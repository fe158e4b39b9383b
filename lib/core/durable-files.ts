import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  chmodSync,
  writeFileSync,
  chownSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from './errors.ts';
import { toSystemPath } from './path-bytes.ts';

/** Modes of everything in a store, whatever the umask. */
export interface StoreModes {
  file: number;
  folder: number;
}

export const privateModes: StoreModes = { file: 0o600, folder: 0o700 };

/** Flushes a file's or a folder's bytes and names to the disk. */
export function fsyncPath(path: string): void {
  const fd = openSync(toSystemPath(path), 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some filesystems (FUSE, network shares) refuse fsync on a folder; the rename is as durable as they make it.
    if (!isSystemError(error, 'EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM')) throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * Creates a folder and its missing parents with the mode given, not with the umask's.
 * @returns the outermost folder that it made.
 */
export function makeFolder(path: string, mode: number): string | undefined {
  const first = mkdirSync(path, { recursive: true, mode });
  if (first === undefined) return undefined;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, mode);
  return first;
}

/** Writes a file whole and flushes it. It must not exist yet. */
export function writeNewFile(path: string, data: string | Uint8Array, mode: number): void {
  const fd = openSync(path, 'wx', mode);
  try {
    writeFileSync(fd, data);
    chmodSync(path, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces a file atomically: temporary file beside it, fsync, rename, fsync of the folder. */
export function replaceFile(path: string, data: string | Uint8Array, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    writeNewFile(temporary, data, mode);
    keepOwner(path, temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  fsyncPath(dirname(path));
}

/** What root replaces stays its owner's. */
function keepOwner(path: string, temporary: string): void {
  if (process.getuid?.() !== 0) return;
  const before = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined) chownSync(temporary, before.uid, before.gid);
}
