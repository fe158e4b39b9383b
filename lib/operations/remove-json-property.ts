import { createScanner, findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';

/** jsonc-parser's token kind; its enum cannot be imported where each module is compiled alone. */
const commaToken = 5;

/** The rest of a line that holds nothing but a comment, with its line end. */
const restOfLine = /^[ \t]*(\/\/[^\n]*|\/\*[^\n]*?\*\/[ \t]*\r?)?(\r?\n|$)/;

/**
 * Takes a property out of a JSON text that may hold comments and trailing commas. The comment behind it on its line
 * goes with it; all others stay. (jsonc-parser's own edit takes its neighbours' comments too, and leaves a lone comma
 * behind.) A text without the property comes back as it is.
 */
export function removeJsonProperty(text: string, path: readonly string[]): string {
  const tree = parseTree(text, undefined, { allowTrailingComma: true });
  const property = tree === undefined ? undefined : findNodeAtLocation(tree, [...path])?.parent;
  if (property?.type !== 'property') return text;

  const comma = commaBehind(text, property);
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  // The last of several leaves the comma of the one before it over.
  const leftOver = comma === undefined && before !== undefined ? commaBehind(text, before) : undefined;

  let start = property.offset;
  let end = comma === undefined ? property.offset + property.length : comma + 1;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const rest = restOfLine.exec(text.slice(end));
  if (rest !== null && text.slice(lineStart, start).trim() === '') {
    start = lineStart;
    end += rest[0].length;
  } else {
    end += /^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0;
  }
  const kept =
    leftOver === undefined ? text.slice(0, start) : text.slice(0, leftOver) + text.slice(leftOver + 1, start);
  return kept + text.slice(end);
}

function commaBehind(text: string, node: Node): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(node.offset + node.length);
  const token: number = scanner.scan();
  return token === commaToken ? scanner.getTokenOffset() : undefined;
}
