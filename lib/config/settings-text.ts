import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { BackupError } from '../core/errors.ts';
import { flatSection, isFlat } from './flat-keys.ts';

/** A key's path: names, and numbers in lists. */
export type KeyPath = readonly (string | number)[];

/** A settings file's text, parsed, with the places of its keys. */
export interface SettingsText {
  file: string;
  text: string;
  tree: Node;
  /** `none`: nothing in it speaks of backups. */
  form: 'nested' | 'flat' | 'none';
  /** The settings in it as they stand there; undefined for `none`. */
  section: unknown;
  /** Where the section is in the file. */
  sectionPath: KeyPath;
}

/**
 * Parses JSON with comments and trailing commas; a byte order mark is let pass. `file` is what errors name. Throws
 * CONFIG_SYNTAX with the place of the first mistake.
 */
export function parseSettingsText(file: string, fileText: string): SettingsText {
  const text = fileText.replace(/^\ufeff/, '');
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (tree === undefined || first !== undefined) {
    const offset = first?.offset ?? 0;
    throw new BackupError('CONFIG_SYNTAX', {
      file,
      line: lineOf(text, offset),
      column: offset - text.lastIndexOf('\n', offset - 1),
      reason: text.trim() === '' ? 'the file is empty' : syntaxReason(first),
    });
  }
  const section = findNodeAtLocation(tree, ['backup']);
  if (section !== undefined) {
    return { file, text, tree, form: 'nested', section: valueOf(section), sectionPath: ['backup'] };
  }
  const whole = valueOf(tree);
  const form = tree.type !== 'object' || isFlat(file, Object.keys(whole as object)) ? 'flat' : 'none';
  return { file, text, tree, form, section: form === 'flat' ? flatSection(file, whole) : undefined, sectionPath: [] };
}

/** The line of a key, or of the nearest key above it that is in the file. The first line is 1. */
export function lineOfKey(settings: Pick<SettingsText, 'text' | 'tree'>, path: KeyPath): number {
  for (let length = path.length; length > 0; length -= 1) {
    const value = findNodeAtLocation(settings.tree, path.slice(0, length));
    if (value !== undefined) {
      const owner = value.parent?.type === 'property' ? value.parent : value;
      return lineOf(settings.text, owner.offset);
    }
  }
  return lineOf(settings.text, settings.tree.offset);
}

/** True where the file itself holds the key. */
export function holdsKey(settings: Pick<SettingsText, 'tree'>, path: KeyPath): boolean {
  return findNodeAtLocation(settings.tree, [...path]) !== undefined;
}

/** Keys that stand twice in one object of the section, with the line of the second. JSON takes the last, silently. */
export function repeatedKeys({ text, tree, section, sectionPath }: SettingsText): { path: KeyPath; line: number }[] {
  const repeated: { path: KeyPath; line: number }[] = [];
  // What stands beside the section is the host's.
  const isOurs = ([first]: KeyPath): boolean =>
    sectionPath.length > 0 ? first === sectionPath[0] : Object.hasOwn(Object(section) as object, first ?? '');
  const walk = (node: Node, path: KeyPath): void => {
    if (path.length > 0 && !isOurs(path)) return;
    if (node.type === 'array') node.children?.forEach((child, index) => walk(child, [...path, index]));
    if (node.type !== 'object') return;
    const seen = new Set<string>();
    for (const property of node.children ?? []) {
      const [key, value] = property.children ?? [];
      const inside = [...path, String(key?.value)];
      if (seen.has(String(key?.value)) && isOurs(inside))
        repeated.push({ path: inside, line: lineOf(text, property.offset) });
      seen.add(String(key?.value));
      if (value !== undefined) walk(value, inside);
    }
  };
  walk(tree, []);
  return repeated;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function valueOf(node: Node): unknown {
  return getNodeValue(node) as unknown;
}

const syntaxReasons: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a word that is not quoted, or is none of true, false and null',
  InvalidNumberFormat: 'not a number',
  PropertyNameExpected: 'a key in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: 'a colon is expected',
  CommaExpected: 'a comma is expected',
  CloseBraceExpected: 'a closing brace is expected',
  CloseBracketExpected: 'a closing bracket is expected',
  EndOfFileExpected: 'there is more behind the last closing brace',
  UnexpectedEndOfComment: 'a comment that does not end',
  UnexpectedEndOfString: 'a text that does not end on its line',
  UnexpectedEndOfNumber: 'a number that does not end',
  InvalidUnicode: 'a \\u without four hex digits',
  InvalidEscapeCharacter: 'a backslash before a character that needs none; write \\\\ for a backslash',
  InvalidCharacter: 'a control character',
};

function syntaxReason(error: ParseError | undefined): string {
  const name = error === undefined ? '' : printParseErrorCode(error.error);
  return syntaxReasons[name] ?? name;
}
