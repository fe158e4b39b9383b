import { printablePath } from '../core/path-bytes.ts';
import type { DatabaseChange } from '../operations/diff-result.ts';
import { formatBytes } from './format-amounts.ts';
import type { CommandContext } from './verb.ts';

/** Tables and definitions of each kind that a person is shown. */
const mostShown = 30;

/** Says in what a database differs. */
export function showDatabaseChange(context: CommandContext, change: DatabaseChange): void {
  const { output, messages } = context;
  const text = messages.diff;
  const { color } = output;
  const aside = change.bytes === undefined ? '' : color.dim(`  (${text.pagesDiffer(formatBytes(change.bytes))})`);
  output.line(`  ${printablePath(change.path)}${aside}`);
  const rowsOf = (rows: number | undefined): string => (rows === undefined ? '' : text.rowCount(rows));
  showLines(
    context,
    color.green('+'),
    change.added.map(({ name, rows }) => text.tableAdded(printablePath(name), rowsOf(rows))),
  );
  showLines(
    context,
    color.red('-'),
    change.removed.map(({ name, rows }) => text.tableAdded(printablePath(name), rowsOf(rows))),
  );
  showLines(context, color.yellow('~'), [
    ...change.tables.map((table) => tableLine(context, table)),
    ...change.schemaChanged
      .filter(({ before, after }) => before !== undefined && after !== undefined)
      .map(({ type, name }) => text.definition(type, printablePath(name))),
  ]);
  for (const [mark, missing] of [
    [color.green('+'), 'before'],
    [color.red('-'), 'after'],
  ] as const) {
    const definitions = change.schemaChanged.filter((one) => one[missing] === undefined);
    showLines(
      context,
      mark,
      definitions.map(({ type, name }) => text.definition(type, printablePath(name))),
    );
  }
  const { added, removed, tables, schemaChanged } = change;
  if (added.length + removed.length + tables.length + schemaChanged.length === 0) {
    output.line(`    ${color.dim(text.sameTables)}`);
  }
}

function tableLine(
  { output, messages }: CommandContext,
  { name, rowsBefore, rowsAfter, pages }: DatabaseChange['tables'][number],
): string {
  const text = messages.diff;
  const shown = (rows: number | undefined): string => rows?.toLocaleString('en') ?? text.unknownRows;
  const rows =
    rowsBefore === rowsAfter
      ? text.rowsSame(printablePath(name), shown(rowsAfter))
      : text.rowsChanged(printablePath(name), shown(rowsBefore), shown(rowsAfter));
  return pages === undefined ? rows : `${rows}${output.color.dim(`  (${text.pages(pages)})`)}`;
}

function showLines({ output, messages }: CommandContext, mark: string, lines: readonly string[]): void {
  const shown = output.verbose ? lines : lines.slice(0, mostShown);
  for (const line of shown) output.line(`    ${mark} ${line}`);
  if (shown.length < lines.length) output.line(`    ${mark} ${messages.diff.more(lines.length - shown.length)}`);
}
