import { realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ReadSettings, readSettingsText, resolveRoot, type SettingsRequest } from '../config/read-settings.ts';
import { readSettingsFiles, readText, settingsFileNames } from '../config/settings-file.ts';
import { parseSettingsText } from '../config/settings-text.ts';
import type { Settings } from '../config/settings.ts';
import { makeFolder, replaceFile } from '../core/durable-files.ts';
import { BackupError, isBackupError, reasonOf } from '../core/errors.ts';
import { setOption } from './set-option.ts';

export interface SettingChange {
  /** Dotted, with or without `backup.` before it. */
  key: string;
  /** JSON, or a text as it stands; `null` takes the setting out. */
  valueText: string;
}

export interface ChangedSettings {
  /** Absolute. */
  file: string;
  /** What holds from now on. */
  settings: Settings;
  created: boolean;
}

/**
 * Changes settings in the file and leaves the rest of it as it is; makes the file where there is none. The result is
 * checked first: with a mistake in it nothing is written. The file is replaced atomically and keeps its mode.
 *
 * Throws what `loadSettings` and `setOption` throw, and WRITE_FAILED.
 */
export async function changeSettings(
  request: SettingsRequest,
  changes: readonly SettingChange[],
): Promise<ChangedSettings> {
  const root = await resolveRoot(request.root);
  const { file, before } = await fileToChange(root, request.file);
  let text = before ?? '';
  for (const { key, valueText } of changes) text = setOption(text, key, valueText, file);
  const { settings } = await check({ ...request, root, file }, text, changes);
  try {
    if (before === undefined) makeFolder(dirname(file), 0o755);
    // A link is followed: its file changes, not the link.
    const place = before === undefined ? file : realpathSync(file);
    replaceFile(place, text, before === undefined ? 0o644 : statSync(place).mode & 0o7777);
  } catch (error) {
    const operation = 'changing the settings';
    throw new BackupError('WRITE_FAILED', { path: file, operation, reason: reasonOf(error) }, { cause: error });
  }
  return { file, settings, created: before === undefined };
}

/** Reads the changed text. A mistake in it is told as one of the change: its line is in no file. */
async function check(
  request: SettingsRequest & { file: string },
  text: string,
  changes: readonly SettingChange[],
): Promise<ReadSettings> {
  try {
    return await readSettingsText(request, text);
  } catch (error) {
    if (!isBackupError(error, 'CONFIG_INVALID')) throw error;
    const problems = error.params.problems.map((problem) => problem.replace(/^(\S+) \(line \d+\): /, '$1: '));
    const asked = changes.map(({ key }) => key);
    throw new BackupError('CONFIG_INVALID', { file: request.file, problems, asked }, { cause: error });
  }
}

/** The file that `loadSettings` reads, or the one that it would read if it were there. */
async function fileToChange(root: string, named: string | undefined): Promise<{ file: string; before?: string }> {
  if (named !== undefined) {
    const file = resolve(root, named);
    const before = await readText(file);
    return before === undefined ? { file } : { file, before };
  }
  const files = await readSettingsFiles(root);
  const found = files.find(({ file, text }) => parseSettingsText(file, text).form !== 'none') ?? files[0];
  return found === undefined ? { file: join(root, settingsFileNames[0]) } : { file: found.file, before: found.text };
}
