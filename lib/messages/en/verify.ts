export const verify = {
  describe: 'Prove that a backup is whole',
  backup: 'ID, a beginning of it, its name, latest (default), or the path of an archive',
  checkIntegrity: 'Check the stored bytes (default)',
  checkContent: "Check every file's hash and the databases' integrity, too",
  all: 'Every backup of the store',
  allOrOne: 'Give --all or the name of one backup, not both.',
  levels: { integrity: 'stored bytes', content: 'every file and database' },
  ok: (id: string) => `${id} is whole`,
  damaged: (id: string, count: number) => `${id} is damaged: ${count} problem${count === 1 ? '' : 's'}`,
  checked: (level: string, files: string, size: string, time: string, rate: string) =>
    `checked: ${level}; ${files}, ${size} read in ${time} (${rate}/s)`,
  more: (count: number) => `… and ${count} more; --verbose shows all`,
};
