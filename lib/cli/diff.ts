import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { diffBackups } from '../operations/diff-backups.ts';
import type { DiffResult } from '../operations/diff-result.ts';
import { openBackup } from '../operations/open-backup.ts';
import type { OpenBackup } from '../operations/opened-backup.ts';
import type { RunContext } from '../operations/run-context.ts';
import { showDiff } from './diff-text.ts';
import { splitList, wordList } from './split-list.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface DiffOptions {
  backup: string | undefined;
  other: string | undefined;
  targets: string[] | undefined;
  include: string[] | undefined;
  stat: boolean;
}

/** `diff`: what changed between two backups, or since one. */
export const diffVerb = defineVerb<DiffOptions>({
  name: 'diff',
  positionals: '[backup] [other]',
  describe: (messages) => messages.diff.describe,
  options: (yargs, { diff: text }) =>
    yargs
      .positional('backup', { type: 'string', describe: text.backup })
      .positional('other', { type: 'string', describe: text.other })
      .option('targets', { type: 'string', describe: text.targets, coerce: splitList, requiresArg: true })
      .option('include', { type: 'string', describe: text.include, coerce: wordList, requiresArg: true })
      .option('stat', { type: 'boolean', default: false, describe: text.stat }),
  run: async (context, options) => {
    const run = await context.open();
    const before = await openOwn(context, run, options.backup ?? 'latest');
    const after = options.other === undefined ? undefined : await openOwn(context, run, options.other);
    const result = await diffBackups(run, before, after, {
      ...(options.targets === undefined ? {} : { targets: options.targets }),
      ...(options.include === undefined ? {} : { include: options.include }),
      opensDatabases: !options.stat,
    });
    try {
      if (context.output.json) printJson(context, result, options.stat);
      else showDiff(context, result, options.stat);
      return exitCode.done;
    } finally {
      result.close();
    }
  },
});

/** @throws BackupError ARCHIVE_UNKNOWN for an archive that something else made, and what `openBackup` throws */
async function openOwn(context: CommandContext, run: RunContext, name: string): Promise<OpenBackup> {
  const backup = await openBackup(run, name, context.workingFolder);
  if (backup.kind === 'backup') return backup;
  const reason = 'something else made it, and it has no manifest to compare';
  throw new BackupError('ARCHIVE_UNKNOWN', { archive: backup.archive, reason });
}

function printJson({ output }: CommandContext, result: DiffResult, isSummary: boolean): void {
  const { a, b, counts, addedBytes, removedBytes, uncovered, databases, warnings } = result;
  const summary = { a, b, counts, addedBytes, removedBytes, uncovered, warnings };
  if (isSummary) return output.document(summary);
  const list = output.documentWithList({ ...summary, databases }, 'changes');
  for (const kind of ['added', 'changed', 'removed', 'moved'] as const) {
    for (const change of result.changes(kind)) list.add(change);
  }
  list.end();
}
