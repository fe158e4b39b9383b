import { constants, type BigIntStats } from 'node:fs';
import { isNativeError } from 'node:util/types';
import type { SourceEntry } from '../core/entry.ts';
import { isSystemError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { hasRawBytes } from '../core/path-bytes.ts';
import type { PathMatcher } from './path-matcher.ts';
import { kindOf, linkTargetOf, namesIn, statOf, statOfPlain, type Names } from './read-folder.ts';

export { readNames, statOf } from './read-folder.ts';

export interface ScanOptions {
  /** Absolute path of the project root. */
  root: string;
  target: string;
  isExcluded: PathMatcher;
  /** False for files that the source's globs do not name; folders are always looked into. */
  isIncluded?: (origin: string) => boolean;
  /** Folders, absolute, that are never entered: the store. */
  neverEnter: ReadonlySet<string>;
  /** What a file is to be given as, asked of each: a database is to be copied hot, and some are left to others. */
  classify?: (origin: string, size: number) => FileClass;
  report: (finding: Finding) => void;
}

export type FileClass = 'file' | 'database' | 'left-out';

/** What the staging folders of restores are called, beside what they restore: never part of a project. */
export const stagingPrefix = '.ai-backup-restore-';

/** What archives are called while they are written outside of the store, before their backup's ID: nor are they. */
export const partPrefix = '.ai-backup-part-';

const isOfThisToolkit = (name: string): boolean => name.startsWith(stagingPrefix) || name.startsWith(partPrefix);

/**
 * Walks one source depth first, each folder's names in order, so that entries come sorted by path. Links are given as
 * links and never followed. Nothing is looked at before it is asked for.
 * @param origin the file's or folder's path below the root; '' is the root itself, which gives no entry.
 * @param path where it stands in the backup; '' for a folder whose content stands directly in its target.
 */
export function scan(origin: string, path: string, options: ScanOptions): IterableIterator<SourceEntry> {
  return new FolderScan(origin, path, options);
}

/** A folder whose children are being given. */
interface OpenFolder {
  /** Each with a slash at its end, ready for a child's name; '' for the root, and for the target's own folder. */
  absolute: string;
  origin: string;
  path: string;
  /** True when no name in it, and none above it, needs its bytes restored. */
  isPlain: boolean;
  names: readonly string[];
  next: number;
}

/**
 * A stack of open folders instead of a generator in a generator for each level: a million files are given with as little
 * work apiece as a loop over them.
 */
class FolderScan implements IterableIterator<SourceEntry> {
  private readonly origin: string;
  private readonly path: string;
  private readonly options: ScanOptions;
  private readonly targetPrefix: string;
  private readonly open: OpenFolder[] = [];
  /** With globs, a folder is an entry only for what is found in it: these are open, and not given yet. */
  private readonly heldBack: (SourceEntry | undefined)[] = [];
  /** Held back folders and what they were given for, in reverse. */
  private readonly due: SourceEntry[] = [];
  private isBegun = false;

  constructor(origin: string, path: string, options: ScanOptions) {
    this.origin = origin;
    this.path = path;
    this.options = options;
    this.targetPrefix = `${options.target}/`;
  }

  [Symbol.iterator](): IterableIterator<SourceEntry> {
    return this;
  }

  next(): IteratorResult<SourceEntry, undefined> {
    const due = this.due.pop();
    if (due !== undefined) return { done: false, value: due };
    let found = this.isBegun ? undefined : this.begin();
    while (found === undefined) {
      const folder = this.open.at(-1);
      if (folder === undefined) return { done: true, value: undefined };
      const name = folder.names[folder.next];
      folder.next += 1;
      if (name === undefined) this.leave();
      else if (!isOfThisToolkit(name)) found = this.child(folder, name);
    }
    return { done: false, value: this.heldBack.length === 0 ? found : this.withFolders(found) };
  }

  return(): IteratorResult<SourceEntry, undefined> {
    this.isBegun = true;
    this.open.length = 0;
    this.due.length = 0;
    return { done: true, value: undefined };
  }

  private begin(): SourceEntry | undefined {
    this.isBegun = true;
    const { origin, path, options } = this;
    const absolute = origin === '' ? options.root : `${options.root}/${origin}`;
    const stat = statOf(absolute);
    if (stat === undefined) return undefined;
    if (!isNativeError(stat)) return this.entryOf(absolute, origin, path, stat, !hasRawBytes(absolute));
    this.reportUnreadable(origin, stat);
    return undefined;
  }

  private child(folder: OpenFolder, name: string): SourceEntry | undefined {
    const { options } = this;
    const absolute = folder.absolute + name;
    const origin = folder.origin + name;
    const stat = folder.isPlain ? statOfPlain(absolute) : statOf(absolute);
    if (stat === undefined) return undefined;
    if (isNativeError(stat)) {
      this.reportUnreadable(origin, stat);
      return undefined;
    }
    if (options.isExcluded(origin, kindOf(stat) === constants.S_IFDIR)) return undefined;
    return this.entryOf(absolute, origin, folder.path + name, stat, folder.isPlain);
  }

  /** The entry of what was looked at; undefined for what gives none. A folder's children are given next. */
  private entryOf(
    absolute: string,
    origin: string,
    path: string,
    stat: BigIntStats,
    isPlain: boolean,
  ): SourceEntry | undefined {
    const { options } = this;
    const kind = kindOf(stat);
    if (kind === constants.S_IFDIR) {
      if (options.neverEnter.has(absolute)) return undefined;
      const entry = origin === '' ? undefined : this.entry('directory', origin, path, stat);
      this.enter(absolute, origin, path, isPlain);
      if (options.isIncluded === undefined) return entry;
      this.heldBack.push(entry);
      return undefined;
    }
    if (options.isIncluded?.(origin) === false) return undefined;
    if (kind === constants.S_IFREG) {
      const size = Number(stat.size);
      const fileClass = options.classify === undefined ? 'file' : options.classify(origin, size);
      if (fileClass === 'left-out') return undefined;
      const entry = this.entry('file', origin, path, stat);
      entry.size = size;
      entry.readFrom = absolute;
      if (fileClass === 'database') entry.database = 'sqlite';
      return entry;
    }
    if (kind === constants.S_IFLNK) {
      const linkTarget = linkTargetOf(absolute);
      if (linkTarget === undefined) return undefined;
      const entry = this.entry('symlink', origin, path, stat);
      entry.linkTarget = linkTarget;
      return entry;
    }
    options.report(finding('special-file', { path: origin, target: options.target, kind: specialKind(kind) }));
    return undefined;
  }

  private enter(absolute: string, origin: string, path: string, isPlain: boolean): void {
    const { names, isPlain: areNamesPlain } = this.listed(absolute, origin);
    this.open.push({
      absolute: `${absolute}/`,
      origin: origin === '' ? '' : `${origin}/`,
      path: path === '' ? '' : `${path}/`,
      isPlain: isPlain && areNamesPlain,
      names,
      next: 0,
    });
  }

  private leave(): void {
    this.open.pop();
    if (this.options.isIncluded !== undefined) this.heldBack.pop();
  }

  /** The first of the folders that are given only now, and this entry after them. */
  private withFolders(found: SourceEntry): SourceEntry {
    this.due.push(found);
    for (let level = this.heldBack.length - 1; level >= 0; level -= 1) {
      const folder = this.heldBack[level];
      if (folder !== undefined) this.due.push(folder);
      this.heldBack[level] = undefined;
    }
    return this.due.pop() ?? found;
  }

  private listed(absolute: string, origin: string): Names {
    try {
      return namesIn(absolute);
    } catch (error) {
      const reason = systemCode(error);
      if (reason === undefined) throw error;
      if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) {
        const path = origin === '' ? '.' : origin;
        this.options.report(finding('folder-unreadable', { path, target: this.options.target, reason }));
      }
      return { names: [], isPlain: true };
    }
  }

  private reportUnreadable(origin: string, error: Error): void {
    const reason = systemCode(error) ?? '';
    this.options.report(finding('file-unreadable', { path: origin, target: this.options.target, reason }));
  }

  private entry(kind: SourceEntry['kind'], origin: string, path: string, stat: BigIntStats): SourceEntry {
    return {
      target: this.options.target,
      path: path === '' ? this.options.target : this.targetPrefix + path,
      origin,
      kind,
      mode: Number(stat.mode) & 0o7777,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      inode: stat.ino,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: 0,
    };
  }
}

function specialKind(kind: number): string {
  if (kind === constants.S_IFSOCK) return 'socket';
  if (kind === constants.S_IFIFO) return 'FIFO';
  return 'device';
}
