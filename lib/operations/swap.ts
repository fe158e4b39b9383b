import { existsSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { BackupError, isBackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import type { Placement, StagedRestore } from './placement.ts';
import { restoreDatabase } from './restore-databases.ts';
import type { RunContext } from './run-context.ts';
import type { StagedDatabase } from './staged-databases.ts';
import { removeCompanions } from './stale-companions.ts';
import { setFolder } from './staging-folder.ts';
import { swapIn } from './swap-in.ts';
import type { SwapRooms } from './swap-rooms.ts';

/** The part of a restore that changes the destination. It has no journal yet, but knows how far it came. */
export class Swap {
  private readonly context: RunContext;
  private readonly placement: Placement;
  private readonly rooms: SwapRooms;
  private readonly databases: { staged: StagedDatabase; place: string }[];
  private databasesDone = 0;
  private deleted = 0;
  private hasMoved = false;

  constructor(
    context: RunContext,
    placement: Placement,
    rooms: SwapRooms,
    databases: { staged: StagedDatabase; place: string }[],
  ) {
    this.context = context;
    this.placement = placement;
    this.rooms = rooms;
    this.databases = databases;
  }

  /** Databases first, then files, then what is to be deleted, then folders' modes and times. */
  async run({ folders, owner }: Pick<StagedRestore, 'folders' | 'owner'>): Promise<void> {
    const { context, placement, rooms } = this;
    const { destination, extra } = placement;
    for (const { staged, place } of this.databases) {
      // With one of them in its place, a stop would leave neither the old state nor the new one.
      const run = this.databasesDone === 0 ? context : { ...context, signal: new AbortController().signal };
      await restoreDatabase(staged, place, run);
      this.databasesDone += 1;
    }
    const { replacedDatabases, heldLogs } = placement.plan;
    const held = new Set([...heldLogs].map((path) => destination.pathOf(path)));
    for (const path of replacedDatabases) removeCompanions(destination.pathOf(path), held);
    for (const room of rooms.folders) {
      // One on another filesystem may be there for a database only.
      if (!existsSync(`${room}/files`)) continue;
      swapIn(`${room}/files`, destination.folder, () => {
        this.hasMoved = true;
      });
    }
    for (const path of [...extra].reverse()) {
      deleteExtra(destination.pathOf(path));
      this.deleted += 1;
    }
    for (const { origin, entry } of [...folders].reverse()) setFolder(destination.pathOf(origin), entry, owner);
  }

  /**
   * What to say of a failure: itself while nothing was changed; afterwards that the restore is partly done, and how to
   * get back.
   * @param safetyBackup the ID of the backup of what was there before.
   */
  explain(failure: unknown, safetyBackup: string | undefined): unknown {
    // The content of a database that could not be compared is in its place already.
    const isBegun = isBackupError(failure, 'DATABASE_COPY_FAILED');
    if (this.databasesDone === 0 && !this.hasMoved && this.deleted === 0 && !isBegun) return failure;
    const { plan, destination, extra } = this.placement;
    const { create, overwrite } = plan.counts;
    const total = create + overwrite + extra.length;
    const files = this.rooms.folders.reduce((sum, room) => sum + countFiles(`${room}/files`), 0);
    const left = files + this.databases.length - this.databasesDone + extra.length - this.deleted;
    return new BackupError(
      'RESTORE_PARTIAL',
      {
        backup: plan.id,
        destination: destination.folder,
        done: Math.max(0, total - left),
        total,
        reason: reasonOf(failure).replace(/\.$/, ''),
        ...(safetyBackup === undefined ? {} : { safetyBackup, root: this.context.settings.root }),
      },
      { cause: failure },
    );
  }
}

/** The innermost come first; a folder goes only when nothing is left in it. */
function deleteExtra(place: string): void {
  const path = toSystemPath(place);
  try {
    unlinkSync(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    if (!isSystemError(error, 'EISDIR', 'EPERM')) throw error;
    try {
      rmdirSync(path);
    } catch (failure) {
      if (!isSystemError(failure, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw failure;
    }
  }
}

/** Files and links that are still staged. */
function countFiles(folder: string): number {
  const path = toSystemPath(folder);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return 0;
  return readdirSync(path, { withFileTypes: true, recursive: true }).filter((one) => !one.isDirectory()).length;
}
