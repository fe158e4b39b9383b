import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BackupError, isSystemError, placeError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { flushFilesystem } from '../core/flush-filesystem.ts';
import { stagingPrefix } from '../targets/scan-folder.ts';
import { expectOwnPlaces } from './colliding-entries.ts';
import { foldingOf } from './name-folding.ts';
import { prepareSwap } from './prepare-swap.ts';
import type { Placement } from './placement.ts';
import { checkStaged } from './restore-databases.ts';
import type { RunContext } from './run-context.ts';
import { DatabaseStaging } from './staged-databases.ts';
import { Swap } from './swap.ts';
import { SwapRooms } from './swap-rooms.ts';

/** What came to its place. */
export interface Placed {
  bytes: number;
  warnings: Finding[];
}

/**
 * Stages a placement, proves it, looks whether all of it can come to its place, and swaps it in. Whatever fails before
 * the swap leaves the destination as it was.
 * @param safetyBackup the ID of the backup of what is there now.
 * @param onSwap called just before the destination changes.
 * @throws BackupError RESTORE_PARTIAL after the first change; before it what staging, `checkStaged` and `prepareSwap`
 * throw.
 */
export async function placeStaged(
  context: RunContext,
  placement: Placement,
  safetyBackup: string | undefined,
  onSwap: () => void,
): Promise<Placed> {
  const { folder } = placement.destination;
  const name = `${stagingPrefix}${process.pid}-${context.random.hex(8)}`;
  let madeFolder: string | undefined;
  let rooms: SwapRooms | undefined;
  let placed: Placed;
  try {
    madeFolder = mkdirSync(folder, { recursive: true });
    rooms = new SwapRooms(folder, name);
    placed = await placeIn(rooms, context, placement, safetyBackup, onSwap);
  } catch (error) {
    rooms?.remove();
    removeMadeFolders(folder, madeFolder);
    throw placeError(error, folder, 'restoring into it');
  }
  rooms.remove();
  return placed;
}

async function placeIn(
  rooms: SwapRooms,
  context: RunContext,
  placement: Placement,
  safetyBackup: string | undefined,
  onSwap: () => void,
): Promise<Placed> {
  const { plan, destination, extra, placeOf, stage } = placement;
  const { folder } = destination;
  const { events, signal } = context;
  const staging = rooms.roomOn(rooms.own, folder);
  await expectOwnPlaces(folder, placement.eachPlace, (placement.foldingOf ?? foldingOf)(staging));
  mkdirSync(join(staging, 'databases'), { mode: 0o700 });
  const databases = new DatabaseStaging(join(staging, 'databases'));
  try {
    const files = join(staging, 'files');
    events.emit('phase', 'stage');
    const staged = await stage({ files, databases });
    events.emit('phase', 'check-databases');
    await checkStaged(databases, plan.id, signal);
    const placed = databases.staged.map((one) => ({ staged: one, place: destination.pathOf(placeOf(one.entry)) }));
    const { folders, warnings } = await prepareSwap(context, {
      folder,
      files,
      databases: placed,
      deleted: extra,
      staged: staged.folders,
      keepsFolders: plan.keepsFolders,
      rooms,
    });
    if (signal.aborted) throw new BackupError('INTERRUPTED', {});
    // From here on the destination changes.
    onSwap();
    events.emit('phase', 'swap');
    const swap = new Swap(context, placement, rooms, placed);
    try {
      await swap.run({ folders, owner: staged.owner });
    } catch (error) {
      throw swap.explain(placeError(error, folder, 'restoring into it'), safetyBackup);
    }
    for (const room of rooms.folders) await flushFilesystem(room);
    const { staleRemoved } = rooms;
    if (staleRemoved > 0) warnings.push(finding('leftovers-removed', { count: staleRemoved }));
    return { bytes: staged.bytes, warnings };
  } finally {
    await databases.settle();
  }
}

/** Takes back a destination that was made for a restore that failed; what holds something stays. */
function removeMadeFolders(folder: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  for (let path = folder; path.length >= firstMade.length; path = dirname(path)) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return;
      throw error;
    }
  }
}
