import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { Breather } from '../core/breather.ts';
import { BackupError, isBackupError, placeError } from '../core/errors.ts';
import { flushFilesystem } from '../core/flush-filesystem.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { removeTree } from '../core/remove-tree.ts';
import { probeSqliteRestore } from '../targets/databases/sqlite-driver.ts';
import { readNames } from '../targets/scan-folder.ts';
import { CopyAcross } from './copy-across.ts';
import type { StagedRestore } from './placement.ts';
import type { RunContext } from './run-context.ts';
import { settableFolders, type SettableFolders } from './settable-folders.ts';
import type { StagedDatabase } from './staged-databases.ts';
import { SwapChecks } from './swap-checks.ts';
import type { Mount, SwapRooms } from './swap-rooms.ts';

export interface SwapRequest {
  /** The destination's folder. */
  folder: string;
  /** Where everything but databases is staged. */
  files: string;
  databases: { staged: StagedDatabase; place: string }[];
  /** Paths below the destination. */
  deleted: readonly string[];
  /** The folders of the backup. */
  staged: StagedRestore['folders'];
  /** True where a folder that exists stays as it is. */
  keepsFolders: boolean;
  rooms: SwapRooms;
}

/** What is going to be renamed, and the folder that it comes into. */
interface Move {
  from: string;
  to: string;
  there: Stats | undefined;
  parent: Stats;
  mount: Mount;
}

/**
 * The last look before a restore changes anything: every place can be written to, no database is locked, and whatever
 * belongs on another filesystem is copied there, so that the swap has only renames left to do.
 * @returns the folders that get mode, owner and time.
 * @throws BackupError DESTINATION_UNWRITABLE, DATABASE_LOCKED, DATABASE_COPY_FAILED, NO_SPACE, WRITE_FAILED,
 * INTERRUPTED
 */
export async function prepareSwap(context: RunContext, request: SwapRequest): Promise<SettableFolders> {
  const { folder, files, databases, rooms } = request;
  const checks = new SwapChecks();
  const copies = new CopyAcross(context.signal);
  const breather = new Breather();
  let hasForeign = false;
  for (const move of movesOf(files, folder, rooms, checks)) {
    if (breather.isDue) await breather.pause();
    if (context.signal.aborted) throw new BackupError('INTERRUPTED', {});
    checks.renamed(move.to, move.there, move.parent);
    hasForeign ||= move.mount !== rooms.own;
  }
  for (const path of request.deleted) checks.folder(dirname(`${folder}/${path}`));
  const replaced: { staged: StagedDatabase; near: NearFolder }[] = [];
  for (const { staged, place } of databases) {
    const isFile = checks.stateOf(place)?.isFile() === true;
    if (isFile && (!checks.written(place) || (await takesContent(context, staged, place)))) continue;
    const near = nearestFolder(place, request, checks);
    checks.folder(near.folder);
    replaced.push({ staged, near });
  }
  const settable = settableFolders(folder, request.staged, request.keepsFolders, checks);
  checks.finish(folder);
  for (const { staged, near } of replaced) {
    if (near.mount === rooms.own) continue;
    staged.file = await carry(staged.file, `databases/${staged.file.slice(dirname(staged.file).length + 1)}`, near);
  }
  if (hasForeign) {
    for (const { from, to, mount } of movesOf(files, folder, rooms, checks)) {
      if (mount === rooms.own) continue;
      await carry(from, `files/${from.slice(files.length + 1)}`, { folder: dirname(to), mount });
    }
  }
  for (const room of rooms.folders) await flushFilesystem(room);
  return settable;

  async function carry(from: string, below: string, { folder: near, mount }: NearFolder): Promise<string> {
    try {
      const path = `${rooms.roomOn(mount, near)}/${below}`;
      mkdirSync(toSystemPath(dirname(path)), { recursive: true });
      await copies.copy(from, path);
      removeTree(from);
      return path;
    } catch (error) {
      throw placeError(error, mount.top, 'restoring into it');
    }
  }
}

/** Everything that is renamed as a whole: files, links, and folders that the destination does not have. */
function* movesOf(
  staged: string,
  place: string,
  rooms: SwapRooms,
  checks: SwapChecks,
  parent: Stats = lstatSync(toSystemPath(`${place}/.`)),
  mount: Mount = rooms.own,
): Generator<Move> {
  for (const name of readNames(staged)) {
    const from = `${staged}/${name}`;
    const to = `${place}/${name}`;
    const there = checks.stateOf(to);
    if (there?.isDirectory() !== true || !lstatSync(toSystemPath(from)).isDirectory()) {
      yield { from, to, there, parent, mount };
      continue;
    }
    yield* movesOf(from, to, rooms, checks, there, rooms.mountOf(to, there, mount));
  }
}

interface NearFolder {
  folder: string;
  mount: Mount;
}

/** The lowest folder above a place that is there already. */
function nearestFolder(place: string, { folder: top, rooms }: SwapRequest, checks: SwapChecks): NearFolder {
  const near = { folder: top, mount: rooms.own };
  const names = place.slice(top.length + 1).split('/');
  for (const name of names.slice(0, -1)) {
    const path = `${near.folder}/${name}`;
    const stat = checks.stateOf(path);
    if (stat?.isDirectory() !== true) break;
    near.mount = rooms.mountOf(path, stat, near.mount);
    near.folder = path;
  }
  return near;
}

/** False where the live database is corrupt: it is replaced as a file. */
async function takesContent(context: RunContext, staged: StagedDatabase, live: string): Promise<boolean> {
  const { clock, signal, databaseTimeoutSeconds } = context;
  try {
    await probeSqliteRestore({ staged: staged.file, live, timeoutMs: databaseTimeoutSeconds * 1000, clock, signal });
    return true;
  } catch (error) {
    if (!isBackupError(error, 'DATABASE_CORRUPT')) throw error;
    return false;
  }
}
