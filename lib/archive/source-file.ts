import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import type { SourceEntry } from '../core/entry.ts';
import { isSystemError, reasonOf, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { aboutEntry } from './payload.ts';

/** Why a source file could not be read. A file that vanished is no error: it is noted. */
export interface ReadProblem {
  vanished: boolean;
  reason: string;
}

// No link is followed, and a FIFO that took the file's place does not block.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What tells a file that was written to from one that was not. */
type FileState = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino'>;

/**
 * Opens an entry's file. Its size and times are those of the file that was opened, when they are no longer those of the
 * scan. Whoever gets a SourceFile closes it.
 */
export function openSource(entry: SourceEntry): SourceFile | ReadProblem {
  const fd = openFile(entry);
  if (typeof fd !== 'number') return fd;
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) {
      closeSync(fd);
      return { vanished: true, reason: 'it is no longer a file' };
    }
    return new SourceFile(fd, stat, asOpened(entry, stat));
  } catch (error) {
    closeSync(fd);
    return problemOf(error);
  }
}

/**
 * Opens an entry's file without a second look at it: `hasChanged` then compares with what the scan saw, which takes one
 * system call less for each of very many small files. A file that has changed since the scan is opened again, with
 * `openSource`.
 */
export function openAsScanned(entry: SourceEntry): SourceFile | ReadProblem {
  const { ctimeNs, inode } = entry;
  // The copy of a live database has a size and times of its own.
  if (entry.database !== undefined || ctimeNs === undefined || inode === undefined) return openSource(entry);
  const fd = openFile(entry);
  if (typeof fd !== 'number') return fd;
  return new SourceFile(fd, { size: BigInt(entry.size), mtimeNs: entry.mtimeNs, ctimeNs, ino: inode }, entry);
}

function openFile(entry: SourceEntry): number | ReadProblem {
  try {
    return openSync(toSystemPath(entry.readFrom ?? ''), readFlags);
  } catch (error) {
    return problemOf(error);
  }
}

/** The entry with what was opened: another file may have taken the scanned one's place, with another mode and owner. */
function asOpened(entry: SourceEntry, opened: BigIntStats): SourceEntry {
  const size = Number(opened.size);
  // The copy of a live database has times and a mode of its own: what counts is the database's.
  if (entry.database !== undefined) return size === entry.size ? entry : { ...entry, size };
  const { mtimeNs, ctimeNs, ino: inode } = opened;
  const isAsScanned =
    size === entry.size && mtimeNs === entry.mtimeNs && ctimeNs === entry.ctimeNs && inode === entry.inode;
  if (isAsScanned) return entry;
  const { mode, uid, gid } = opened;
  const owner = { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid) };
  return { ...entry, ...owner, size, mtimeNs, ctimeNs, inode };
}

export class SourceFile {
  /** The entry, with the size and times that the file has now. */
  readonly entry: SourceEntry;
  private readonly fd: number;
  private readonly opened: FileState;

  constructor(fd: number, opened: FileState, entry: SourceEntry) {
    this.fd = fd;
    this.opened = opened;
    this.entry = entry;
  }

  /** Reads up to `wanted` bytes on from the last reading; fewer where the file ends. */
  readInto(buffer: Buffer, at: number, wanted: number): { bytes: number; problem?: ReadProblem } {
    let bytes = 0;
    try {
      while (bytes < wanted) {
        const got = readSync(this.fd, buffer, at + bytes, wanted - bytes, null);
        if (got === 0) break;
        bytes += got;
        this.entry.onRead?.(got);
      }
      return { bytes };
    } catch (error) {
      return { bytes, problem: problemOf(error) };
    }
  }

  /** Reads bytes at a position. @returns how many there were; none where the system refuses. */
  readAt(buffer: Buffer, position: number, wanted: number): number {
    let bytes = 0;
    try {
      while (bytes < wanted) {
        const got = readSync(this.fd, buffer, bytes, wanted - bytes, position + bytes);
        if (got === 0) break;
        bytes += got;
      }
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
    return bytes;
  }

  /** True when the file was written to, or another took its place, since it was opened or scanned. */
  hasChanged(): boolean {
    const now = fstatSync(this.fd, { bigint: true });
    const then = this.opened;
    return (
      now.size !== then.size || now.mtimeNs !== then.mtimeNs || now.ctimeNs !== then.ctimeNs || now.ino !== then.ino
    );
  }

  close(): void {
    closeSync(this.fd);
  }
}

function problemOf(error: unknown): ReadProblem {
  // A link in the file's place (ELOOP) means that the file is gone as well.
  if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return { vanished: true, reason: systemCode(error) ?? '' };
  // A failure that the system did not name is a fault of ours, not of the file.
  if (systemCode(error) === undefined) throw error;
  return { vanished: false, reason: systemCode(error) ?? reasonOf(error) };
}

/** How a backup notes what could not be read. */
export function findingOf(problem: ReadProblem, entry: SourceEntry): Finding {
  if (problem.vanished) return finding('file-vanished', aboutEntry(entry));
  return finding('file-unreadable', { ...aboutEntry(entry), reason: problem.reason });
}
