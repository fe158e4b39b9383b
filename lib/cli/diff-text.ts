import { printablePath } from '../core/path-bytes.ts';
import type { AttributeChanges, Change, ChangeKind, DiffResult } from '../operations/diff-result.ts';
import { showDatabaseChange } from './diff-databases-text.ts';
import { showFindings } from './findings-text.ts';
import { formatBytes } from './format-amounts.ts';
import type { CommandContext } from './verb.ts';

/** Changes of each kind that a person is shown. */
const mostShown = 30;
const sizeColumns = 10;

/** Says in what two states differ: a summary, then each kind of change, then the databases. */
export function showDiff(context: CommandContext, result: DiffResult, isSummary: boolean): void {
  const { output, messages } = context;
  const text = messages.diff;
  const { a, b } = result;
  output.line(output.color.bold(b === undefined ? text.since(a) : text.between(a, b)));
  output.line(`  ${summaryOf(context, result)}`);
  showUncovered(context, result);
  if (!isSummary) {
    for (const kind of ['added', 'changed', 'removed', 'moved'] as const) showChanges(context, result, kind);
    if (result.databases.length > 0) output.line(`\n${output.color.bold(text.databases)}`);
    for (const one of result.databases) showDatabaseChange(context, one);
  }
  showFindings(result.warnings, context);
}

function summaryOf({ messages }: CommandContext, { counts, addedBytes, removedBytes }: DiffResult): string {
  const text = messages.diff;
  const parts = [
    ...(counts.added === 0 ? [] : [text.added(counts.added, formatBytes(addedBytes))]),
    ...(counts.changed === 0 ? [] : [text.changed(counts.changed)]),
    ...(counts.removed === 0 ? [] : [text.removed(counts.removed, formatBytes(removedBytes))]),
    ...(counts.moved === 0 ? [] : [text.moved(counts.moved)]),
    text.unchanged(counts.unchanged),
  ];
  return parts.length === 1 ? text.nothing : parts.join(text.separator);
}

function showUncovered({ output, messages }: CommandContext, { a, b, uncovered }: DiffResult): void {
  const text = messages.diff;
  for (const side of ['a', 'b'] as const) {
    const targets = uncovered.filter((one) => one.missingIn === side).map((one) => printablePath(one.target));
    if (targets.length === 0) continue;
    output.line(`  ${output.color.dim(text.uncovered(targets.join(', '), side === 'a' ? a : (b ?? text.project)))}`);
  }
}

const marks: Record<ChangeKind, string> = { added: '+', changed: '~', removed: '-', moved: '→' };

function showChanges(context: CommandContext, result: DiffResult, kind: ChangeKind): void {
  const { output, messages } = context;
  const count = result.counts[kind];
  if (count === 0) return;
  const paint = {
    added: output.color.green,
    changed: output.color.yellow,
    removed: output.color.red,
    moved: output.color.cyan,
  }[kind];
  const most = output.verbose ? Number.POSITIVE_INFINITY : mostShown;
  output.line();
  let shown = 0;
  for (const change of result.changes(kind)) {
    if (shown === most) break;
    shown += 1;
    const details = detailsOf(context, change).join(messages.diff.separator);
    const aside = details === '' ? '' : output.color.dim(`  (${details})`);
    output.line(`  ${paint(marks[kind])} ${sizeOf(change).padStart(sizeColumns)}  ${nameOf(change)}${aside}`);
  }
  if (shown < count) {
    output.line(`  ${paint(marks[kind])} ${' '.repeat(sizeColumns)}  ${messages.diff.more(count - shown)}`);
  }
}

/** Bytes afterwards; nothing for folders and links, and where only what the system says of a file differs. */
function sizeOf(change: Change): string {
  if (change.change === 'changed') {
    return change.kind === 'file' && change.sizeAfter !== undefined ? formatBytes(change.sizeAfter) : '';
  }
  return change.kind === 'file' ? formatBytes(change.size) : '';
}

function nameOf(change: Change): string {
  if (change.change === 'moved') return `${printablePath(change.from)} → ${printablePath(change.to)}`;
  return `${printablePath(change.path)}${change.kind === 'directory' ? '/' : ''}`;
}

function detailsOf({ messages }: CommandContext, change: Change): string[] {
  const text = messages.diff;
  if (change.change === 'moved') return attributesOf(text, change);
  if (change.change !== 'changed') return [];
  const { kindBefore, sizeBefore, sizeAfter, bytes } = change;
  return [
    ...(kindBefore === undefined ? [] : [text.kind(kindBefore, change.kind)]),
    ...(sizeBefore === undefined || sizeBefore === sizeAfter || kindBefore !== undefined
      ? []
      : [text.before(formatBytes(sizeBefore))]),
    ...(bytes === undefined || change.database !== undefined ? [] : [text.fresh(formatBytes(bytes))]),
    ...attributesOf(text, change),
  ];
}

function attributesOf(
  text: CommandContext['messages']['diff'],
  { mode, owner, linkTarget }: AttributeChanges,
): string[] {
  return [
    ...(mode === undefined ? [] : [text.mode(mode.before, mode.after)]),
    ...(owner === undefined ? [] : [text.owner(owner.before, owner.after)]),
    ...(linkTarget === undefined ? [] : [text.link(printablePath(linkTarget.before), printablePath(linkTarget.after))]),
  ];
}
