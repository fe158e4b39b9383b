import { closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { systemCode } from '../core/errors.ts';

/** Which names are one to a filesystem, though they are several to others. */
export interface NameFolding {
  /** `A` is `a`. */
  case: boolean;
  /** Unicode's composed and decomposed letters are one. */
  form: boolean;
  /** Points and spaces at a name's end are nothing. */
  ends: boolean;
}

/**
 * Finds out by trial how the filesystem of a folder takes names. Nothing is left there.
 * @param folder private, and writable: a staging folder.
 * @param isThere whether there is something of that name.
 */
export function foldingOf(folder: string, isThere: (path: string) => boolean = exists): NameFolding {
  const same = (name: string, other: string): boolean => {
    const path = `${folder}/${name}`;
    try {
      closeSync(openSync(path, 'wx', 0o600));
      return isThere(`${folder}/${other}`);
    } catch (error) {
      // A filesystem that does not take such a name does not take two of them for one.
      if (systemCode(error) === undefined) throw error;
      return false;
    } finally {
      rmSync(path, { force: true });
    }
  };
  return {
    case: same('ai-backup-Probe', 'AI-BACKUP-pROBE'),
    form: same('ai-backup-\u00e9', 'ai-backup-e\u0301'),
    ends: same('ai-backup-end', 'ai-backup-end.') || same('ai-backup-end', 'ai-backup-end '),
  };
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

export const foldsNames = (folding: NameFolding): boolean => folding.case || folding.form || folding.ends;

/** The same text for all paths that are one to such a filesystem. */
export function folded(path: string, folding: NameFolding): string {
  let text = folding.ends ? path.replace(/[. ]+(?=\/|$)/g, '') : path;
  if (folding.form) text = text.normalize('NFC');
  if (folding.case) text = text.toLowerCase().toUpperCase();
  // Letters that only their case had kept apart in form.
  return folding.form && folding.case ? text.normalize('NFC') : text;
}
