import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeFinding } from '../messages/describe.ts';
import { openBackup } from '../operations/open-backup.ts';
import { verifyBackup, type VerifyResult } from '../operations/verify-backup.ts';
import { verifyStore } from '../operations/verify-store.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface VerifyOptions {
  backup: string | undefined;
  'check-integrity': boolean | undefined;
  'check-content': boolean;
  all: boolean;
}

const mostShown = 20;

/** `verify`: proves that a backup is whole. */
export const verifyVerb = defineVerb<VerifyOptions>({
  name: 'verify',
  positionals: '[backup]',
  describe: (messages) => messages.verify.describe,
  options: (yargs, { verify: text }) =>
    yargs
      .positional('backup', { type: 'string', describe: text.backup })
      .option('check-integrity', { type: 'boolean', describe: text.checkIntegrity })
      .option('check-content', { type: 'boolean', default: false, describe: text.checkContent })
      .option('all', { type: 'boolean', default: false, describe: text.all }),
  run: async (context, options) => {
    if (options.all && options.backup !== undefined) {
      throw new BackupError('USAGE', { problem: context.messages.verify.allOrOne });
    }
    const run = await context.open();
    const level = options['check-content'] ? 'content' : 'integrity';
    const results: VerifyResult[] = [];
    const verified = options.all
      ? verifyStore(run, level)
      : [await verifyBackup(run, await openBackup(run, options.backup ?? 'latest', context.workingFolder), level)];
    for await (const result of verified) {
      results.push(result);
      showResult(context, result);
    }
    const isOk = results.every((one) => one.ok);
    context.output.document(options.all ? { ok: isOk, backups: results } : (results[0] ?? {}));
    return isOk ? exitCode.done : exitCode.problemFound;
  },
});

function showResult(context: CommandContext, result: VerifyResult): void {
  const { output, messages, language } = context;
  const text = messages.verify;
  const { color } = output;
  const id = printablePath(result.id);
  output.line(result.ok ? color.green(text.ok(id)) : color.red(text.damaged(id, result.problems.length)));
  const shown = output.verbose ? result.problems : result.problems.slice(0, mostShown);
  for (const problem of shown) output.line(`  ${printablePath(describeFinding(problem, language))}`);
  if (shown.length < result.problems.length) output.line(`  ${text.more(result.problems.length - shown.length)}`);
  const rate = result.duration === 0 ? result.bytes : (result.bytes / result.duration) * 1000;
  const amounts = [
    messages.common.filesCount(result.files),
    formatBytes(result.bytes),
    formatDuration(result.duration),
  ] as const;
  output.line(color.dim(text.checked(text.levels[result.level], ...amounts, formatBytes(Math.round(rate)))));
}
