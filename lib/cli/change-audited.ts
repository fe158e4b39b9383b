import { resolve } from 'node:path';
import type { SettingsRequest } from '../config/read-settings.ts';
import { isBackupError } from '../core/errors.ts';
import { auditedFailures, noteAct } from '../operations/audited.ts';
import type { ChangedSettings } from '../operations/change-settings.ts';
import type { RunContext } from '../operations/run-context.ts';
import { showFindings } from './findings-text.ts';
import type { CommandContext } from './verb.ts';

/**
 * Runs a change of settings and notes it in the store that the settings named before: a change of `storage.path` is to be found where
 * the backups were. Settings that were broken name none; then it is the one that they name now. Of a change that is refused, the keys
 * are noted too.
 * @param keys the names of what is changed; never a value.
 * @throws what `change` throws
 */
export async function changeAudited(
  context: CommandContext,
  request: Pick<SettingsRequest, 'file'>,
  keys: readonly string[],
  change: () => Promise<ChangedSettings>,
): Promise<ChangedSettings> {
  const begun = { act: 'config', facts: { keys } } as const;
  const before = await openAt(context, request.file);
  const changed = before === undefined ? await change() : await auditedFailures(before, begun, change);
  const noting = before ?? (await openAt(context, request.file));
  const unwritten = noting === undefined ? undefined : await noteAct(noting, { ...begun, outcome: 'done' });
  if (unwritten !== undefined) showFindings([unwritten], context);
  return changed;
}

/** The context of these settings; undefined where they cannot be read, or are not valid. */
async function openAt(context: CommandContext, file: string | undefined): Promise<RunContext | undefined> {
  const { root, environment, signal, workingFolder } = context;
  const keyFile = context.common['encryption-key'];
  const { openContext } = await import('../open-context.ts');
  try {
    return await openContext({
      root,
      environment,
      signal,
      ...(file === undefined ? {} : { config: file }),
      ...(keyFile === undefined ? {} : { keyFile: resolve(workingFolder, keyFile) }),
    });
  } catch (error) {
    if (isBackupError(error)) return undefined;
    throw error;
  }
}
