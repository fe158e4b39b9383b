import ignore from 'ignore';
import { type FileEdit, fileEdit } from './file-edit.ts';

/** Files of a store that must all be ignored before the store counts as ignored. */
const filesOfStore = ['audit.log', 'backup-x.tar.gz', 'backup-x/metadata.json', 'backup-x/database/app.db'];

/**
 * Adds the store to a .gitignore, unless its patterns cover it already in whatever spelling.
 * `store` is its path below the project root, or undefined when it lies elsewhere.
 */
export function editGitIgnore(
  path: string,
  before: string | undefined,
  store: string | undefined,
  isGitProject: boolean,
): FileEdit {
  if (store === undefined) {
    return { path, action: 'skip', changes: [{ action: 'skipped', what: 'backups/', reason: 'store-outside' }] };
  }
  const line = `${store}/`;
  if (before === undefined && !isGitProject) {
    return { path, action: 'skip', changes: [{ action: 'skipped', what: line, reason: 'no-git' }] };
  }
  const text = before ?? '';
  const patterns = ignore().add(text);
  if (filesOfStore.every((file) => patterns.ignores(`${store}/${file}`))) {
    return { path, action: 'keep', changes: [{ action: 'kept', what: line, reason: 'already-there' }] };
  }
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const gap = text === '' || text.endsWith('\n') ? '' : eol;
  return fileEdit(path, before, `${text}${gap}${line}${eol}`, [
    { action: 'added', what: line, reason: 'store-ignored' },
  ]);
}
