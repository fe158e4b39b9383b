import { relative, sep } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { realPlace } from './destination-folder.ts';
import type { ForeignBackup, OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/**
 * Where the settings ask for encryption, what is in the store without it is nobody's word: whoever can write there could have put it
 * in the place of an encrypted one. An archive that somebody else made, and that a person names outside of the store, is what that
 * person wants.
 * @param isForced tells of it, and does not refuse it.
 * @returns what to tell. @throws BackupError NOT_ENCRYPTED
 */
export function expectEncrypted(
  { settings: { storage } }: Pick<RunContext, 'settings'>,
  backup: OpenBackup | ForeignBackup,
  isForced: boolean,
): Finding | undefined {
  if (!storage.encrypt || (backup.kind === 'backup' && backup.isEncrypted)) return undefined;
  const isWanted = backup.kind === 'foreign' && !isBelow(backup.archive, storage.path);
  if (!isForced && !isWanted) throw new BackupError('NOT_ENCRYPTED', { backup: backup.id });
  return finding('not-encrypted', { path: backup.id });
}

function isBelow(path: string, folder: string): boolean {
  const inside = relative(realPlace(folder), realPlace(path));
  return inside !== '..' && !inside.startsWith(`..${sep}`);
}
