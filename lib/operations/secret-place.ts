import { statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import ignore from 'ignore';
import { readText } from '../config/settings-file.ts';
import type { Settings } from '../config/settings.ts';
import { makeFolder, replaceFile } from '../core/durable-files.ts';
import { BackupError, placeError } from '../core/errors.ts';
import { defineTargets } from '../targets/target-definitions.ts';
import { targetAround } from './archive-place.ts';
import { realPlace } from './destination-folder.ts';
import { isInGitProject } from './initialize-project.ts';

/**
 * Refuses a place for a file that holds a key where the key would go wherever the backups go, or be in the backup that it
 * encrypts.
 * @param path absolute.
 * @throws BackupError KEY_PLACE_UNSAFE
 */
export function checkSecretPlace(settings: Settings, path: string): void {
  const store = settings.storage.path;
  if (isBelow(realPlace(store), realPlace(dirname(path)))) throw new BackupError('KEY_PLACE_UNSAFE', { path, store });
  const target = targetAround(settings.root, dirname(path), basename(path), defineTargets(settings));
  if (target !== undefined) throw new BackupError('KEY_PLACE_UNSAFE', { path, target });
}

const isBelow = (folder: string, path: string): boolean => {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith(`..${sep}`);
};

/**
 * Adds a file that holds a key to the project's `.gitignore`, where the project is one of Git and the file is below its root.
 * What interrupted writing and rotation leave beside it has its name and an ending, and is covered too.
 * @param path absolute.
 * @returns the line that stands there now for it, where one was added.
 * @throws BackupError CONFIG_UNREADABLE, WRITE_FAILED
 */
export async function ignoreInGit(root: string, path: string): Promise<string | undefined> {
  const real = join(realPlace(dirname(path)), basename(path));
  if (!isBelow(realPlace(root), real) || !isInGitProject(root)) return undefined;
  const file = join(root, '.gitignore');
  const name = relative(realPlace(root), real).split(sep).join('/');
  try {
    const before = (await readText(file)) ?? '';
    const patterns = ignore().add(before);
    if (patterns.ignores(name) && patterns.ignores(`${name}.old`)) return undefined;
    const line = `/${name.replace(/[\\*?[\] ]/g, '\\$&')}*`;
    const eol = before.includes('\r\n') ? '\r\n' : '\n';
    const gap = before === '' || before.endsWith('\n') ? '' : eol;
    const place = realPlace(file);
    const mode = (statSync(place, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o7777;
    replaceFile(place, `${before}${gap}${line}${eol}`, mode);
    return line;
  } catch (error) {
    throw placeError(error, file, 'adding the key to it');
  }
}

/** Makes the folder that a file with a key is to lie in, where it is missing. @throws BackupError WRITE_FAILED */
export function makeSecretFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (error) {
    throw placeError(error, folder, 'making the folder of a key');
  }
}
