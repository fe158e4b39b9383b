import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BackupError, isSystemError, reasonOf } from '../core/errors.ts';

/** Where settings are looked for below the project root when no file is named, in this order. */
export const settingsFileNames = ['config/config.json', 'config/backup_config.json'] as const;

/** A settings file and its text, the byte order mark included. */
export interface SettingsFile {
  /** Absolute. */
  file: string;
  text: string;
}

/**
 * Reads the settings file that is named (below `root` where it is relative), else those of the usual ones that are
 * there, in their order. Throws CONFIG_UNREADABLE where the one named is missing, and for any that is there and cannot
 * be read.
 */
export async function readSettingsFiles(root: string, named?: string): Promise<SettingsFile[]> {
  if (named !== undefined) {
    const file = resolve(root, named);
    const text = await readText(file);
    if (text === undefined) throw new BackupError('CONFIG_UNREADABLE', { file, reason: 'there is no such file' });
    return [{ file, text }];
  }
  const files: SettingsFile[] = [];
  for (const name of settingsFileNames) {
    const file = join(root, name);
    const text = await readText(file);
    if (text !== undefined) files.push({ file, text });
  }
  return files;
}

/** A small file's text, or undefined when there is none. Throws CONFIG_UNREADABLE where it cannot be read as UTF-8. */
export async function readText(file: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new BackupError('CONFIG_UNREADABLE', { file, reason: systemReason(error) }, { cause: error });
  }
  if (!isUtf8(bytes)) throw new BackupError('CONFIG_UNREADABLE', { file, reason: 'it is not UTF-8 text' });
  return bytes.toString('utf8');
}

function systemReason(error: unknown): string {
  if (isSystemError(error, 'EISDIR')) return 'it is a folder';
  if (isSystemError(error, 'EACCES', 'EPERM')) return 'permission denied';
  return reasonOf(error);
}
