import { countOf } from './count-of.ts';

export const verify = {
  describe: 'Prove that a backup is whole',
  backup: 'ID, a beginning of it, its name, latest (default), or the path of an archive',
  checkIntegrity: 'Check the stored bytes (default)',
  checkContent: "Check every file's hash and the databases' integrity, too",
  readDataSubset: 'Read only a part: 10%, 500M, or 1/7 for the first of seven parts',
  subsetForm: 'a share such as 10%, a size such as 500M, or a part such as 1/7',
  subsetOrContent: 'Give --check-content or --read-data-subset, not both.',
  all: 'Every backup of the store',
  allOrOne: 'Give --all or the name of one backup, not both.',
  levels: { integrity: 'stored bytes', content: 'every file and database', subset: 'a part of the stored bytes' },
  ok: (id: string) => `${id} is whole`,
  partOk: (id: string) => `${id}: what was read of it is whole`,
  partEmpty: (id: string) => `${id}: nothing lies in this part of it, so nothing was checked`,
  partOf: (read: string, total: string) => `${read} of ${total}`,
  damaged: (id: string, count: number) => `${id} is damaged: ${countOf(count, 'problem')}`,
  unreadable: (id: string) => `${id} could not be checked: this user may not read all of it`,
  checked: (level: string, files: string, size: string, time: string, rate: string) =>
    `checked: ${level}; ${files}, ${size} read in ${time} (${rate}/s)`,
  makeNew: 'Make a new backup:      npm run backup:create',
  restoreWhole: (id: string) => `Get back what is whole: npm run backup:restore -- ${id} --force`,
  more: (count: number) => `… and ${count} more; --verbose shows all`,
};
