import { isUtf8 } from 'node:buffer';
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { replaceFile } from '../core/durable-files.ts';
import { BackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { editGitIgnore } from './edit-git-ignore.ts';
import { editPackageScripts } from './edit-package-scripts.ts';
import { editSettings, storePathIn } from './edit-settings.ts';
import type { FileEdit } from './file-edit.ts';
import { findSources, type FoundSource, type SourceScan } from './find-sources.ts';
import { type ProposedTarget, proposeTargets, targetOfKind } from './propose-targets.ts';

/** A walk that meets more than this is not looking at one project's data any more. */
const maxEntries = 200_000;
const newFileMode = 0o644;

const settingsPath = 'config/config.json';
const flatSettingsPath = 'config/backup_config.json';
const schemaPath = 'node_modules/ai-backup/config/config.schema.json';

export interface InitializeRequest {
  /** The host project's folder, absolute. */
  root: string;
  /** The settings file to write to, absolute; `config/config.json` below the root where absent. */
  settingsFile?: string;
  dryRun: boolean;
  /** Files and folders looked at, at most. */
  maxEntries?: number;
  signal: AbortSignal;
}

/** What setting a project up tells: the fields of `init --json`. */
export interface InitializeResult {
  root: string;
  dryRun: boolean;
  /** True when a file was written, or with `dryRun` would be. */
  changed: boolean;
  found: (FoundSource & { target: string })[];
  scan: Omit<SourceScan, 'sources'>;
  files: Omit<FileEdit, 'after'>[];
}

/**
 * Sets a host project up: settings, scripts, .gitignore. Adds what is missing and overwrites nothing, so that it can be
 * run again. All edits are decided before the first is written; each file is replaced atomically.
 *
 * Throws ROOT_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID, CONFIG_UNREADABLE and PACKAGE_UNREADABLE before anything is
 * written; NO_SPACE and WRITE_FAILED name the file that could not be written.
 */
export async function initializeProject(request: InitializeRequest): Promise<InitializeResult> {
  const { root } = request;
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new BackupError('ROOT_NOT_FOUND', { root });
  const settingsFile = request.settingsFile ?? join(root, defaultSettingsPath(root));
  const settingsText = readText(settingsFile);
  const store = storeBelow(root, storePathIn(settingsText ?? '') ?? 'backups');
  const { sources, ...scan } = await findSources(root, {
    skip: store === undefined ? [] : [store],
    maxEntries: request.maxEntries ?? maxEntries,
    signal: request.signal,
  });

  const edits = [
    planSettings(root, settingsFile, settingsText, proposeTargets(sources)),
    editPackageScripts('package.json', readText(join(root, 'package.json'))),
    editGitIgnore('.gitignore', readText(join(root, '.gitignore')), store, isInGitProject(root)),
  ];
  if (!request.dryRun) for (const edit of edits) applyEdit(root, edit);
  return {
    root,
    dryRun: request.dryRun,
    changed: edits.some((edit) => edit.after !== undefined),
    found: sources.map((one) => ({ ...one, target: targetOfKind[one.kind] })),
    scan,
    files: edits.map(({ path, action, changes }) => ({ path, action, changes })),
  };
}

/** A project that keeps its settings in the flat file keeps doing so: a config.json beside it would hide it. */
function defaultSettingsPath(root: string): string {
  return !existsSync(join(root, settingsPath)) && existsSync(join(root, flatSettingsPath))
    ? flatSettingsPath
    : settingsPath;
}

function planSettings(root: string, file: string, text: string | undefined, targets: ProposedTarget[]): FileEdit {
  const path = pathBelow(root, file) ?? file;
  if (text !== undefined && file.endsWith(`${sep}backup_config.json`)) {
    return { path, action: 'keep', changes: [{ action: 'kept', what: path, reason: 'flat-settings' }] };
  }
  const schema = existsSync(join(root, schemaPath)) ? relative(dirname(file), join(root, schemaPath)) : undefined;
  return editSettings(path, text, targets, schema?.split(sep).join('/'), file);
}

function applyEdit(root: string, edit: FileEdit): void {
  if (edit.after === undefined) return;
  const path = resolve(root, edit.path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    // A linked file is changed where it lies: replacing the link would part it from its other users.
    const real = edit.action === 'create' ? path : realpathSync(path);
    replaceFile(real, edit.after, edit.action === 'create' ? newFileMode : statSync(real).mode & 0o7777);
  } catch (error) {
    const operation = 'setting the project up';
    if (isSystemError(error, 'ENOSPC', 'EDQUOT'))
      throw new BackupError('NO_SPACE', { path, operation }, { cause: error });
    throw new BackupError('WRITE_FAILED', { path, operation, reason: reasonOf(error) }, { cause: error });
  }
}

/** A file's text, or undefined where there is none. */
function readText(file: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw new BackupError('CONFIG_UNREADABLE', { file, reason: reasonOf(error) }, { cause: error });
  }
  if (!isUtf8(bytes)) throw new BackupError('CONFIG_UNREADABLE', { file, reason: 'it is not UTF-8 text' });
  return bytes.toString('utf8');
}

/** The store's path below the root, or undefined where it lies elsewhere: `~` is the home folder. */
function storeBelow(root: string, store: string): string | undefined {
  return store.startsWith('~') ? undefined : pathBelow(root, resolve(root, store));
}

/** The path below the root with `/`, or undefined for the root itself and what lies outside. */
function pathBelow(root: string, path: string): string | undefined {
  const below = relative(root, path);
  if (below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) return undefined;
  return below.split(sep).join('/');
}

/** True in a working tree's root and in a folder of one, as the packages of a monorepo are. */
export function isInGitProject(root: string): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return true;
    if (dirname(folder) === folder) return false;
  }
}
