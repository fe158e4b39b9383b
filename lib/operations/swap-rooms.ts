import { lstatSync, mkdirSync, readdirSync, renameSync, type Stats } from 'node:fs';
import { isSystemError } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { removeTree } from '../core/remove-tree.ts';
import { stagingPrefix } from '../targets/scan-folder.ts';

/** Names of this process's staging folders. */
const namesInUse = new Set<string>();

/** One mounted filesystem as far as it lies below the destination. */
export interface Mount {
  /** Its uppermost folder there. */
  top: string;
  device: number;
  /** The staging folder on it, once there is one. */
  room?: string;
}

/**
 * The staging folders of one restore: its own in the destination, and one on every other filesystem that is mounted
 * below it, because a rename cannot cross from one to another. Whoever makes it removes it.
 */
export class SwapRooms {
  /** The destination's own filesystem. */
  readonly own: Mount;
  /** Staging folders of restores that were killed, removed where they were found. */
  staleRemoved = 0;
  private readonly name: string;
  private readonly mounts = new Map<string, Mount>();

  /**
   * @param destination a folder that exists.
   * @param name of every staging folder; of fixed length, whatever it stands beside.
   */
  constructor(destination: string, name: string) {
    this.name = name;
    namesInUse.add(name);
    this.own = { top: destination, device: lstatSync(toSystemPath(`${destination}/.`)).dev };
    this.staleRemoved += removeStaleStaging(destination);
  }

  /** The staging folders that there are, the destination's own first. */
  get folders(): string[] {
    return [this.own, ...this.mounts.values()].flatMap(({ room }) => (room === undefined ? [] : [room]));
  }

  /** The filesystem of a folder, given the one of its parent. */
  mountOf(folder: string, stat: Stats, parent: Mount): Mount {
    const known = this.mounts.get(folder);
    if (known !== undefined) return known;
    if (stat.dev === parent.device && !this.isCrossing(folder)) return parent;
    const mount = { top: folder, device: stat.dev };
    this.mounts.set(folder, mount);
    this.staleRemoved += removeStaleStaging(folder);
    return mount;
  }

  /**
   * The staging folder on a filesystem, made where it is missing: at its top, or in `folder` where nobody may write
   * there.
   */
  roomOn(mount: Mount, folder: string): string {
    const room = mount.room ?? this.make(mount.top) ?? this.make(folder);
    if (room !== undefined) {
      mount.room = room;
      return room;
    }
    const path = `${folder}/${this.name}`;
    throw Object.assign(new Error(`EACCES: permission denied, mkdir '${path}'`), { code: 'EACCES', path });
  }

  remove(): void {
    for (const folder of this.folders) removeTree(folder);
    namesInUse.delete(this.name);
  }

  private make(folder: string): string | undefined {
    const path = `${folder}/${this.name}`;
    try {
      mkdirSync(toSystemPath(path), { mode: 0o700 });
      return path;
    } catch (error) {
      if (isSystemError(error, 'EACCES', 'EPERM')) return undefined;
      throw error;
    }
  }

  /**
   * True where a folder is a mount of its own, also of the filesystem around it (a bind mount). Linux looks whether the
   * two are on one mount before it looks for what is to be renamed: nothing has to exist, and nothing changes.
   */
  private isCrossing(folder: string): boolean {
    const parent = folder.slice(0, folder.lastIndexOf('/'));
    try {
      renameSync(toSystemPath(`${parent}/${this.name}.none`), toSystemPath(`${folder}/${this.name}.none`));
    } catch (error) {
      return isSystemError(error, 'EXDEV');
    }
    return false;
  }
}

/** A restore that was killed leaves its staging folder; what it had put in place was checked before. */
function removeStaleStaging(folder: string): number {
  let removed = 0;
  for (const name of readdirSync(toSystemPath(folder))) {
    if (!name.startsWith(stagingPrefix)) continue;
    const pid = Number(/^(\d+)-/.exec(name.slice(stagingPrefix.length))?.[1] ?? 0);
    // In a container every run may have the same process ID.
    if (pid === process.pid ? namesInUse.has(name) : isRunning(pid)) continue;
    try {
      removeTree(`${folder}/${name}`);
      removed += 1;
    } catch (error) {
      if (!isSystemError(error, 'EACCES', 'EPERM')) throw error;
    }
  }
  return removed;
}

/** Two restores into one folder, of which neither needs the store's lock, must not take each other's staging away. */
function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}
