import { printablePath } from '../core/path-bytes.ts';
import type { Messages } from '../messages/messages.ts';
import type { ChangeReason, EditChange } from '../operations/file-edit.ts';
import type { InitializeResult } from '../operations/initialize-project.ts';
import type { Output } from './output.ts';

/** Names in one line of the list of what was found. */
const namesShown = 4;
/** Changes of these kinds are said in one line together. */
const told = new Set<ChangeReason>(['default-target', 'command', 'already-there']);

const marks = { added: '+', kept: '=', skipped: '-' } as const;

/** Says what `init` found and did, as a short list with the next step. */
export function showInitialization(result: InitializeResult, output: Output, words: Messages['init']): void {
  showFound(result, output, words);
  for (const folder of result.scan.unreadable) output.notice(words.unreadable(printablePath(folder)));
  for (const path of result.scan.unnameable) output.notice(words.unnameable(printablePath(path)));
  if (!result.scan.complete) output.notice(words.cutShort(result.scan.entries));
  output.line();

  const actions = result.dryRun ? words.plannedActions : words.actions;
  for (const file of result.files) {
    output.line(`${output.color.bold(file.path)}  ${actions[file.action]}`);
    for (const line of changeLines(file.changes, words)) output.line(`  ${line}`);
  }
  output.line();
  if (!result.changed) output.line(words.nothingChanged);
  else output.line(result.dryRun ? words.nothingWritten : words.done);
  if (!result.dryRun) output.line(words.next(firstCommand(result)));
}

function showFound(result: InitializeResult, output: Output, words: Messages['init']): void {
  if (result.found.length === 0) return output.line(words.foundNothing(result.root));
  output.line(words.found(result.root));
  const kinds = [...new Set(result.found.map((one) => one.kind))];
  for (const kind of kinds) {
    const sources = result.found.filter((one) => one.kind === kind);
    const names = sources.slice(0, namesShown).map((one) => printablePath(one.source));
    if (sources.length > namesShown) names.push(words.more(sources.length - namesShown));
    const files = sources.reduce((sum, one) => sum + one.files, 0);
    output.line(`  ${words.kinds[kind]}: ${names.join(', ')} (${words.files(files)})`);
  }
}

function changeLines(changes: readonly EditChange[], words: Messages['init']): string[] {
  const groups = new Map<string, EditChange[]>();
  for (const change of changes) {
    const key = told.has(change.reason) ? `${change.action} ${change.reason}` : change.what;
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].flatMap(([first, ...alike]) =>
    first === undefined ? [] : [changeLine(first, alike, words)],
  );
}

function changeLine(first: EditChange, alike: readonly EditChange[], words: Messages['init']): string {
  const names = `${marks[first.action]} ${[first, ...alike].map((one) => one.what).join(', ')}`;
  const value = told.has(first.reason) || first.value === undefined ? '' : ` ${JSON.stringify(first.value)}`;
  const reason = words.reasons[first.reason];
  return first.reason === 'differs' ? `${names}: ${reason}${value}` : `${names}${value}: ${reason}`;
}

/** npm's script where it is the toolkit's, else the command itself. */
function firstCommand(result: InitializeResult): string {
  const script = result.files.flatMap((file) => file.changes).find((change) => change.what === 'backup:create');
  return script !== undefined && script.reason !== 'differs' ? 'npm run backup:create' : 'npx ai-backup create';
}
