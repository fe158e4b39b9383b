import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeError } from '../messages/describe.ts';
import { checkKeys, type CheckedBackup, type CheckedKeys } from '../operations/check-keys.ts';
import { showFindings } from './findings-text.ts';
import { plainTable, widestOf, withLinesBelow } from './table.ts';
import type { CommandContext } from './verb.ts';

/** `keys check`: which backups do the keys open? */
export async function runCheck(context: CommandContext): Promise<ExitCode> {
  const checked = await checkKeys(await context.open());
  const { problem, backups, ...rest } = checked;
  context.output.document({
    ...rest,
    backups: backups.map(({ error: _error, ...backup }) => backup),
    ...(problem === undefined ? {} : { problem: { code: problem.code, message: problem.message } }),
  });
  showChecked(context, checked);
  return codeOf(checked);
}

/** Where every key fits and only what is stored is not right, that is no matter of keys. */
function codeOf({ ok, backups, problem }: CheckedKeys): ExitCode {
  if (ok) return exitCode.done;
  const failed = backups.filter((one) => !one.opens);
  const isOfKey = failed.some(({ code = '' }) => code.startsWith('KEY_') || code === 'WRAPPED_KEY_MISSING');
  return isOfKey || failed.length === 0 || problem !== undefined ? exitCode.key : exitCode.problemFound;
}

function showChecked(context: CommandContext, checked: CheckedKeys): void {
  const { output, messages, language } = context;
  const words = messages.keys;
  const { backups, newest, problem } = checked;
  output.line(newBackups(checked, words));
  if (backups.length === 0) output.line(words.noBackups);
  else {
    const { heading } = words;
    const rows = backups.map((one) => [
      printablePath(one.id),
      one.encrypted ? words.yes : words.no,
      opensWith(one, context),
    ]);
    output.line();
    const wide = plainTable(output, [heading.backup, heading.encrypted, heading.opens], rows);
    const narrow = (): string => {
      const beside = rows.map((row) => row.slice(0, -1));
      return withLinesBelow(
        plainTable(output, [heading.backup, heading.encrypted], beside),
        rows.map((row) => row.slice(-1)),
      );
    };
    output.line(widestOf(wide) <= output.room ? wide : narrow());
    output.line();
    showSum(context, backups, newest);
  }
  if (problem !== undefined) {
    const { message, hint } = describeError(problem, language);
    // That there is none was the first thing said.
    const said = problem.code === 'KEY_MISSING' ? [] : [`${output.color.yellow(messages.common.warning)}: ${message}`];
    for (const line of [...said, ...(hint === undefined ? [] : [hint])]) output.notice(line);
  }
  showFindings(checked.warnings, context);
}

function newBackups({ encrypts, key, recipients }: CheckedKeys, words: CommandContext['messages']['keys']): string {
  if (!encrypts) return words.newBackupsPlain;
  if (recipients.length > 0) return words.newBackupsTo(recipients.map(({ fingerprint }) => fingerprint).join(', '));
  return key === undefined ? words.newBackupsNone : words.newBackups(printablePath(key));
}

function opensWith({ opens, encrypted, key, code, error }: CheckedBackup, context: CommandContext): string {
  const { output, messages, language } = context;
  const words = messages.keys;
  if (opens) return encrypted ? printablePath(key ?? words.yes) : output.color.dim(words.needsNone);
  const known: Partial<Record<string, string>> = words.reasons;
  const reason =
    known[code ?? ''] ??
    (error === undefined ? words.reasons.MANIFEST_DAMAGED : describeError(error, language).message);
  return output.color.red(reason);
}

function showSum(
  { output, messages }: CommandContext,
  backups: readonly CheckedBackup[],
  newest: string | undefined,
): void {
  const words = messages.keys;
  const encrypted = backups.filter((one) => one.encrypted);
  const failed = backups.filter((one) => !one.opens);
  if (encrypted.length === 0) output.line(words.noneEncrypted);
  if (newest !== undefined && failed.length > 0) {
    const opens = backups.find((one) => one.id === newest)?.opens === true;
    output.line(opens ? words.newestOpens(newest) : output.color.red(words.newestFails(newest)));
  }
  if (failed.length > 0) output.line(words.someFail(failed.length, backups.length));
  else if (encrypted.length > 0) output.line(words.allOpen(encrypted.length));
}
