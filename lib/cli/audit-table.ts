import { machineZone } from '../core/local-time.ts';
import { printablePath } from '../core/path-bytes.ts';
import type { AuditShown } from '../operations/read-audit-log.ts';
import { formatLocalTime } from './format-local-time.ts';
import { foldText } from './fold-text.ts';
import { plainTable, widestOf, withLinesBelow } from './table.ts';
import type { CommandContext } from './verb.ts';

/** What of a line's facts is worth a word in a table; `--json` has them all. */
const toldFacts = [
  'code',
  'action',
  'type',
  'level',
  'safetyBackup',
  'from',
  'removedCount',
  'keys',
  'key',
  'tried',
  'files',
];

/** The lines of an audit log as a table. What stands in them may come from anybody: nothing of it reaches a terminal as it is. */
export function auditTable({ output, messages }: CommandContext, lines: readonly AuditShown[]): string {
  const text = messages.audit;
  const { heading } = text;
  const zone = machineZone();
  const head = [heading.seq, heading.date, heading.act, heading.outcome, heading.backup, heading.who, heading.facts];
  const rows = lines.map((line) => [
    String(line.seq),
    formatLocalTime(new Date(line.at), zone),
    wordFor(text.acts, line.act),
    paint(output.color, line.outcome)(wordFor(text.outcomes, line.outcome)),
    printablePath(line.backup ?? ''),
    printablePath(`${line.user}@${line.host}`),
    output.color.dim(printablePath(factsOf(line))),
  ]);
  const wide = plainTable(output, head, rows, [0]);
  if (widestOf(wide) <= output.room) return wide;
  const beside = [0, 1, 2, 3, 5];
  const pick = (row: readonly string[]): string[] => beside.map((column) => row[column] ?? '');
  const narrow = plainTable(output, pick(head), rows.map(pick), [0]);
  return withLinesBelow(
    narrow,
    lines.map((line) => linesBelow(output, line)),
  );
}

/** Backup and facts, where the terminal has no room for them beside the rest. */
function linesBelow({ room, color }: CommandContext['output'], line: AuditShown): string[] {
  const facts = factsOf(line);
  return [
    ...(line.backup === undefined ? [] : [printablePath(line.backup)]),
    ...(facts === '' ? [] : foldText(printablePath(facts), room - 2).map(color.dim)),
  ];
}

/** A word of a newer version stays as it is. */
const wordFor = (words: Readonly<Record<string, string>>, word: string): string =>
  Object.hasOwn(words, word) ? (words[word] ?? word) : printablePath(word);

function paint(color: CommandContext['output']['color'], outcome: string): (text: string) => string {
  if (outcome === 'done') return color.green;
  return outcome === 'begun' ? color.dim : outcome === 'incomplete' ? color.yellow : color.red;
}

const isWord = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

const longestFact = 60;

function factsOf(line: AuditShown): string {
  return toldFacts
    .flatMap((name) => {
      const value: unknown = Object.hasOwn(line, name) ? line[name] : undefined;
      const said = Array.isArray(value) ? value.filter(isWord).join(', ') : isWord(value) ? String(value) : '';
      return said === '' ? [] : [`${name}: ${said.slice(0, longestFact)}`];
    })
    .join('; ');
}
