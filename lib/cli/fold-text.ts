import { widthOf } from './table.ts';

/**
 * Breaks a text without line ends into lines of at most `columns`, so that what stands beside it in a table stays a column.
 * What is between backticks is a command and stays in one piece, and so does any word; Japanese may break between two signs.
 */
export function foldText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(pieces) ?? []) {
    if (line !== '' && widthOf((line + piece).trimEnd()) > columns) {
      lines.push(line.trimEnd());
      line = piece.trimStart();
    } else line += piece;
  }
  return [...lines, line.trimEnd()];
}

const wide = String.raw`[\u3000-\u9fff\uff00-\uffef]`;
/** Signs that may not begin a line stay with the one before them. */
const closing = '[、。）」』：；ー]*';
const pieces = new RegExp(`(?:\`[^\`]*\`|(?!${wide})[^\\s\`]|\`)+${closing}\\s*|${wide}${closing}\\s*|\\s+`, 'gu');
