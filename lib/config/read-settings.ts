import { realpath, stat } from 'node:fs/promises';
import { BackupError, isSystemError } from '../core/errors.ts';
import { buildSettings } from './build-settings.ts';
import { readSettingsFiles } from './settings-file.ts';
import type { GivenSettings } from './settings-schema.ts';
import type { SettingsText } from './settings-text.ts';
import type { Settings } from './settings.ts';
import { namesVariables } from './substitute-variables.ts';

export interface SettingsRequest {
  /** The project root. */
  root: string;
  /** The settings file, absolute or below the root; where absent, the first of `settingsFileNames` that is there. */
  file?: string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Settings, with what they were made from. */
export interface ReadSettings {
  settings: Settings;
  /** What the file says in the nested form, checked and with variables filled in; empty without a file. */
  given: GivenSettings;
  /** The file's text and the places of its keys; absent without a file. */
  source?: SettingsText;
  /** Paths in the section as the file has it (`JSON.stringify` of each) → the variables that their values came from. */
  variables: ReadonlyMap<string, readonly string[]>;
}

/** As `loadSettings`, and tells where each setting is from. */
export async function readSettings(request: SettingsRequest): Promise<ReadSettings> {
  const root = await resolveRoot(request.root);
  let hostsOwn: ReadSettings | undefined;
  for (const { file, text } of await readSettingsFiles(root, request.file)) {
    const read = await readSettingsText({ ...request, root, file }, text);
    if (read.source?.form !== 'none') return read;
    // config.json may be the application's own and say nothing of backups; then backup_config.json has the word.
    hostsOwn ??= read;
  }
  return hostsOwn ?? withoutFile(root, request);
}

/** Checks a text as if it were the settings file `file`, whether or not that is there. `root` must be resolved. */
export async function readSettingsText(
  request: SettingsRequest & { file: string },
  text: string,
): Promise<ReadSettings> {
  const { root, file } = request;
  // Loaded only here: a project without settings of its own starts without the libraries that read them.
  const { parseSettingsText } = await import('./settings-text.ts');
  const source = parseSettingsText(file, text);
  if (source.form === 'none') {
    const defaults = withoutFile(root, request);
    return { ...defaults, settings: { ...defaults.settings, file }, source };
  }
  const environment = namesVariables(source.section)
    ? { ...(await readEnvironmentFile(root)), ...definedOnly(request.environment) }
    : request.environment;
  const { checkSettings } = await import('./check-settings.ts');
  const checked = await checkSettings(source, environment, { root, home: request.environment['HOME'] });
  const surroundings = { root, home: request.environment['HOME'] };
  const settings = buildSettings(checked.given, surroundings, file, checked.variables);
  return { settings, source, ...checked };
}

function withoutFile(root: string, request: SettingsRequest): ReadSettings {
  return { settings: buildSettings({}, { root, home: request.environment['HOME'] }), given: {}, variables: new Map() };
}

/** The project root, absolute and with its links resolved. Throws ROOT_NOT_FOUND. */
export async function resolveRoot(root: string): Promise<string> {
  try {
    const resolved = await realpath(root);
    if ((await stat(resolved)).isDirectory()) return resolved;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
  }
  throw new BackupError('ROOT_NOT_FOUND', { root });
}

/** The variables of the project's `.env`, by a library that is loaded only here. */
async function readEnvironmentFile(root: string): Promise<Record<string, string>> {
  const { readEnvironmentFile: read } = await import('./environment-file.ts');
  return read(root);
}

/** An environment without its unset names, which would hide those of `.env`. */
function definedOnly(environment: SettingsRequest['environment']): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((one): one is [string, string] => one[1] !== undefined));
}
