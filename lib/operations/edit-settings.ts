import { parse } from 'jsonc-parser';
import { isDeepStrictEqual } from 'node:util';
import { parseSettingsText } from '../config/settings-text.ts';
import { BackupError } from '../core/errors.ts';
import { type EditChange, type FileEdit, fileEdit } from './file-edit.ts';
import { formatJson, insertJsonProperty } from './insert-json-property.ts';
import type { ProposedTarget } from './propose-targets.ts';

/** What a project that has no settings yet starts with. */
const firstSettings = {
  enabled: true,
  schedule: '0 2 * * *',
  retention: 30,
  maxBackups: 10,
  storage: { type: 'local', path: './backups', compress: true },
};

type JsonObject = Record<string, unknown>;

const byteOrderMark = '\ufeff';

/**
 * Adds to a settings file what it lacks. What it holds stays, comments and formatting included. Settings that are there
 * gain targets only: what else they leave out, they leave to the defaults.
 *
 * `schema` is where a new file points editors to; `file` is what errors name. Throws CONFIG_SYNTAX for a text that is not JSON with comments, and
 * CONFIG_INVALID where `backup` or its `targets` is not an object.
 */
export function editSettings(
  path: string,
  before: string | undefined,
  proposals: readonly ProposedTarget[],
  schema?: string,
  file = path,
): FileEdit {
  const targets = Object.fromEntries(proposals.map((one) => [one.name, one.value]));
  const all: EditChange[] = proposals.map((one) => added(one));
  const first: EditChange = { action: 'added', what: 'backup', reason: 'settings' };
  const backup = { ...firstSettings, targets };
  if (before === undefined || before.trim() === '') {
    const document = { ...(schema === undefined ? {} : { $schema: schema }), backup };
    const editor: EditChange[] =
      schema === undefined ? [] : [{ action: 'added', what: '$schema', reason: 'editor-schema' }];
    return fileEdit(path, before, `${formatJson(document, '  ', '', '\n')}\n`, [...editor, first, ...all]);
  }

  const mark = before.startsWith(byteOrderMark) ? byteOrderMark : '';
  const text = before.slice(mark.length);
  const document = readSettings(file, text);
  const present = objectAt(file, 'backup', document['backup']);
  if (present === undefined) {
    return fileEdit(path, before, mark + insertJsonProperty(text, [], 'backup', backup), [first, ...all]);
  }
  const presentTargets = objectAt(file, 'backup.targets', present['targets']);
  if (presentTargets === undefined) {
    return fileEdit(path, before, mark + insertJsonProperty(text, ['backup'], 'targets', targets), all);
  }
  return completeTargets(path, { mark, text }, presentTargets, proposals);
}

function completeTargets(
  path: string,
  before: { mark: string; text: string },
  present: JsonObject,
  proposals: readonly ProposedTarget[],
): FileEdit {
  let text = before.text;
  const changes = proposals.flatMap((one): EditChange[] => {
    const value = present[one.name];
    const what = `backup.targets.${one.name}`;
    if (isDeepStrictEqual(value, one.value)) return [{ action: 'kept', what, reason: 'already-there' }];
    if (value !== undefined) return [{ action: 'kept', what, reason: 'differs', value: one.value }];
    // A default target that the file does not name is on: nothing to add.
    if (one.reason === 'default-target') return [];
    text = insertJsonProperty(text, ['backup', 'targets'], one.name, one.value);
    return [added(one)];
  });
  return fileEdit(path, before.mark + before.text, before.mark + text, changes);
}

function added(one: ProposedTarget): EditChange {
  return { action: 'added', what: `backup.targets.${one.name}`, reason: one.reason, value: one.value };
}

/** The store's path as a settings text says it, or undefined: for finding the store, not for checking settings. */
export function storePathIn(text: string): string | undefined {
  const document: unknown = parse(text, [], { allowTrailingComma: true });
  const backup = isObject(document) ? document['backup'] : undefined;
  const storage = isObject(backup) ? backup['storage'] : undefined;
  const path = isObject(storage) ? storage['path'] : isObject(document) ? document['backup_dir'] : undefined;
  return typeof path === 'string' && path !== '' && !path.includes('${') ? path : undefined;
}

function readSettings(file: string, text: string): JsonObject {
  parseSettingsText(file, text);
  const document: unknown = parse(text, [], { allowTrailingComma: true });
  const top = objectAt(file, 'the file', document);
  if (top === undefined) throw new BackupError('CONFIG_SYNTAX', { file, line: 1, column: 1, reason: 'it is empty' });
  return top;
}

function objectAt(file: string, key: string, value: unknown): JsonObject | undefined {
  if (value === undefined || isObject(value)) return value;
  // A list or a text is not repeated: it may hold anything.
  const found = Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'a text' : JSON.stringify(value);
  throw new BackupError('CONFIG_INVALID', { file, problems: [`${key}: found ${found}, expected an object`] });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
