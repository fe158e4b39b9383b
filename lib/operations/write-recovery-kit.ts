import { lstatSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { fsyncPath, replaceFile, writeNewFile } from '../core/durable-files.ts';
import type { Finding } from '../core/findings.ts';
import { BackupError, isSystemError, placeError } from '../core/errors.ts';
import { noteAct } from './audited.ts';
import type { RunContext } from './run-context.ts';
import { checkSecretPlace, ignoreInGit, makeSecretFolder } from './secret-place.ts';

/** The forms of a recovery kit. */
export type KitForm = 'html' | 'txt';

const defaultName = 'ai-backup-recovery-kit';

/** One page to be written: absolute. */
export interface KitFile {
  file: string;
  form: KitForm;
}

export interface KitPlace {
  /** A folder, or a file that ends in `.html` or `.txt`; in the project root by default. */
  output?: string | undefined;
  /** Over a file that is there, and in a place that is backed up. */
  force: boolean;
}

/**
 * Where the pages go: both forms into a folder, or the one that a file's name asks for.
 * @throws BackupError RECOVERY_KIT_EXISTS, and KEY_PLACE_UNSAFE where the page is to hold the key
 */
export function placeKit(settings: Settings, { output, force }: KitPlace, holdsKey: boolean): KitFile[] {
  const place = output ?? settings.root;
  const named = /\.(html|txt)$/.exec(place)?.[1] as KitForm | undefined;
  const isFolder = named === undefined || statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  const files = isFolder
    ? (['html', 'txt'] as const).map((form) => ({ file: join(place, `${defaultName}.${form}`), form }))
    : [{ file: resolve(place), form: named }];
  if (force) return files;
  for (const { file } of files) {
    if (isThere(file)) throw new BackupError('RECOVERY_KIT_EXISTS', { file });
    if (holdsKey) checkSecretPlace(settings, file);
  }
  return files;
}

function isThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false;
    throw placeError(error, file, 'writing the recovery kit');
  }
}

/**
 * Writes the pages, with mode 0600.
 * @returns the lines that were added to the project's `.gitignore`, and what to tell.
 * @throws BackupError RECOVERY_KIT_EXISTS, NO_SPACE, WRITE_FAILED
 */
export async function writeKit(
  context: RunContext,
  pages: readonly (KitFile & { text: string })[],
  { force, holdsKey }: { force: boolean; holdsKey: boolean },
): Promise<{ ignored: string[]; warnings: Finding[] }> {
  const { settings } = context;
  const ignored: string[] = [];
  for (const { file, text } of pages) {
    makeSecretFolder(dirname(file));
    const line = await ignoreInGit(settings.root, file);
    if (line !== undefined) ignored.push(line);
    try {
      if (force) replaceFile(file, text, 0o600);
      else writeNewFile(file, text, 0o600);
      fsyncPath(dirname(file));
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) throw new BackupError('RECOVERY_KIT_EXISTS', { file }, { cause: error });
      // Half a page with a key on it stays nowhere.
      if (!force) rmSync(file, { force: true });
      throw placeError(error, file, 'writing the recovery kit');
    }
  }
  // Who has the key on paper is worth knowing; the pages are written, whether or not that could be noted.
  const unwritten = await noteAct(context, {
    act: 'keys',
    outcome: 'done',
    facts: { action: 'recovery-kit', holdsKey },
  });
  return { ignored, warnings: unwritten === undefined ? [] : [unwritten] };
}
