import { accessSync, constants, lstatSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { BackupError, systemCode } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';

const mostNamed = 10;
const stickyBit = 0o1000;

/** Collects what would stop a swap midway: places that this user may not write to. Nothing is changed. */
export class SwapChecks {
  private readonly problems = new Map<string, string>();
  /** Folders that exist, in which names are made, replaced or removed. */
  private readonly changing = new Set<string>();
  private lastFolder: string | undefined;

  /** A folder in which names are made, replaced or removed. What is not there is no problem: the restore makes it. */
  folder(path: string): void {
    if (path === this.lastFolder) return;
    this.lastFolder = path;
    this.changing.add(path);
    const problem = accessProblem(path, constants.W_OK | constants.X_OK);
    if (problem !== undefined && problem !== 'ENOENT' && problem !== 'ENOTDIR') this.note(path, problem);
  }

  /** A file, link or folder that a rename replaces or makes. */
  renamed(path: string, there: Stats | undefined, parent: Stats): void {
    this.folder(dirname(path));
    if (there === undefined) return;
    // A single file that is mounted cannot be replaced.
    if (there.dev !== parent.dev) this.note(path, 'EBUSY');
    const user = process.getuid?.();
    const isSticky = (parent.mode & stickyBit) !== 0;
    if (isSticky && user !== 0 && there.uid !== user && parent.uid !== user) this.note(path, 'EPERM');
    // The file's own mode does not matter to a rename; that nobody may change it (`chattr +i`) does.
    if (there.isFile() && accessProblem(path, constants.W_OK) === 'EPERM') this.note(path, 'EPERM');
  }

  /** A file that is written to where it is. @returns false where that is refused. */
  written(path: string): boolean {
    this.folder(dirname(path));
    const problem = accessProblem(path, constants.W_OK);
    if (problem !== undefined) this.note(path, problem);
    return problem === undefined;
  }

  /** True for a folder in which a name is made, replaced or removed, as far as it was looked at. */
  isChanging(folder: string): boolean {
    return this.changing.has(folder);
  }

  /** A folder that has to get a mode which this user may not give it. */
  refused(folder: string): void {
    this.note(folder, 'EPERM');
  }

  /** What stands at a path; undefined where nothing is, or where that may not be known. */
  stateOf(path: string): Stats | undefined {
    try {
      return lstatSync(toSystemPath(path), { throwIfNoEntry: false });
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      if (code !== 'ENOTDIR') this.note(dirname(path), code);
      return undefined;
    }
  }

  /** @throws BackupError DESTINATION_UNWRITABLE */
  finish(destination: string): void {
    if (this.problems.size === 0) return;
    const paths = [...this.problems].map(([path, code]) => `${path} (${code})`);
    throw new BackupError('DESTINATION_UNWRITABLE', { destination, paths });
  }

  private note(path: string, code: string): void {
    if (this.problems.size < mostNamed) this.problems.set(path, code);
  }
}

function accessProblem(path: string, mode: number): string | undefined {
  try {
    accessSync(toSystemPath(path), mode);
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code;
  }
}
