import { execFile } from 'node:child_process';
import { childEnvironment } from './child-environment.ts';

/**
 * Flushes everything of the filesystem that holds `folder` to the disk, in one go: thousands of new files would take an
 * fsync each. Where the system has no `sync -f`, all filesystems are flushed; where it has no `sync`, nothing is, and
 * the files are as durable as any that a program has just written.
 */
export async function flushFilesystem(folder: string): Promise<void> {
  if (!(await runSync(['-f', folder]))) await runSync([]);
}

function runSync(words: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('sync', [...words], { env: childEnvironment() }, (error) => resolve(error === null));
  });
}
