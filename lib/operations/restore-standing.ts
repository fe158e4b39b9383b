import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync, type BigIntStats } from 'node:fs';
import { BackupError, isSystemError } from '../core/errors.ts';
import { decodePath, toSystemPath } from '../core/path-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { Standing } from './restore-decision.ts';

/**
 * Looks at what stands at the destination. Links in the place of folders are refused: writing through one leaves it.
 */
export class Destination {
  readonly folder: string;
  private readonly store: { path: string; below: string | undefined };
  private readonly buffer = Buffer.allocUnsafeSlow(1 << 20);
  private checkedParent: string | undefined;
  /** A folder that is not there: nothing below it is, either, and need not be looked for. */
  private missing: string | undefined;

  /** @param store where backups rest, and its place below the folder; nothing may be restored into it. */
  constructor(folder: string, store: { path: string; below: string | undefined }) {
    this.folder = folder;
    this.store = store;
  }

  pathOf(origin: string): string {
    return `${this.folder}/${origin}`;
  }

  /**
   * @throws BackupError DESTINATION_IN_STORE; DESTINATION_BLOCKED where a folder of the path is no folder, or a folder
   * and a file would change places.
   */
  standingAt(entry: ManifestEntry, origin: string): Standing | undefined {
    const path = this.pathOf(origin);
    const { path: store, below } = this.store;
    if (below !== undefined && (origin === below || origin.startsWith(`${below}/`))) {
      throw new BackupError('DESTINATION_IN_STORE', { destination: path, store });
    }
    if (this.isBelowMissing(origin)) return undefined;
    this.checkParents(origin);
    const stat = this.isBelowMissing(origin) ? undefined : statOrNothing(path);
    if (stat === undefined) {
      if (entry.kind === 'directory') this.missing = origin;
      return undefined;
    }
    const kind = kindOf(stat);
    if ((kind === 'directory') !== (entry.kind === 'directory')) {
      throw new BackupError('DESTINATION_BLOCKED', { path, found: nameOfKind(kind), wanted: nameOfKind(entry.kind) });
    }
    return { kind, mtimeNs: stat.mtimeNs, isSame: () => this.isSame(entry, path, stat) };
  }

  /** Looks at everything anew: for whoever has changed the destination meanwhile. */
  forget(): void {
    this.missing = undefined;
    this.checkedParent = undefined;
  }

  private isBelowMissing(origin: string): boolean {
    const { missing } = this;
    return (
      missing !== undefined &&
      origin.startsWith(missing) &&
      (origin.length === missing.length || origin[missing.length] === '/')
    );
  }

  private checkParents(origin: string): void {
    const parent = origin.includes('/') ? origin.slice(0, origin.lastIndexOf('/')) : '';
    if (parent === '' || parent === this.checkedParent) return;
    for (let slash = origin.indexOf('/'); slash !== -1; slash = origin.indexOf('/', slash + 1)) {
      const folder = origin.slice(0, slash);
      const path = this.pathOf(folder);
      const stat = statOrNothing(path);
      if (stat === undefined) {
        this.missing = folder;
        return;
      }
      if (!stat.isDirectory()) {
        throw new BackupError('DESTINATION_BLOCKED', { path, found: nameOfKind(kindOf(stat)), wanted: 'folder' });
      }
    }
    this.checkedParent = parent;
  }

  private isSame(entry: ManifestEntry, path: string, stat: BigIntStats): boolean {
    if (entry.kind === 'directory') return (Number(stat.mode) & 0o3777) === (entry.mode & 0o3777);
    if (entry.kind === 'symlink') {
      return stat.isSymbolicLink() && decodePath(readlinkSync(toSystemPath(path), 'buffer')) === entry.linkTarget;
    }
    if (!stat.isFile() || Number(stat.size) !== entry.size) return false;
    if ((Number(stat.mode) & 0o777) !== (entry.mode & 0o777)) return false;
    if (entry.database !== undefined && hasLog(path)) return false;
    // What was made for the backup has no time of its own; a database's is of no meaning.
    const hasTime = entry.database === undefined && entry.origin !== undefined;
    if (hasTime && !isSameTime(stat.mtimeNs, entry.mtimeNs)) return false;
    return this.hashOf(path, entry.size) === entry.sha256;
  }

  private hashOf(path: string, size: number): string | undefined {
    let fd: number;
    try {
      fd = openSync(toSystemPath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      // What cannot be read cannot be proven to be the same.
      if (isSystemError(error, 'EACCES', 'EPERM', 'ENOENT')) return undefined;
      throw error;
    }
    try {
      const digest = createHash('sha256');
      for (let left = size; left > 0;) {
        const got = readSync(fd, this.buffer, 0, Math.min(left, this.buffer.length), null);
        if (got === 0) return undefined;
        digest.update(this.buffer.subarray(0, got));
        left -= got;
      }
      return digest.digest('hex');
    } finally {
      closeSync(fd);
    }
  }
}

/** A database whose log is not empty holds more than its file says. */
function hasLog(path: string): boolean {
  return (statOrNothing(`${path}-wal`)?.size ?? 0n) > 0n || statOrNothing(`${path}-journal`) !== undefined;
}

/** Node sets times as floating-point seconds, which keeps them to some hundred nanoseconds. */
const timeToleranceNs = 1000n;

/** Nanoseconds; as near as a restore can set them. */
export function isSameTime(a: bigint, b: bigint): boolean {
  const difference = a > b ? a - b : b - a;
  return difference < timeToleranceNs;
}

function statOrNothing(path: string): BigIntStats | undefined {
  try {
    return lstatSync(toSystemPath(path), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // Nothing has a name that is too long for the filesystem; whoever makes it is told.
    if (isSystemError(error, 'ENOTDIR', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}

function kindOf(stat: BigIntStats): Standing['kind'] {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  return stat.isFile() ? 'file' : 'other';
}

function nameOfKind(kind: Standing['kind']): string {
  return { directory: 'folder', symlink: 'link', file: 'file', other: 'special file' }[kind];
}
