/** What setting a project up does to one of its files, decided before anything is written. */
export interface FileEdit {
  /** Below the project root where it lies there, else absolute. */
  path: string;
  action: 'create' | 'change' | 'keep' | 'skip';
  changes: EditChange[];
  /** The file's whole new text, for `create` and `change`. */
  after?: string;
}

/** One thing in a file that was added, or was there already and stays as it is. */
export interface EditChange {
  action: 'added' | 'kept' | 'skipped';
  /** A key, a script's name or a line. */
  what: string;
  reason: ChangeReason;
  /** What was added, or what would have been where the project has something else. */
  value?: unknown;
}

/** The words of `messages/<lang>/init.ts`. */
export type ChangeReason =
  | 'default-target'
  | 'plain-logs'
  | 'knowledge'
  | 'uploads'
  | 'data'
  | 'editor-schema'
  | 'settings'
  | 'command'
  | 'store-ignored'
  | 'already-there'
  | 'differs'
  | 'flat-settings'
  | 'no-package-json'
  | 'no-git'
  | 'store-outside';

/** The edit of a file whose changes are known: kept where none of them adds anything. */
export function fileEdit(path: string, before: string | undefined, after: string, changes: EditChange[]): FileEdit {
  if (before === after) return { path, action: 'keep', changes };
  return { path, action: before === undefined ? 'create' : 'change', changes, after };
}
