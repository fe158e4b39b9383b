interface Row {
  letters: string[];
  /** True where the row begins in the middle of a line, because the one above was full. */
  isContinued: boolean;
}

/**
 * What is on a terminal's screen, and scrolled off it, after all of `sent` was shown: with the cursor's moves, erasing,
 * and line wrap as an xterm does them. Letters of one column only; colours are left out.
 * @returns the lines as a person reads them: those that wrapped are one line again, and ends are trimmed.
 * @throws Error on a control sequence that it does not know.
 */
export function screenAfter(sent: string, size: { columns: number; rows: number }): string[] {
  const rows: Row[] = [];
  let [row, column, doesWrap] = [0, 0, true];
  let saved = { row: 0, column: 0 };
  const topRow = (): number => Math.max(0, rows.length - size.rows);
  const rowAt = (at: number, isContinued = false): Row => {
    while (rows.length <= at) rows.push({ letters: [], isContinued });
    return rows[at]!;
  };
  const put = (letter: string): void => {
    if (column === size.columns) {
      if (doesWrap) {
        row += 1;
        column = 0;
        rowAt(row).isContinued = true;
      } else column -= 1;
    }
    const { letters } = rowAt(row);
    while (letters.length < column) letters.push(' ');
    letters[column] = letter;
    column += 1;
  };
  const control = (parameters: string, name: string): void => {
    const count = parameters === '' ? undefined : Number(parameters);
    if (name === 'G') column = (count ?? 1) - 1;
    else if (name === 'A') row = Math.max(topRow(), row - (count ?? 1));
    else if (name === 'B') row += count ?? 1;
    else if (name === 'C') column += count ?? 1;
    else if (name === 'D') column = Math.max(0, column - (count ?? 1));
    else if (name === 'K' && count === 2) rowAt(row).letters = [];
    else if (name === 'K' && count !== 1) rowAt(row).letters.splice(column);
    else if (name === 'J' && (count ?? 0) === 0) {
      rowAt(row).letters.splice(column);
      rows.splice(row + 1);
    } else if (parameters === '?7') doesWrap = name === 'h';
    else if (name !== 'm' && !parameters.startsWith('?')) throw new Error(`unknown: ESC [ ${parameters} ${name}`);
  };
  // eslint-disable-next-line no-control-regex -- control sequences are what this is about
  for (const [text, parameters, name, other] of sent.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|\x1b(.)|[^\x1b]/gsu)) {
    if (name !== undefined) control(parameters!, name);
    else if (other === '7') saved = { row: row - topRow(), column };
    else if (other === '8') [row, column] = [topRow() + saved.row, saved.column];
    else if (other !== undefined) throw new Error(`unknown: ESC ${other}`);
    else if (text === '\r') column = 0;
    else if (text === '\n') rowAt((row += 1));
    else if (text === '\b') column = Math.max(0, column - 1);
    else if (text >= ' ') put(text);
  }
  const lines: string[] = [];
  for (const { letters, isContinued } of rows) {
    if (isContinued) lines.push((lines.pop() ?? '') + letters.join(''));
    else lines.push(letters.join(''));
  }
  return lines.map((line) => line.trimEnd());
}
