import { isDeepStrictEqual } from 'node:util';
import { BackupError, reasonOf } from '../core/errors.ts';
import { type EditChange, type FileEdit, fileEdit } from './file-edit.ts';
import { insertJsonProperty } from './insert-json-property.ts';

/** The commands that a host project gets as `npm run backup:<verb>`. */
const verbs = [
  ...['create', 'list', 'show', 'verify', 'restore', 'diff', 'consolidate', 'cleanup'],
  ...['keys', 'audit', 'schedule', 'config', 'init', 'doctor'],
] as const;

const scripts: Readonly<Record<string, string>> = Object.fromEntries(
  verbs.map((verb) => [`backup:${verb}`, `ai-backup ${verb}`]),
);

/**
 * Adds the `backup:*` scripts to a package.json. A script of such a name that is there stays as it is. Throws
 * PACKAGE_UNREADABLE for a text that is not a package.json.
 */
export function editPackageScripts(path: string, before: string | undefined): FileEdit {
  if (before === undefined) {
    return { path, action: 'skip', changes: [{ action: 'skipped', what: 'scripts', reason: 'no-package-json' }] };
  }
  // npm reads a package.json with a byte order mark too.
  const mark = before.startsWith('\ufeff') ? '\ufeff' : '';
  let after = before.slice(mark.length);
  const present = readScripts(path, after);
  if (present === undefined) {
    const changes = Object.entries(scripts).map(([name, command]) => added(name, command));
    return fileEdit(path, before, mark + insertJsonProperty(after, [], 'scripts', scripts), changes);
  }
  const changes = Object.entries(scripts).map(([name, command]): EditChange => {
    if (isDeepStrictEqual(present[name], command)) return { action: 'kept', what: name, reason: 'already-there' };
    if (present[name] !== undefined) return { action: 'kept', what: name, reason: 'differs', value: command };
    after = insertJsonProperty(after, ['scripts'], name, command);
    return added(name, command);
  });
  return fileEdit(path, before, mark + after, changes);
}

function added(name: string, command: string): EditChange {
  return { action: 'added', what: name, reason: 'command', value: command };
}

function readScripts(file: string, text: string): Record<string, unknown> | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BackupError('PACKAGE_UNREADABLE', { file, reason: reasonOf(error) }, { cause: error });
  }
  if (!isObject(document)) throw new BackupError('PACKAGE_UNREADABLE', { file, reason: 'it is not an object' });
  const scripts = document['scripts'];
  if (scripts === undefined || isObject(scripts)) return scripts;
  throw new BackupError('PACKAGE_UNREADABLE', { file, reason: '"scripts" is not an object' });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
