import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { BackupError, isSystemError, writeError } from '../core/errors.ts';
import { systemTime } from '../core/file-times.ts';
import { comparePaths, pathToBytes, printablePath, toSystemPath } from '../core/path-bytes.ts';
import type { ForeignEntry } from './foreign-entry.ts';

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Everything but setuid and setgid. */
const keptBits = 0o1777;
const maxKnownFolders = 10_000;

/**
 * An empty folder being filled with entries whose names were checked. It keeps in memory what has to be done last:
 * links, and the modes and times of folders.
 */
export class ForeignStaging {
  private readonly options: { file: string; into: string; modes?: 'all' | 'files' };
  private readonly links = new Map<string, ForeignEntry>();
  private readonly folders = new Map<string, { mode: number; mtimeNs: bigint }>();
  private readonly known = new Set<string>();

  constructor(options: { file: string; into: string; modes?: 'all' | 'files' }) {
    this.options = options;
  }

  /** `looksAlike`: another entry has this name on filesystems that ignore case. */
  async write(entry: ForeignEntry, content: AsyncIterable<Buffer>, looksAlike: boolean): Promise<void> {
    if (entry.kind === 'special') return;
    try {
      this.makeParents(entry.path);
      if (entry.kind === 'directory') {
        this.makeFolder(entry.path);
        this.folders.set(entry.path, entry);
      } else if (entry.kind === 'symlink') this.links.set(entry.path, entry);
      else if (entry.kind === 'hardlink') this.copyHardLink(entry, looksAlike);
      else await this.writeFile(entry, content, looksAlike);
    } catch (error) {
      throw this.named(error, entry.path);
    }
  }

  /** Makes the links, then gives the folders their modes and times, the deepest first. */
  finish(): void {
    for (const [path, entry] of this.links) {
      try {
        this.makeLink(path, entry);
      } catch (error) {
        throw this.named(error, path);
      }
    }
    const deepestFirst = [...this.folders].sort(([a], [b]) => comparePaths(b, a));
    for (const [path, folder] of deepestFirst) {
      if (this.options.modes !== 'files') chmodSync(this.place(path), folder.mode & keptBits);
      utimesSync(this.place(path), secondsOf(folder), secondsOf(folder));
    }
  }

  private place(path: string): string | Buffer {
    return toSystemPath(`${this.options.into}/${path}`);
  }

  private makeParents(path: string): void {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) {
      const above = path.slice(0, end);
      if (!this.known.has(above)) this.makeFolder(above);
    }
  }

  private makeFolder(path: string): void {
    if (this.known.size >= maxKnownFolders) this.known.clear();
    try {
      mkdirSync(this.place(path), 0o700);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      if (!lstatSync(this.place(path)).isDirectory()) throw this.conflict(path);
    }
    this.known.add(path);
  }

  private async writeFile(entry: ForeignEntry, content: AsyncIterable<Buffer>, looksAlike: boolean): Promise<void> {
    const fd = this.create(entry.path, looksAlike);
    try {
      for await (const chunk of content) {
        for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
      }
      fchmodSync(fd, entry.mode & keptBits);
      futimesSync(fd, secondsOf(entry), secondsOf(entry));
    } finally {
      closeSync(fd);
    }
  }

  /** Opens a new file; the earlier one of the same name goes, because in a tar the later one counts. */
  private create(path: string, looksAlike: boolean): number {
    try {
      return openSync(this.place(path), createFlags, 0o600);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      this.removeEarlier(path, looksAlike);
      return openSync(this.place(path), createFlags, 0o600);
    }
  }

  private removeEarlier(path: string, looksAlike: boolean): void {
    // On a filesystem that ignores case, this is another file's name.
    if (looksAlike || !lstatSync(this.place(path)).isFile()) throw this.conflict(path);
    unlinkSync(this.place(path));
  }

  /** A copy, as an application that writes to one of the two would not expect to write to both. */
  private copyHardLink(entry: ForeignEntry, looksAlike: boolean): void {
    const source = entry.linkTarget ?? '';
    const linked = this.links.get(source);
    if (linked !== undefined) {
      this.links.set(entry.path, { ...linked, path: entry.path });
      return;
    }
    if (source === entry.path) return;
    if (!this.isFile(source))
      throw this.damaged(`the hard link ${entry.path} is to ${source}, which is not in the archive before it`);
    const copy = (): void =>
      copyFileSync(this.place(source), this.place(entry.path), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    try {
      copy();
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      this.removeEarlier(entry.path, looksAlike);
      copy();
    }
    chmodSync(this.place(entry.path), entry.mode & keptBits);
    utimesSync(this.place(entry.path), secondsOf(entry), secondsOf(entry));
  }

  private isFile(path: string): boolean {
    return lstatSync(this.place(path), { throwIfNoEntry: false })?.isFile() === true;
  }

  private makeLink(path: string, entry: ForeignEntry): void {
    try {
      symlinkSync(pathToBytes(entry.linkTarget ?? ''), this.place(path));
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) throw this.conflict(path);
      throw error;
    }
    lutimesSync(this.place(path), secondsOf(entry), secondsOf(entry));
  }

  private conflict(path: string): BackupError {
    return this.damaged(`${path} stands for two things that cannot both be there`);
  }

  private damaged(problem: string): BackupError {
    return new BackupError('ARCHIVE_DAMAGED', { archive: this.options.file, problem: printablePath(problem) });
  }

  /** A failed write becomes an error that names it; what the reader threw stays as it is. */
  private named(error: unknown, path: string): unknown {
    if (!isWriteFailure(error)) return error;
    return writeError(error, `${this.options.into}/${printablePath(path)}`, 'unpacking');
  }
}

const secondsOf = (entry: { mtimeNs: bigint }): number | string => systemTime(entry.mtimeNs);

/** True for a system call that failed and was not one that reads: what reads the archive names itself. */
export function isWriteFailure(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error && error.syscall !== 'read';
}
