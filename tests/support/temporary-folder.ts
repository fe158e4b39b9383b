import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder, all links on its way resolved. */
export function makeTemporaryFolder(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `ai-backup-${name}-`)));
}

/** Removes it with everything in it, also with names that are not UTF-8, which node:fs does not find. */
export function removeTemporaryFolder(folder: string): void {
  // Who is not root cannot empty a folder that forbids it.
  if (process.getuid?.() !== 0) execFileSync('chmod', ['-R', 'u+rwX', folder]);
  execFileSync('rm', ['-rf', folder]);
}
