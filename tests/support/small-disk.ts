import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A filesystem of a few mebibytes on which space runs out. */
export interface SmallDisk {
  path: string;
  remountReadOnly(): void;
  remove(): void;
}

/**
 * Mounts a small filesystem at a new folder, or gives undefined where this user may not mount: then a test limits the size
 * of files instead, which fails in the same places with another code.
 */
export function mountSmallDisk(path: string, mebibytes: number): SmallDisk | undefined {
  mkdirSync(path, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'tmpfs', path]);
  if (mounted.status !== 0) return undefined;
  return {
    path,
    remountReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
    remove: () => void execFileSync('umount', [path]),
  };
}
