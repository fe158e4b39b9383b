import { applyEdits, createScanner, findNodeAtLocation, modify, parseTree, type Node } from 'jsonc-parser';

/** jsonc-parser's token kinds; its enum cannot be imported where each module is compiled alone. */
const kind = { comma: 5, lineComment: 12, blockComment: 13, lineBreak: 14, trivia: 15 };

/** The widest array that stays on one line. */
const lineWidth = 90;

/**
 * Adds a property at the end of an object of a JSON text that may hold comments, and changes nothing else: not a
 * comment, not the indentation, not the line endings. The object at `path` must exist and must not have the key yet.
 */
export function insertJsonProperty(text: string, path: readonly string[], key: string, value: unknown): string {
  const root = parseTree(text, undefined, { allowTrailingComma: true });
  const object = root === undefined || path.length === 0 ? root : findNodeAtLocation(root, [...path]);
  if (object?.type !== 'object') throw new TypeError(`No object at ${path.join('.')}`);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const unit = indentUnit(text, root);
  const last = object.children?.at(-1);
  const lastStartsLine = last !== undefined && lineIndent(text, last.offset) !== undefined;
  if (!lastStartsLine) return insertByFormatter(text, [...path, key], value, unit, eol);

  // jsonc-parser's own edit would stand between the last value and the comment behind it, which would then seem to
  // speak of the new key.
  const end = last.offset + last.length;
  const { comma, lineEnd } = readRestOfLine(text, end);
  const indent = lineIndent(text, last.offset) ?? '';
  const property = `${eol}${indent}${JSON.stringify(key)}: ${formatJson(value, unit, indent, eol)}`;
  return comma === undefined
    ? `${text.slice(0, end)},${text.slice(end, lineEnd)}${property}${text.slice(lineEnd)}`
    : `${text.slice(0, lineEnd)}${property},${text.slice(lineEnd)}`;
}

/** JSON with short arrays on one line, as people write it. */
export function formatJson(value: unknown, unit: string, indent: string, eol: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = indent + unit;
  const isArray = Array.isArray(value);
  const parts = isArray
    ? value.map((one) => formatJson(one, unit, inner, eol))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${formatJson(one, unit, inner, eol)}`);
  if (parts.length === 0) return isArray ? '[]' : '{}';
  const oneLine = parts.join(', ');
  if (isArray && !oneLine.includes('\n') && oneLine.length < lineWidth) return `[${oneLine}]`;
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  return `${open}${eol}${parts.map((part) => inner + part).join(`,${eol}`)}${eol}${indent}${close}`;
}

function insertByFormatter(text: string, path: string[], value: unknown, unit: string, eol: string): string {
  const formattingOptions = { insertSpaces: !unit.includes('\t'), tabSize: unit.includes('\t') ? 1 : unit.length, eol };
  return applyEdits(text, modify(text, path, value, { formattingOptions }));
}

/** The indentation of the text's first indented property; two spaces where none is. */
function indentUnit(text: string, root: Node | undefined): string {
  const first = root?.children?.[0];
  const indent = first === undefined ? undefined : lineIndent(text, first.offset);
  return indent === undefined || indent === '' ? '  ' : indent;
}

/** What stands before `offset` on its line, when that is only white space. */
function lineIndent(text: string, offset: number): string | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  return lineStart > 0 && /^[ \t]*$/.test(before) ? before : undefined;
}

/** The comma behind a value, and where the comments that end on the value's or the comma's line are over. */
function readRestOfLine(text: string, valueEnd: number): { comma: number | undefined; lineEnd: number } {
  const scanner = createScanner(text, false);
  scanner.setPosition(valueEnd);
  let comma: number | undefined;
  let lineEnd = valueEnd;
  let lineIsOver = false;
  for (let token: number = scanner.scan(); ; token = scanner.scan()) {
    const tokenEnd = scanner.getTokenOffset() + scanner.getTokenLength();
    if (token === kind.comma && comma === undefined) {
      comma = scanner.getTokenOffset();
      lineEnd = tokenEnd;
      lineIsOver = false;
    } else if (token === kind.lineBreak) {
      lineIsOver = true;
    } else if (token === kind.lineComment || token === kind.blockComment) {
      if (!lineIsOver) lineEnd = tokenEnd;
    } else if (token !== kind.trivia) {
      return { comma, lineEnd };
    }
  }
}
