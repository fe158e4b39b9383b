import { openContext, type ContextOptions } from './open-context.ts';
import type { RunContext } from './operations/run-context.ts';

/**
 * What `import 'ai-backup'` gives. Programs that embed the toolkit begin here: `const context = await openToolkit({ root
 * })`, then `createBackup(context, …)`.
 */

export interface ToolkitOptions extends Omit<ContextOptions, 'environment'> {
  /** The process's own by default. */
  environment?: ContextOptions['environment'];
}

/**
 * Loads and checks the settings. @throws BackupError CONFIG_UNREADABLE, CONFIG_SYNTAX, CONFIG_INVALID, ROOT_NOT_FOUND,
 * VARIABLE_INVALID
 */
export async function openToolkit(options: ToolkitOptions): Promise<RunContext> {
  return openContext({ ...options, environment: options.environment ?? process.env });
}

export { BackupError, isBackupError } from './core/errors.ts';
export { RunEvents } from './core/events.ts';
export { createBackup } from './operations/create-backup.ts';
export { listBackups } from './operations/list-backups.ts';
export { verifyBackup } from './operations/verify-backup.ts';
export { planRestore } from './operations/plan-restore.ts';
export { applyRestore } from './operations/restore-backup.ts';
export { cleanUp } from './operations/clean-up.ts';
export { openBackup } from './operations/open-backup.ts';
export { diffBackups } from './operations/diff-backups.ts';
export { consolidateBackup } from './operations/consolidate-backup.ts';
export { examineInstallation } from './operations/examine-installation.ts';
