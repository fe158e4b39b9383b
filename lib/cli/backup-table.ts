import { printablePath } from '../core/path-bytes.ts';
import type { Metadata } from '../store/metadata.ts';
import { formatBytes } from './format-amounts.ts';
import { formatMoment } from './format-moment.ts';
import { plainTable, widestOf, withLinesBelow } from './table.ts';
import type { CommandContext } from './verb.ts';

type Shown = Pick<CommandContext, 'messages' | 'output'>;

/**
 * The table of backups, in the order given. Where the terminal has no room for all columns, a backup's name, kind and marks
 * stand on a line below it: a row that the terminal breaks anywhere cannot be read.
 */
export function backupTable(context: Shown, backups: readonly Metadata[]): string {
  const wide = wideTable(context, backups);
  return widestOf(wide) <= context.output.room ? wide : narrowTable(context, backups);
}

function wideTable(context: Shown, backups: readonly Metadata[]): string {
  const { list: text } = context.messages;
  const rows = backups.map((backup) => [
    [backup.id, ...nameOf(context, backup)].join('  '),
    formatMoment(backup.timestamp),
    text.types[backup.type],
    backup.mode,
    formatBytes(backup.storedSize),
    marksOf(context, backup).join(', '),
  ]);
  const head = [text.id, text.date, text.type, text.mode, text.size];
  // A column without anything in it would only make the lines longer.
  const hasMarks = rows.some((row) => row.at(-1) !== '');
  return plainTable(context.output, hasMarks ? [...head, text.marks] : head, rows, [4]);
}

function narrowTable(context: Shown, backups: readonly Metadata[]): string {
  const { list: text } = context.messages;
  const rows = backups.map((backup) => [
    backup.id,
    // To the minute: its ID has the rest.
    formatMoment(backup.timestamp).slice(0, -3),
    backup.mode,
    formatBytes(backup.storedSize),
  ]);
  const table = plainTable(context.output, [text.id, text.date, text.mode, text.size], rows, [3]);
  const below = backups.map((backup) => {
    const type = backup.type === 'manual' ? [] : [text.types[backup.type]];
    const words = [...nameOf(context, backup), ...type, ...marksOf(context, backup)].join(', ');
    return words === '' ? [] : [words];
  });
  return withLinesBelow(table, below);
}

function nameOf({ output }: Shown, { name }: Metadata): string[] {
  return name === undefined ? [] : [output.color.cyan(printablePath(name))];
}

/** What a person should know at a glance. */
function marksOf({ messages, output: { color } }: Shown, backup: Metadata): string[] {
  const { list: text } = messages;
  const isEncrypted = backup.archive?.encryption !== undefined;
  return [
    ...(backup.complete ? [] : [color.yellow(text.incomplete)]),
    ...(backup.verifiedAt === undefined ? [] : [color.green(text.verified)]),
    ...(isEncrypted ? [text.encrypted] : []),
    ...(backup.since === undefined ? [] : [text.limited(formatMoment(backup.since).slice(0, 10))]),
  ];
}
