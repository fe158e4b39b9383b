import { lstatSync, readdirSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, systemCode } from '../core/errors.ts';
import { timeOfBackupId } from './backup-id.ts';
import type { StoreItem } from './store-permissions.ts';
import { stateFolder, temporaryFolder, type Store } from './store.ts';

/** What a walk through a store found. */
export interface StoreWalk {
  /** The store's folder first, by its real path; a folder before what is in it. */
  items: StoreItem[];
  /** Folders that could not be looked into, with the system's reason. */
  closed: { path: string; reason: string }[];
}

/** Archives, and the keys beside them that are wrapped to recipients. */
const archiveName = /\.(tar|tar\.gz|tar\.bz2|tar\.xz|tar\.zst|zip)(\.enc)?(\.key)?$/;
const auditName = /^audit\b.*\.log(\.[\w-]+)*$/;
/** All that the toolkit puts into a backup's folder itself. Beside it there is only a plain tree's content, with modes of its own. */
const ownName = /^(metadata\.json|manifest\.jsonl(\.gz)?(\.enc)?|RESTORE\.md|wrapped\.key)(\.\d+\.tmp)?$/;

/**
 * Everything in a store that the toolkit owns, links left alone: the state folder, the backups' folders and their own files,
 * archives, audit logs. The content of plain trees is not looked at, and neither is what runs are making right now.
 * @returns undefined where there is no store.
 */
export function walkStore(store: Store): StoreWalk | undefined {
  // The store itself may be a link, to a larger disk.
  const top = statSync(store.path, { throwIfNoEntry: false });
  if (top?.isDirectory() !== true) return undefined;
  const walk: StoreWalk = { items: [itemOf(realpathSync(store.path), top)], closed: [] };
  for (const entry of entriesIn(store.path, walk)) {
    const path = join(store.path, entry.name);
    if (entry.isFile()) {
      if (archiveName.test(entry.name) || auditName.test(entry.name)) note(path, walk);
    } else if (entry.isDirectory() && path === stateFolder(store)) {
      walkState(path, temporaryFolder(store), walk);
    } else if (entry.isDirectory() && timeOfBackupId(entry.name) !== undefined) {
      note(path, walk);
      const own = entriesIn(path, walk).filter((one) => one.isFile() && ownName.test(one.name));
      for (const one of own) note(join(path, one.name), walk);
    }
  }
  return walk;
}

function walkState(folder: string, temporary: string, walk: StoreWalk): void {
  note(folder, walk);
  for (const entry of entriesIn(folder, walk)) {
    const path = join(folder, entry.name);
    // The parts of a plain tree that is being made are in there.
    if (entry.isDirectory() && folder !== temporary) walkState(path, temporary, walk);
    else if (entry.isDirectory() || entry.isFile()) note(path, walk);
  }
}

function note(path: string, walk: StoreWalk): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true || stat?.isFile() === true) walk.items.push(itemOf(path, stat));
}

const itemOf = (path: string, stat: Stats): StoreItem => ({
  path,
  kind: stat.isDirectory() ? 'folder' : 'file',
  mode: stat.mode & 0o7777,
  uid: stat.uid,
  links: stat.nlink,
});

function entriesIn(folder: string, walk: StoreWalk): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const reason = systemCode(error);
    if (reason === undefined) throw error;
    // Another run may have taken it away just now.
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) walk.closed.push({ path: folder, reason });
    return [];
  }
}
