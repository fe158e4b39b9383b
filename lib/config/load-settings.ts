import { readSettings, type SettingsRequest } from './read-settings.ts';
import type { Settings } from './settings.ts';

/**
 * The settings of a project, checked, with defaults filled in. Without a file all is default. `.env` in the root fills
 * variables that `environment` does not have; nothing is written to the process's own environment.
 *
 * Throws ROOT_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_SYNTAX (the place), or CONFIG_INVALID (every mistake at once).
 */
export async function loadSettings(request: SettingsRequest): Promise<Settings> {
  return (await readSettings(request)).settings;
}
