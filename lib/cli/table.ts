import stringWidth from 'string-width';
import type { Output } from './output.ts';

const betweenColumns = '  ';

/** A table without lines, its columns as wide as what is in them; wide characters count as two, colours as none. */
export function plainTable(
  output: Output,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[] = [],
): string {
  const lines = [...(head.length === 0 ? [] : [head.map((text) => output.color.dim(text))]), ...rows];
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, text] of line.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  }
  const cell = (text: string, column: number): string => {
    const padding = ' '.repeat((widths[column] ?? 0) - widthOf(text));
    return rightAligned.includes(column) ? padding + text : text + padding;
  };
  return lines.map((line) => line.map(cell).join(betweenColumns).trimEnd()).join('\n');
}

/** A table of which each row has lines of its own below it, indented: for what the terminal has no room beside the row. */
export function withLinesBelow(table: string, below: readonly (readonly string[])[]): string {
  const [head = '', ...rows] = table.split('\n');
  return [head, ...rows.flatMap((row, at) => [row, ...(below[at] ?? []).map((line) => `  ${line}`)])].join('\n');
}

/** Columns of the widest line of a table. */
export const widestOf = (table: string): number => Math.max(...table.split('\n').map(widthOf));

/** Columns in a terminal. The library takes milliseconds before its first answer, which plain letters need not wait for. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}
