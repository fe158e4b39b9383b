import { resolve } from 'node:path';
import { exitCode } from '../core/error-catalogue.ts';
import { isBackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import { listBackups, type BackupList } from '../operations/list-backups.ts';
import { formatBytes } from './format-amounts.ts';
import { backupTable } from './backup-table.ts';
import { formatMoment } from './format-moment.ts';
import { plainTable } from './table.ts';
import { defineVerb, type CommandContext } from './verb.ts';

/** `list`: the table of backups. */
export const listVerb = defineVerb<{ 'backup-dir': string | undefined }>({
  name: 'list',
  describe: (messages) => messages.list.describe,
  options: (yargs, { list: text }) =>
    yargs.option('backup-dir', { type: 'string', describe: text.backupDir, requiresArg: true }),
  run: async (context, options) => {
    const settings = await context.loadSettings();
    const asked = options['backup-dir'];
    const folder = asked === undefined ? undefined : resolve(context.workingFolder, asked);
    let list: BackupList;
    try {
      list = await listBackups({ settings }, folder);
    } catch (error) {
      // A project that was never backed up has an empty list; a store that was named and is not there is an error.
      if (folder !== undefined || !isBackupError(error, 'STORE_NOT_FOUND')) throw error;
      list = { backups: [], total: 0, storedSize: 0, otherArchives: [], unreadable: [] };
    }
    context.output.document(list);
    showList(context, list, folder ?? settings.storage.path);
    return exitCode.done;
  },
});

function showList(context: CommandContext, list: BackupList, store: string): void {
  const { output, messages } = context;
  const text = messages.list;
  const { color } = output;
  if (list.total === 0 && list.otherArchives.length === 0) output.line(text.empty(printablePath(store)));
  if (list.total > 0) {
    output.line(backupTable(context, list.backups));
    output.line();
    output.line(color.dim(text.total(list.total, formatBytes(list.storedSize))));
  }
  if (list.otherArchives.length > 0) {
    output.line();
    output.line(text.otherArchives);
    const rows = list.otherArchives.map((one) => [
      printablePath(one.file),
      formatMoment(one.modifiedAt),
      formatBytes(one.size),
    ]);
    output.line(plainTable(output, [], rows, [2]));
  }
  if (list.unreadable.length > 0) {
    output.notice(color.yellow(text.unreadable));
    for (const one of list.unreadable) output.notice(`  ${printablePath(one.folder)}: ${printablePath(one.reason)}`);
  }
}
