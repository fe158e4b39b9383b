import { DiffRun } from './diff-run.ts';
import type { DiffRequest, DiffResult } from './diff-result.ts';
import { LazyScratch } from './lazy-scratch.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/**
 * Finds out in what two backups differ, or since a backup the project. Reads the manifests side by side, and of contents
 * only those of changed databases, and of the project's files what may have changed. Changes nothing.
 * @param after undefined for the project as it is now.
 * @throws BackupError TARGET_UNKNOWN, OPTION_INVALID, MANIFEST_DAMAGED, UNSAFE_ENTRY, NO_SPACE, INTERRUPTED
 */
export async function diffBackups(
  context: RunContext,
  before: OpenBackup,
  after: OpenBackup | undefined,
  request: DiffRequest,
): Promise<DiffResult> {
  const scratch = new LazyScratch(context, before);
  const run = new DiffRun(context, before, after, request, scratch);
  try {
    return await run.result();
  } catch (error) {
    run.lists.close();
    scratch.remove();
    throw error;
  }
}
