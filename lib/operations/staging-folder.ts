import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { BackupError, isSystemError } from '../core/errors.ts';
import { systemTime } from '../core/file-times.ts';
import { pathToBytes, toSystemPath } from '../core/path-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';

/** No archive makes a program that runs as somebody else. Folders keep their set-group and sticky bits. */
const restoredFileBits = 0o777;
export const restoredFolderBits = 0o3777;

/**
 * The folder beside the destination in which a restore builds what it is going to swap in. It is private, and starts
 * empty: every folder in it was made here, so that nothing can be written through a link.
 */
export class StagingFolder {
  readonly path: string;
  private readonly backup: string;
  private readonly owner: { uid: number; gid: number } | undefined;
  private readonly links: { entry: ManifestEntry; origin: string }[] = [];
  /** The folders of the backup that are in the staging folder, outer ones first. */
  readonly folders: { origin: string; entry: ManifestEntry }[] = [];
  /** Folders that the backup only names within longer paths: it has no modes for them. */
  private readonly unlisted = new Set<string>();
  private lastParent = '';
  private fd: number | undefined;
  private position = 0;
  private hasHole = false;
  /** Most files get their mode as they are made; only what the mask takes away has to be given afterwards. */
  private readonly mask = process.umask();

  /** @param owner who runs this; only root gives files to others. */
  constructor(path: string, backup: string, owner: { uid: number; gid: number } | undefined) {
    this.path = path;
    this.backup = backup;
    this.owner = owner;
    mkdirSync(path, { mode: 0o700 });
  }

  /** Begins a file, or makes a folder. Links are made at the end: no path may lead through one. */
  begin(entry: ManifestEntry, origin: string): void {
    const path = `${this.path}/${origin}`;
    if (entry.kind === 'directory') {
      this.makeFolders(origin);
      this.unlisted.delete(origin);
      this.folders.push({ origin, entry });
    } else if (entry.kind === 'symlink') this.links.push({ entry, origin });
    else {
      this.makeParents(origin);
      this.fd = this.openNew(path, origin, entry.mode & restoredFileBits);
      this.position = 0;
      this.hasHole = false;
    }
  }

  /** The next bytes of the file that was begun. */
  bytes(bytes: Buffer): void {
    if (this.fd === undefined) return;
    if (isZeroBlock(bytes)) {
      // A hole: the file gets its length at its end.
      this.position += bytes.length;
      this.hasHole = true;
      return;
    }
    for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at, bytes.length - at, this.position + at);
    this.position += bytes.length;
  }

  /** Ends the file that was begun. */
  end(entry: ManifestEntry): void {
    const { fd } = this;
    if (fd === undefined) return;
    try {
      if (this.hasHole) ftruncateSync(fd, this.position);
      if (this.owner !== undefined && !isOwnedBy(entry, this.owner)) fchownSync(fd, entry.uid, entry.gid);
      const mode = entry.mode & restoredFileBits;
      if ((mode & this.mask) !== 0) fchmodSync(fd, mode);
      const time = systemTime(entry.mtimeNs);
      if (entry.origin !== undefined) futimesSync(fd, time, time);
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  /** Takes back the file that was begun there, and ended or not. */
  discard(origin: string): void {
    this.close();
    rmSync(toSystemPath(`${this.path}/${origin}`), { force: true });
  }

  /**
   * Makes the links. Folders get their modes and times once they are in place, for one may forbid writing into it;
   * until then nobody else can look into them. Those without a mode of their own get an ordinary one now.
   */
  finish(): void {
    for (const { entry, origin } of this.links) {
      this.makeParents(origin);
      const path = toSystemPath(`${this.path}/${origin}`);
      try {
        symlinkSync(pathToBytes(entry.linkTarget ?? ''), path);
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw error;
        this.expectSameKind(path, origin, false);
        continue;
      }
      lutimesSync(path, systemTime(entry.mtimeNs), systemTime(entry.mtimeNs));
      if (this.owner !== undefined && !isOwnedBy(entry, this.owner)) lchownSync(path, entry.uid, entry.gid);
    }
    for (const folder of this.unlisted) chmodSync(toSystemPath(`${this.path}/${folder}`), 0o755 & ~this.mask);
  }

  private openNew(path: string, origin: string, mode: number): number | undefined {
    try {
      return openSync(toSystemPath(path), 'wx', mode);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      // Two targets can hold the same file of the project: the first one stands.
      this.expectSameKind(toSystemPath(path), origin, false);
      return undefined;
    }
  }

  private makeParents(origin: string): void {
    const slash = origin.lastIndexOf('/');
    const parent = slash === -1 ? '' : origin.slice(0, slash);
    if (parent === '' || parent === this.lastParent) return;
    this.makeFolders(parent);
    this.lastParent = parent;
  }

  private makeFolders(folder: string): void {
    const path = toSystemPath(`${this.path}/${folder}`);
    try {
      mkdirSync(path, { mode: 0o700 });
      this.unlisted.add(folder);
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) this.expectSameKind(path, folder, true);
      else if (isSystemError(error, 'ENOENT') && folder.includes('/')) {
        this.makeFolders(folder.slice(0, folder.lastIndexOf('/')));
        this.makeFolders(folder);
      } else if (isSystemError(error, 'ENOTDIR')) throw this.unsafe(folder, 'a file stands in the place of a folder');
      else throw error;
    }
  }

  private expectSameKind(path: string | Buffer, origin: string, isFolder: boolean): void {
    if (lstatSync(path).isDirectory() !== isFolder)
      throw this.unsafe(origin, 'it is there twice, as file and as folder');
  }

  private unsafe(path: string, reason: string): BackupError {
    return new BackupError('UNSAFE_ENTRY', { archive: this.backup, path, reason });
  }
}

/** Gives a folder its mode, owner and time. */
export function setFolder(path: string, entry: ManifestEntry, owner: { uid: number; gid: number } | undefined): void {
  const system = toSystemPath(path);
  if (owner !== undefined && !isOwnedBy(entry, owner)) chownSync(system, entry.uid, entry.gid);
  chmodSync(system, entry.mode & restoredFolderBits);
  utimesSync(system, systemTime(entry.mtimeNs), systemTime(entry.mtimeNs));
}

function isOwnedBy(entry: ManifestEntry, owner: { uid: number; gid: number }): boolean {
  return entry.uid === owner.uid && entry.gid === owner.gid;
}

const smallestHole = 4096;

export function isZeroBlock(bytes: Buffer): boolean {
  return (
    bytes.length >= smallestHole && bytes[0] === 0 && bytes.compare(bytes, 1, bytes.length, 0, bytes.length - 1) === 0
  );
}
