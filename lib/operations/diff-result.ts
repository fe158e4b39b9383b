import type { EntryKind } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import type { SqliteDifferences } from '../targets/databases/sqlite-driver.ts';

/** What is compared. */
export interface DiffRequest {
  targets?: readonly string[];
  /** Files, folders and globs. */
  include?: readonly string[];
  /** Whether tables and rows of changed databases are compared too: their content is read for it. */
  opensDatabases: boolean;
}

export interface BeforeAfter<T> {
  before: T;
  after: T;
}

/** What the system says of an entry, where it differs. */
export interface AttributeChanges {
  /** Four octal digits. */
  mode?: BeforeAfter<string>;
  /** `<user>:<group>`, as numbers. */
  owner?: BeforeAfter<string>;
  linkTarget?: BeforeAfter<string>;
}

/** An entry that only one of the two holds. Paths are below the project root, where the entry has a place there. */
export interface OneSided {
  change: 'added' | 'removed';
  path: string;
  target: string;
  kind: EntryKind;
  /** Bytes; 0 for folders and links. */
  size: number;
}

export interface Changed extends AttributeChanges {
  change: 'changed';
  path: string;
  target: string;
  /** What it is afterwards. */
  kind: EntryKind;
  /** What it was, where that is something else. */
  kindBefore?: EntryKind;
  /** Bytes; both sizes are there exactly where the content differs. */
  sizeBefore?: number;
  sizeAfter?: number;
  /**
   * How many bytes of the content afterwards no archive of the first backup's chain holds; of a database, how many bytes
   * its differing pages have. Absent where that takes a reading of both contents.
   */
  bytes?: number;
  database?: 'sqlite';
}

export interface Moved extends AttributeChanges {
  change: 'moved';
  from: string;
  to: string;
  target: string;
  kind: 'file';
  size: number;
}

export type Change = OneSided | Changed | Moved;
export type ChangeKind = Change['change'];

/** How a SQLite database differs that both hold. */
export interface DatabaseChange extends SqliteDifferences {
  path: string;
  target: string;
}

/** A target of which one of the two says nothing. */
export interface UncoveredTarget {
  target: string;
  missingIn: 'a' | 'b';
}

/** What two states of a project differ in. Whoever gets one closes it. */
export interface DiffResult {
  /** The backup that is compared from. */
  a: string;
  /** The backup that it is compared with; absent for the project as it is now. */
  b?: string;
  counts: Record<ChangeKind | 'unchanged', number>;
  /** Bytes of the files that were added, and of those that were removed. */
  addedBytes: number;
  removedBytes: number;
  uncovered: UncoveredTarget[];
  databases: DatabaseChange[];
  warnings: Finding[];
  /** The changes of one kind, from memory or from a scratch file. */
  changes(kind: ChangeKind): Iterable<Change>;
  /** Removes the scratch folder. */
  close(): void;
}
