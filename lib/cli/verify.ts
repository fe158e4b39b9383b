import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeFinding } from '../messages/describe.ts';
import { parseDataSubset } from '../operations/data-subset.ts';
import { openBackup } from '../operations/open-backup.ts';
import { isDamaged, verifyBackup, type VerifyDepth, type VerifyResult } from '../operations/verify-backup.ts';
import { verifyStore } from '../operations/verify-store.ts';
import { showFindings } from './findings-text.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface VerifyOptions {
  backup: string | undefined;
  'check-integrity': boolean | undefined;
  'check-content': boolean;
  'read-data-subset': string | undefined;
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
      .option('read-data-subset', { type: 'string', describe: text.readDataSubset, requiresArg: true })
      .option('all', { type: 'boolean', default: false, describe: text.all }),
  run: async (context, options) => {
    if (options.all && options.backup !== undefined) {
      throw new BackupError('USAGE', { problem: context.messages.verify.allOrOne });
    }
    const run = await context.open();
    const depth = depthOf(context, options);
    const results: VerifyResult[] = [];
    const verified = options.all
      ? verifyStore(run, depth)
      : [await verifyBackup(run, await openBackup(run, options.backup ?? 'latest', context.workingFolder), depth)];
    for await (const result of verified) {
      results.push(result);
      showResult(context, result, options.backup);
    }
    const isOk = results.every((one) => one.ok);
    const isFaulty = results.some(isDamaged);
    context.output.document(options.all ? { ok: isOk, backups: results } : (results[0] ?? {}));
    if (isFaulty) return exitCode.problemFound;
    return isOk ? exitCode.done : exitCode.failed;
  },
});

/** @throws BackupError OPTION_INVALID, USAGE */
function depthOf(context: CommandContext, options: VerifyOptions): VerifyDepth {
  const text = context.messages.verify;
  const value = options['read-data-subset'];
  if (value === undefined) return options['check-content'] ? 'content' : 'integrity';
  if (options['check-content']) throw new BackupError('USAGE', { problem: text.subsetOrContent });
  const subset = parseDataSubset(value);
  if (subset !== undefined) return subset;
  throw new BackupError('OPTION_INVALID', { option: 'read-data-subset', value, expected: text.subsetForm });
}

/** What `restore --force` cannot help with: it needs the manifest, and something that it can read. */
const beyondForce = new Set([
  'manifest-damaged',
  'manifest-hash',
  'metadata-damaged',
  'archive-missing',
  'archive-unreadable',
  'not-authentic',
]);

/** What to do about a damaged backup, `name` being what the user called it by. */
function showNextStep({ output, messages }: CommandContext, result: VerifyResult, name = ''): void {
  const text = messages.verify;
  output.line(output.color.dim(text.makeNew));
  // An archive that is named by its path need not be in the store, where its ID would find it.
  const isPath = /[\\/.]/.test(name);
  if (isPath || result.problems.some((one) => beyondForce.has(one.code))) return;
  output.line(output.color.dim(text.restoreWhole(printablePath(result.id))));
}

function showResult(context: CommandContext, result: VerifyResult, name: string | undefined): void {
  const { output, messages, language } = context;
  const text = messages.verify;
  const { color } = output;
  const id = printablePath(result.id);
  const count = result.problems.length;
  const isNothingRead = result.level === 'subset' && result.files === 0 && result.bytes === 0;
  if (result.ok && isNothingRead) output.line(color.yellow(text.partEmpty(id)));
  else if (result.ok) output.line(color.green(result.level === 'subset' ? text.partOk(id) : text.ok(id)));
  else output.line(color.red(isDamaged(result) ? text.damaged(id, count) : text.unreadable(id)));
  const shown = output.verbose ? result.problems : result.problems.slice(0, mostShown);
  for (const problem of shown) output.line(`  ${printablePath(describeFinding(problem, language))}`);
  if (shown.length < result.problems.length) output.line(`  ${text.more(result.problems.length - shown.length)}`);
  const rate = result.duration === 0 ? result.bytes : (result.bytes / result.duration) * 1000;
  const read = formatBytes(result.bytes);
  const amounts = [
    messages.common.filesCount(result.files),
    result.totalBytes === undefined ? read : text.partOf(read, formatBytes(result.totalBytes)),
    formatDuration(result.duration),
  ] as const;
  output.line(color.dim(text.checked(text.levels[result.level], ...amounts, formatBytes(Math.round(rate)))));
  if (isDamaged(result)) showNextStep(context, result, name);
  showFindings(result.warnings, context);
}
