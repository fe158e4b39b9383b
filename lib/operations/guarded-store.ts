import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { octal } from '../config/default-settings.ts';
import type { Settings } from '../config/settings.ts';
import { BackupError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { quote } from '../store/shell-words.ts';
import { modeFault, type Owners } from '../store/store-permissions.ts';
import { openStore, stateFolder, temporaryFolder } from '../store/store.ts';
import { realPlace } from './destination-folder.ts';

/**
 * Refuses to write into a store that others than the settings allow could write to as well: they could put a backup there that
 * is restored one day, or a link where a file is about to be written. Looked at before anything is made in it. A store that is
 * not there yet is nobody's.
 * @throws BackupError STORE_OPEN
 */
export function refuseOpenStore(settings: Settings): void {
  const owners = trustedOwners(settings.root);
  if (owners === undefined || settings.storage.allowOthersToWrite) return;
  const store = openStore(settings.storage);
  for (const path of [store.path, stateFolder(store), temporaryFolder(store)]) {
    const found = look(path);
    if (found === undefined) return;
    if (!owners.has(found.uid)) {
      const command = `sudo chown -R "$(id -u)" ${quote(store.path)}`;
      throw new BackupError('STORE_OPEN', { path, owner: found.uid, command });
    }
    if (modeFault(found.mode, store.modes.folder) === 'writable') {
      const command = `chmod ${octal(store.modes.folder)} ${quote(path)}`;
      throw new BackupError('STORE_OPEN', { path, mode: octal(found.mode), command });
    }
  }
}

/** What is worth a word about a store that is written to all the same. */
export function storeCautions(settings: Settings): Finding[] {
  const owners = trustedOwners(settings.root);
  if (owners === undefined || settings.storage.allowOthersToWrite) return [];
  const { path, folderMode } = settings.storage;
  const found = look(path);
  const cautions: Finding[] = [];
  if (found !== undefined && modeFault(found.mode, folderMode) === 'readable') {
    cautions.push(finding('store-readable', { path, found: octal(found.mode) }));
  }
  const around = dirname(realPlace(path));
  const parent = look(around);
  if (parent !== undefined && canBeSwapped(parent)) {
    cautions.push(finding('store-swappable', { path: around, found: octal(parent.mode) }));
  }
  return cautions;
}

/** Who may own a store: who runs this, root, and the project's owner, whose settings are obeyed anyway. */
export function trustedOwners(root: string): Owners | undefined {
  // Windows has neither owners nor modes that Node could tell.
  const me = process.geteuid?.();
  return me === undefined ? undefined : new Set([me, 0, statSync(root).uid]);
}

const sticky = 0o1000;

/**
 * True where others may rename what is in a folder. Many systems give each user a group of his own, and let it write: that group is
 * not others.
 */
function canBeSwapped({ mode, gid }: { mode: number; gid: number }): boolean {
  if ((mode & sticky) !== 0) return false;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getegid?.());
}

/** Undefined where there is none, or where this user may not look: what is about to be done there says more. */
function look(path: string): { mode: number; uid: number; gid: number } | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? undefined : { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
