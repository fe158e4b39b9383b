import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { BackupError, isSystemError } from './errors.ts';
import { toSystemPath } from './path-bytes.ts';

/**
 * Makes sure, before the first byte is written, that there is room for what an archive declares: a few bytes can declare
 * terabytes, and a full disk harms all that write to it. What the declared sizes say is never exceeded.
 * @param folder where it is going to be written; it need not exist yet.
 * @throws BackupError NO_SPACE
 */
export function expectRoomFor(bytes: number, folder: string, operation: string): void {
  const free = freeBytes(folder);
  if (free === undefined || bytes <= free) return;
  throw new BackupError('NO_SPACE', { path: folder, operation, neededBytes: bytes, freeBytes: free });
}

/** What can be written there; undefined where the filesystem does not tell. */
export function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bfree, blocks, bsize } = statfsSync(toSystemPath(folder));
    // Filesystems without bounds of their own name none.
    if (blocks === 0) return undefined;
    return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if (isSystemError(error, 'ENOENT', 'ENOTDIR') && parent !== folder) return freeBytes(parent);
    return undefined;
  }
}
