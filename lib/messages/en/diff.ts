import { countOf } from './count-of.ts';

/** Words for what a definition in a database is of. */
const definitions: Record<string, string> = { table: 'table', index: 'index', view: 'view', trigger: 'trigger' };
const kinds = { file: 'file', directory: 'folder', symlink: 'link' };

export const diff = {
  describe: 'Show what changed between two backups, or since one',
  backup: 'The backup to compare from: ID, a beginning of it, its name, latest (default), or the path of an archive',
  other: 'The backup to compare with; the project as it is now when left out',
  targets: 'Only these targets, separated by commas',
  include: 'Only these files, folders or globs; can be given again',
  stat: 'Only the summary; databases are not looked into',
  between: (from: string, to: string) => `From ${from} to ${to}`,
  since: (from: string) => `Since ${from}`,
  separator: ', ',
  nothing: 'Nothing differs.',
  added: (count: number, size: string) => `${count.toLocaleString('en')} added (${size})`,
  changed: (count: number) => `${count.toLocaleString('en')} changed`,
  removed: (count: number, size: string) => `${count.toLocaleString('en')} removed (${size})`,
  moved: (count: number) => `${count.toLocaleString('en')} moved`,
  unchanged: (count: number) => `${count.toLocaleString('en')} unchanged`,
  more: (count: number) => `… and ${count.toLocaleString('en')} more; --verbose shows all`,
  before: (size: string) => `${size} before`,
  fresh: (size: string) => `${size} of it new`,
  mode: (before: string, after: string) => `mode ${before} → ${after}`,
  owner: (before: string, after: string) => `owner ${before} → ${after}`,
  link: (before: string, after: string) => `link ${before} → ${after}`,
  kind: (before: keyof typeof kinds, after: keyof typeof kinds) => `${kinds[before]} → ${kinds[after]}`,
  uncovered: (targets: string, backup: string) => `Not compared, as ${backup} does not cover them: ${targets}`,
  project: 'the project now',
  databases: 'Databases',
  pagesDiffer: (size: string) => `${size} of pages differ`,
  sameTables: 'no table differs',
  tableAdded: (name: string, rows: string) => `table ${name}${rows}`,
  rowCount: (rows: number) => ` (${countOf(rows, 'row')})`,
  rowsChanged: (name: string, before: string, after: string) => `${name}: ${before} → ${after} rows`,
  rowsSame: (name: string, rows: string) => `${name}: ${rows} rows as before`,
  unknownRows: '?',
  pages: (count: number) => `${countOf(count, 'page')} differ${count === 1 ? 's' : ''}`,
  definition: (type: string, name: string) => `definition of ${definitions[type] ?? type} ${name}`,
};
