import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import { consolidateBackup } from '../operations/consolidate-backup.ts';
import type {
  ConsolidatedBackup,
  ConsolidatedBytes,
  ConsolidateRequest,
  PlannedConsolidation,
} from '../operations/consolidate-result.ts';
import { openBackup } from '../operations/open-backup.ts';
import type { OpenBackup } from '../operations/opened-backup.ts';
import type { RunContext } from '../operations/run-context.ts';
import { backupName } from './backup-name.ts';
import { showFindings } from './findings-text.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import { plainTable } from './table.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface ConsolidateOptions {
  backup: string | undefined;
  name: string | undefined;
  'dry-run': boolean;
}

/** `consolidate`: makes a new full backup from a chain. */
export const consolidateVerb = defineVerb<ConsolidateOptions>({
  name: 'consolidate',
  positionals: '[backup]',
  describe: (messages) => messages.consolidate.describe,
  options: (yargs, { consolidate: text }) =>
    yargs
      .positional('backup', { type: 'string', describe: text.backup })
      .option('name', { type: 'string', describe: text.name, requiresArg: true })
      .option('dry-run', { type: 'boolean', default: false, describe: text.dryRun }),
  run: async (context, options) => {
    const run = await context.open();
    const request: ConsolidateRequest = {
      dryRun: options['dry-run'],
      ...(options.name === undefined ? {} : { name: backupName(options.name) }),
    };
    const source = await openOwn(context, run, options.backup ?? 'latest');
    const result = await consolidateBackup(run, source, request);
    context.output.document(result);
    if ('standsAlone' in result) {
      context.output.line(context.messages.consolidate.standsAlone[result.standsAlone](result.id));
    } else if ('dryRun' in result) showPlanned(context, result);
    else showMade(context, result);
    return exitCode.done;
  },
});

/** @throws BackupError ARCHIVE_UNKNOWN for an archive that something else made, and what `openBackup` throws */
async function openOwn(context: CommandContext, run: RunContext, name: string): Promise<OpenBackup> {
  const backup = await openBackup(run, name, context.workingFolder);
  if (backup.kind === 'backup') return backup;
  const reason = 'something else made it, and it builds on nothing that is known here';
  throw new BackupError('ARCHIVE_UNKNOWN', { archive: backup.archive, reason });
}

function showPlanned(context: CommandContext, result: PlannedConsolidation): void {
  const { output, messages } = context;
  output.line(messages.consolidate.planned(result.consolidatedFrom));
  output.line();
  output.line(plainTable(output, [], amounts(context, result)));
}

function showMade(context: CommandContext, result: ConsolidatedBackup): void {
  const { output } = context;
  const { color } = output;
  const text = context.messages.consolidate;
  output.line(color.green(text.done(color.bold(result.id), result.consolidatedFrom)));
  if (!result.complete) output.line(color.yellow(text.incomplete));
  output.line();
  const rows = [
    ...amounts(context, result),
    [text.stored, formatBytes(result.storedSize)],
    [text.took, formatDuration(result.duration)],
    [text.where, printablePath(result.archive ?? result.directory)],
  ];
  output.line(plainTable(output, [], rows));
  output.line();
  output.line(color.dim(`${text.nextCheck}: npm run backup:verify -- ${result.id} --check-content`));
  output.line(color.dim(`${text.nextCleanup(result.chain.length)}: npm run backup:cleanup`));
  const unwritten = result.warnings.filter((one) => one.code === 'audit-unwritten');
  showFindings(unwritten, context);
}

function amounts(
  { messages: { consolidate: text } }: CommandContext,
  result: ConsolidatedBytes & { files: number; size: number },
): string[][] {
  return [
    [text.content, text.contentText(result.files, formatBytes(result.size))],
    [text.copied, text.copiedText(formatBytes(result.copiedBytes))],
    [text.repacked, formatBytes(result.repackedBytes)],
  ];
}
