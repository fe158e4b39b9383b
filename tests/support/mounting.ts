import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';

/** True where this user may mount filesystems: tried once, on a folder of its own. */
export const canMount = tryMount();

/** A test that mounts something; named as skipped where that is refused. */
export const mountTest = canMount ? test : test.skip;

function tryMount(): boolean {
  const folder = makeTemporaryFolder('mount');
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status !== 0) return false;
    spawnSync('umount', [folder]);
    return true;
  } finally {
    removeTemporaryFolder(folder);
  }
}
