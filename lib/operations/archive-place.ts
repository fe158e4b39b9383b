import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codecOf } from '../archive/codecs.ts';
import { BackupError, systemCode } from '../core/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { NextId } from '../store/backup-id.ts';
import { archiveFileName } from '../store/publish-backup.ts';
import type { Store } from '../store/store.ts';
import type { CreateRequest } from './create-result.ts';

/** Where an archive is written, and where it comes to rest. */
export interface ArchivePlace {
  /** The file's name. */
  file: string;
  /** The folder, absolute, where that is not the store. */
  folder?: string;
  /** The temporary file, on the same filesystem as the place where it comes to rest. */
  temporary: string;
}

/** The place of a backup's archive; undefined for a plain tree, which has none. */
export function archivePlace(
  settings: Settings,
  store: Store,
  request: Pick<CreateRequest, 'name' | 'output'>,
  next: NextId,
  workFolder: string,
): ArchivePlace | undefined {
  const { storage, timezone } = settings;
  if (storage.format === 'directory') return undefined;
  const about = {
    id: next.id,
    time: next.time,
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(timezone === undefined ? {} : { timezone }),
  };
  const ending = storage.format === 'zip' ? '.zip' : `.tar${codecOf(storage.compression).ending}`;
  const { output } = request;
  if (output === undefined) {
    return {
      file: archiveFileName(store.path, storage.archiveName, about, ending),
      temporary: join(workFolder, 'archive'),
    };
  }
  const isFolder = isFolderAt(output);
  const folder = isFolder ? output : dirname(output);
  const file = isFolder ? archiveFileName(folder, storage.archiveName, about, ending) : basename(output);
  if (folder === store.path) return { file, temporary: join(workFolder, 'archive') };
  return { file, folder, temporary: join(folder, `${temporaryPrefix}${next.id}`) };
}

/** Archives that are being written outside of the store: hidden, and named after their backup. */
const temporaryPrefix = '.ai-backup-part-';

/** @throws BackupError OPTION_INVALID where no archive can come to rest there */
export function checkOutput(settings: Settings, output: string): void {
  const refuse = (expected: string): never => {
    throw new BackupError('OPTION_INVALID', { option: 'output', value: output, expected });
  };
  if (settings.storage.format === 'directory') {
    refuse('no --output with a plain tree, whose files rest in the store: give --format tar or zip with it');
  }
  if (isFolderAt(output)) return;
  if (existsAt(output)) refuse('a path where no file is yet: an archive never takes the place of another file');
  if (!isFolderAt(dirname(output))) refuse('a path in a folder that exists');
  if (!/^[^./\\\0][^/\\\0]{0,254}$/.test(basename(output))) refuse('a file name that does not begin with a dot');
}

function isFolderAt(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

function existsAt(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR';
  }
}
