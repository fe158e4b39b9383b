import type { RestoreAction } from '../../operations/restore-decision.ts';

const actions: Record<RestoreAction, string> = {
  create: 'create',
  overwrite: 'overwrite',
  unchanged: 'unchanged',
  keep: 'keep',
  delete: 'delete',
};

const reasons: Record<string, string> = {
  missing: 'not there',
  differs: 'differs from the backup',
  merged: 'gets the values of the backup; variables that only it has stay',
  asked: 'always, as asked',
  older: 'older than the backup',
  newer: 'as new as the backup, or newer',
  never: 'never, as asked',
  same: 'the same',
  extra: 'not in the backup',
};

export const restore = {
  describe: 'Put a backup back',
  backup: 'ID, a beginning of it, its name, latest (default), or the path of an archive',
  targets: 'Only these targets, separated by commas',
  include: 'Only these files, folders or globs; can be given again',
  to: 'Restore into this folder (default: the project root)',
  dryRun: 'Only show the plan',
  skipBackup: 'Do not back up what is there now first',
  deleteExtra: 'Delete files that the backup does not have, within what it covers',
  overwrite: 'Which existing files are replaced',
  verify: 'Read everything back afterwards and compare',
  force: 'Restore what is whole of a damaged backup, and name the rest (exit code 3)',
  yes: 'Do not ask',
  plan: (id: string, destination: string) => `Restore ${id} to ${destination}`,
  actions,
  reasons,
  more: (count: number) => `… and ${count} more; --verbose shows all`,
  writes: (size: string) => `${size} to write`,
  folders: (count: number) =>
    `${count} folder${count === 1 ? '' : 's'} to make, or to give permissions and time back to`,
  databases: (names: string) => `Databases that may stay open, they get the content through SQLite: ${names}`,
  safety: 'What is there now is backed up first (--skip-backup leaves that out).',
  noSafety: 'What is there now is NOT backed up first.',
  nothing: 'Nothing to do: everything is as the backup has it.',
  confirm: 'Go ahead?',
  dryRunDone: 'Dry run: nothing was changed.',
  done: (id: string) => `Restored ${id}`,
  partlyDone: (id: string, lost: number) =>
    `Restored what is whole of ${id}; not ${lost} that ${lost === 1 ? 'is' : 'are'} damaged`,
  summary: (created: number, overwritten: number, unchanged: number, kept: number, deleted: number) =>
    `${created} created, ${overwritten} overwritten, ${unchanged} unchanged, ${kept} kept, ${deleted} deleted`,
  took: (size: string, time: string) => `${size} in ${time}`,
  safetyMade: (id: string) =>
    `What was there before is backup ${id}; \`npm run backup:restore -- ${id}\` goes back to it.`,
};
