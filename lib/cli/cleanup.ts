import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import type { Messages } from '../messages/messages.ts';
import { cleanUp, type CleanupRequest, type CleanupResult } from '../operations/clean-up.ts';
import { machineZone } from '../core/local-time.ts';
import { newestFirst } from '../store/backup-id.ts';
import { showFindings } from './findings-text.ts';
import { formatBytes } from './format-amounts.ts';
import { formatLocalTime } from './format-local-time.ts';
import type { Output } from './output.ts';
import { retentionWords } from './retention-words.ts';
import { foldText } from './fold-text.ts';
import { plainTable, widestOf, withLinesBelow } from './table.ts';
import { defineVerb } from './verb.ts';

/** Each limit's option, the field of the request that it fills, and its least value: a tier of 0 is switched off. */
const limits = [
  { option: 'keep-days', field: 'keepDays', least: 1 },
  { option: 'keep-count', field: 'keepCount', least: 1 },
  { option: 'keep-hourly', field: 'keepHourly', least: 0 },
  { option: 'keep-daily', field: 'keepDaily', least: 0 },
  { option: 'keep-weekly', field: 'keepWeekly', least: 0 },
  { option: 'keep-monthly', field: 'keepMonthly', least: 0 },
  { option: 'keep-yearly', field: 'keepYearly', least: 0 },
] as const;

type LimitOption = (typeof limits)[number]['option'];
type CleanupOptions = { 'dry-run': boolean } & Record<LimitOption, string | undefined>;

/** `cleanup`: removes old backups by the retention plan. */
export const cleanupVerb = defineVerb<CleanupOptions>({
  name: 'cleanup',
  describe: (messages) => messages.cleanup.describe,
  options: (yargs, messages) => {
    // As text, because yargs turns what is no number into NaN, and the error is to quote what was given.
    const limit = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;
    const words = messages.cleanup;
    return yargs
      .option('dry-run', { type: 'boolean', default: false, describe: words.dryRun })
      .option('keep-days', limit(words.keepDays))
      .option('keep-count', limit(words.keepCount))
      .option('keep-hourly', limit(words.keepHourly))
      .option('keep-daily', limit(words.keepDaily))
      .option('keep-weekly', limit(words.keepWeekly))
      .option('keep-monthly', limit(words.keepMonthly))
      .option('keep-yearly', limit(words.keepYearly));
  },
  run: async (context, options) => {
    const request: CleanupRequest = { dryRun: options['dry-run'] };
    for (const { option, field, least } of limits) {
      const value = options[option];
      if (value !== undefined) request[field] = wholeNumber(option, value, least, context.messages);
    }
    const result = await cleanUp(await context.open(), request);
    context.output.document(result);
    showCleanup(result, context.output, context.messages);
    showFindings(result.warnings ?? [], context);
    return exitCode.done;
  },
});

function wholeNumber(option: string, value: string, least: number, messages: Messages): number {
  const number = Number(value);
  if (/^\d{1,6}$/.test(value) && number >= least) return number;
  throw new BackupError('OPTION_INVALID', { option, value, expected: messages.cleanup.wholeNumber(least) });
}

function showCleanup(result: CleanupResult, output: Output, messages: Messages): void {
  const words = messages.cleanup;
  if (result.keep.length + result.remove.length === 0) return output.line(words.empty);
  const { heading } = words;
  const zone = machineZone();
  const removed = new Set(result.remove);
  const rows = [...result.keep, ...result.remove]
    .sort(newestFirst)
    .map((verdict) => [
      verdict.id,
      formatLocalTime(new Date(verdict.timestamp), zone),
      formatBytes(verdict.storedSize),
      removed.has(verdict) ? output.color.red(words.remove) : output.color.green(words.keep),
      retentionWords(verdict.reasons, messages),
    ]);
  const head = [heading.id, heading.date, heading.size, heading.action, heading.reason];
  output.line(cleanupTable(output, head, rows));
  const say = result.dryRun ? words.wouldRemove : words.removed;
  output.line();
  output.line(say(result.remove.length, result.keep.length, formatBytes(result.freedBytes)));
}

/** The reasons stand below their backup where the terminal has no room beside it. */
function cleanupTable(output: Output, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const wide = plainTable(output, head, rows, [2]);
  if (widestOf(wide) <= output.room) return wide;
  const narrow = plainTable(
    output,
    head.slice(0, -1),
    rows.map((row) => row.slice(0, -1)),
    [2],
  );
  return withLinesBelow(
    narrow,
    rows.map((row) => foldText(row.at(-1) ?? '', output.room - 2)),
  );
}
