import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isSystemError } from './errors.ts';
import { toSystemPath } from './path-bytes.ts';

/*
 * A transaction over several databases has a "super-journal", whose name stands at the end of each one's own journal. SQLite
 * deletes that file once it has rolled the journal back (pager_delsuper in pager.c): whoever makes a database with its journal
 * can so name any file of who opens it.
 */

/** What a journal ends with that names another one: its length, a checksum, and this (https://sqlite.org/fileformat2.html). */
const journalMagic = Buffer.from('d9d505f920a163d7', 'hex');
const trailerBytes = 16;
/** More than the longest path: SQLite takes no longer one. */
const mostNameBytes = 4096;
/** SQLite's own names (setupCommit in vdbeaux.c). */
const ownName = /-mj[0-9A-F]{6}9[0-9A-F]{2}$/;

/** The file that SQLite would delete for this journal, where that is none that SQLite made; undefined for all others. */
export function strangeSuperJournal(journal: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(toSystemPath(journal), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'))
      return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size < trailerBytes) return undefined;
    const trailer = Buffer.alloc(trailerBytes);
    readSync(fd, trailer, 0, trailerBytes, stat.size - trailerBytes);
    if (!trailer.subarray(8).equals(journalMagic)) return undefined;
    const length = Math.min(trailer.readUInt32BE(0), mostNameBytes, stat.size - trailerBytes);
    const name = Buffer.alloc(length);
    readSync(fd, name, 0, length, stat.size - trailerBytes - length);
    const text = name.toString('latin1').replace(/\0+$/, '');
    return text === '' || ownName.test(text) ? undefined : text;
  } finally {
    closeSync(fd);
  }
}
