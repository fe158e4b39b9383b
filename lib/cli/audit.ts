import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeFinding } from '../messages/describe.ts';
import { readAuditLog } from '../operations/read-audit-log.ts';
import { verifyAudit, type AuditVerification } from '../operations/verify-audit-log.ts';
import { auditTable } from './audit-table.ts';
import { showFindings } from './findings-text.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface AuditOptions {
  action: 'verify' | 'show';
  last: string | undefined;
}

const mostShown = 20;
const usualLast = 20;

/** `audit`: checks the audit log, or shows its newest lines. */
export const auditVerb = defineVerb<AuditOptions>({
  name: 'audit',
  positionals: '[action]',
  describe: (messages) => messages.audit.describe,
  options: (yargs, { audit: text }) =>
    yargs
      .positional('action', { choices: ['verify', 'show'] as const, default: 'verify' as const, describe: text.action })
      .option('last', { type: 'string', describe: text.last, requiresArg: true }),
  run: (context, { action, last }) => {
    if (action === 'show') return show(context, lastOf(context, last));
    if (last !== undefined) throw new BackupError('USAGE', { problem: context.messages.audit.lastOfShow });
    return verify(context);
  },
});

/** @throws BackupError OPTION_INVALID */
function lastOf({ messages }: CommandContext, last: string | undefined): number {
  if (last === undefined) return usualLast;
  if (/^[1-9]\d{0,6}$/.test(last)) return Number(last);
  throw new BackupError('OPTION_INVALID', { option: 'last', value: last, expected: messages.audit.lastExpected });
}

async function show(context: CommandContext, last: number): Promise<ExitCode> {
  const { output, messages } = context;
  const text = messages.audit;
  const shown = await readAuditLog(await context.open(), last);
  output.document(shown);
  if (shown.total === 0) output.line(text.none);
  else {
    output.line(auditTable(context, shown.lines));
    output.line();
    output.line(output.color.dim(text.shown(shown.lines.length, shown.total)));
  }
  if (shown.unreadable > 0) output.notice(output.color.yellow(text.unreadable(shown.unreadable)));
  return exitCode.done;
}

async function verify(context: CommandContext): Promise<ExitCode> {
  const result = await verifyAudit(await context.open());
  context.output.document(result);
  showResult(context, result);
  return result.ok ? exitCode.done : exitCode.problemFound;
}

function showResult(context: CommandContext, result: AuditVerification): void {
  const { output, messages, language } = context;
  const { color } = output;
  const text = messages.audit;
  const { ok, lines, files, macs, problems } = result;
  if (!ok) output.line(color.red(text.faulty(problems.length)));
  else output.line(lines === 0 ? text.none : color.green(text.ok(lines, files)));
  const shown = output.verbose ? problems : problems.slice(0, mostShown);
  for (const problem of shown) output.line(`  ${printablePath(describeFinding(problem, language))}`);
  if (shown.length < problems.length) output.line(`  ${text.more(problems.length - shown.length)}`);
  if (macs.checked > 0) output.line(color.dim(text.macs.checked(macs.checked)));
  if (macs.unchecked > 0) output.line(color.yellow(text.macs.unchecked(macs.unchecked)));
  else if (lines > 0 && macs.checked === 0) output.line(color.dim(text.macs.none));
  // The sentence above says that already, unless some lines could be checked.
  const others = result.warnings.filter(({ code }) => code !== 'audit-macs-unchecked' || macs.checked > 0);
  showFindings(others, context);
}
