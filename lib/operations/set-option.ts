import { applyEdits, findNodeAtLocation, modify, type Node } from 'jsonc-parser';
import { flatKeyOf, flatKeys } from '../config/flat-keys.ts';
import { parseSettingsText } from '../config/settings-text.ts';
import { BackupError } from '../core/errors.ts';
import { insertJsonProperty } from './insert-json-property.ts';
import { removeJsonProperty } from './remove-json-property.ts';

const byteOrderMark = '\ufeff';

/**
 * A settings file's text with one setting changed; all else in it, comments and formatting included, stays as it is.
 *
 * `key` is dotted, with or without `backup.` before it; in a file of flat keys the flat and the nested name both work.
 * `valueText` is JSON, or a text as it stands (`0 2 * * *`); `null` takes the setting out. An empty `fileText` makes a
 * new file's text. `file` is what errors name. The result is not checked against the schema.
 *
 * Throws CONFIG_SYNTAX where the text is not JSON with comments, OPTION_INVALID where the key has no place in it.
 */
export function setOption(fileText: string, key: string, valueText: string, file = 'config.json'): string {
  const mark = fileText.startsWith(byteOrderMark) ? byteOrderMark : '';
  const given = fileText.slice(mark.length);
  const text = given.trim() === '' ? '{}\n' : given;
  const value = parseValue(valueText);
  const { form, tree } = parseSettingsText(file, text);
  if (tree.type !== 'object') throw refused(key, valueText, 'a settings file that is a JSON object');
  const path = form === 'flat' ? flatPathOf(key, valueText) : nestedPathOf(key, valueText);
  return mark + (value === null ? removeJsonProperty(text, path) : put(text, tree, path, value, { key, valueText }));
}

function put(
  text: string,
  tree: Node,
  path: string[],
  value: unknown,
  asked: { key: string; valueText: string },
): string {
  if (findNodeAtLocation(tree, path) !== undefined)
    return applyEdits(text, modify(text, path, value, formatting(text)));
  let depth = path.length - 1;
  let owner: Node | undefined;
  while ((owner = findNodeAtLocation(tree, path.slice(0, depth))) === undefined) depth -= 1;
  if (owner.type !== 'object') {
    const holder = path.slice(0, depth).join('.');
    throw refused(
      asked.key,
      asked.valueText,
      `a key whose owner is an object; ${holder} is ${kindOf(owner)}, so set it whole`,
    );
  }
  const nested = path.slice(depth + 1).reduceRight((inner, name) => ({ [name]: inner }), value);
  return insertJsonProperty(text, path.slice(0, depth), path[depth] ?? '', nested);
}

function formatting(text: string): { formattingOptions: { insertSpaces: boolean; tabSize: number; eol: string } } {
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return {
    formattingOptions: {
      insertSpaces: !indent.includes('\t'),
      tabSize: indent.includes('\t') ? 1 : indent.length,
      eol,
    },
  };
}

function nestedPathOf(key: string, valueText: string): string[] {
  const names = key.split('.');
  if (names[0] !== 'backup') names.unshift('backup');
  if (names.length < 2 || names.includes(''))
    throw refused(key, valueText, 'a dotted key such as storage.path=./backups');
  return names;
}

function flatPathOf(key: string, valueText: string): string[] {
  if (Object.hasOwn(flatKeys, key)) return [key];
  const flat = flatKeyOf(key.replace(/^backup\./, ''));
  if (flat === undefined) {
    throw refused(key, valueText, `a key that this file's flat form has: ${Object.keys(flatKeys).join(', ')}`);
  }
  return [flat];
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function kindOf(node: Node): string {
  if (node.type === 'array') return 'a list';
  // A text is not repeated: it may be the key itself.
  return node.type === 'string' ? 'a text' : JSON.stringify(node.value);
}

/** The value may be a secret and is not repeated. */
function refused(key: string, valueText: string, expected: string): BackupError {
  const value = /key|secret|token|pass|auth/i.test(key) ? `${key}=<masked>` : `${key}=${valueText}`;
  return new BackupError('OPTION_INVALID', { option: 'set-option', value, expected });
}
