import { statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { codecOf } from '../archive/codecs.ts';
import { BackupError, systemCode } from '../core/errors.ts';
import type { Settings, StorageSettings } from '../config/settings.ts';
import type { NextId } from '../store/backup-id.ts';
import { archiveFileName } from '../store/publish-backup.ts';
import { sealedEnding } from '../store/sealed-names.ts';
import type { Store } from '../store/store.ts';
import { excludeMatcher, isExcludedWithParents } from '../targets/path-matcher.ts';
import { partPrefix } from '../targets/scan-folder.ts';
import { defineTargets, fileSourcesOf, globMatcher, type TargetDefinition } from '../targets/target-definitions.ts';
import type { CreateRequest } from './create-result.ts';
import { realPlace } from './destination-folder.ts';

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
  isSealed = false,
): ArchivePlace | undefined {
  const { storage, timezone } = settings;
  if (storage.format === 'directory') return undefined;
  const about = {
    id: next.id,
    time: next.time,
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(timezone === undefined ? {} : { timezone }),
  };
  const ending = `${endingOf(storage)}${isSealed ? sealedEnding : ''}`;
  const { output } = request;
  if (output === undefined) {
    return {
      file: archiveFileName(store.path, storage.archiveName, about, ending),
      temporary: join(workFolder, 'archive'),
    };
  }
  const isFolder = isFolderAt(output);
  const folder = isFolder ? output : dirname(output);
  const given = basename(output);
  // A name that says that anybody can read it would mislead.
  const named = isSealed && !given.endsWith(sealedEnding) ? `${given}${sealedEnding}` : given;
  const file = isFolder ? archiveFileName(folder, storage.archiveName, about, ending) : named;
  if (realPlace(folder) === realPlace(store.path)) return { file, temporary: join(workFolder, 'archive') };
  return { file, folder, temporary: join(folder, `${partPrefix}${next.id}`) };
}

const endingOf = ({ format, compression }: StorageSettings): string =>
  format === 'zip' ? '.zip' : `.tar${codecOf(compression).ending}`;

/** @throws BackupError OPTION_INVALID where no archive can come to rest there */
export function checkOutput(settings: Settings, output: string): void {
  const refuse = (expected: string): never => {
    throw new BackupError('OPTION_INVALID', { option: 'output', value: output, expected });
  };
  if (settings.storage.format === 'directory') {
    refuse('no --output with a plain tree, whose files rest in the store: give --format tar or zip with it');
  }
  const isFolder = isFolderAt(output);
  const folder = isFolder ? output : dirname(output);
  if (!isFolder) {
    if (existsAt(output)) refuse('a path where no file is yet: an archive never takes the place of another file');
    if (!isFolderAt(folder)) refuse('a path in a folder that exists');
    if (!/^[^./\\\0][^/\\\0]{0,254}$/.test(basename(output))) refuse('a file name that does not begin with a dot');
  }
  const { storage, root } = settings;
  const inStore = relative(realPlace(storage.path), realPlace(folder));
  const isOutside = inStore === '..' || inStore.startsWith(`..${sep}`);
  // What is in there is removed with its backup, or with what interrupted runs left.
  if (inStore !== '' && !isOutside) refuse('the store itself, or a folder outside of it');
  const file = isFolder ? `backup${endingOf(storage)}` : basename(output);
  const target = targetAround(root, folder, file, defineTargets(settings));
  if (target !== undefined) refuse(`a place that no target takes in (this one is in ${target})`);
}

/** The target that would take a file in. */
export function targetAround(
  root: string,
  folder: string,
  file: string,
  targets: readonly TargetDefinition[],
): string | undefined {
  const origin = relative(realPlace(root), join(realPlace(folder), file))
    .split(sep)
    .join('/');
  const takesIn = (target: TargetDefinition): boolean =>
    !isExcludedWithParents(origin, excludeMatcher(target.exclude)) &&
    fileSourcesOf(target).some(({ base, globs }) => {
      const isBelow = base === '' || origin === base || origin.startsWith(`${base}/`);
      return isBelow && (globMatcher(globs)?.(origin) ?? true);
    });
  return origin.startsWith('../') ? undefined : targets.find(takesIn)?.name;
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
