import { countOf } from './count-of.ts';

export const consolidate = {
  describe: 'Make a new full backup from a chain, without reading the project',
  backup: 'ID, its beginning, name, latest (default), or the path of an archive',
  name: 'A name to find the new backup by',
  dryRun: 'Only tell what would be copied, and what packed anew',
  done: (id: string, source: string) => `Full backup made: ${id}, of ${source}`,
  incomplete: 'It is incomplete, as that one is: something could not be read when it was made.',
  planned: (source: string) => `A full backup of ${source} would hold:`,
  content: 'Content',
  contentText: (files: number, size: string) => `${countOf(files, 'file')}, ${size}`,
  stored: 'Stored',
  copied: 'Copied',
  copiedText: (size: string) => `${size}, as they were stored`,
  repacked: 'Packed anew',
  took: 'Took',
  where: 'Where',
  nextCheck: 'Check it',
  nextCleanup: (count: number) =>
    `The ${countOf(count, 'backup')} that it was made from can go, as the retention settings say`,
  standsAlone: {
    full: (id: string) => `${id} is a full backup already: nothing to do.`,
    zip: (id: string) => `${id} is a zip, which needs no other backup: nothing to do.`,
    directory: (id: string) => `${id} is a plain tree, which needs no other backup: nothing to do.`,
  },
};
