import { existsSync, statSync } from 'node:fs';
import { ArchiveMembers } from '../archive/archive-members.ts';
import { CopyableFrames, type CopyableRun } from '../archive/copyable-frames.ts';
import type { Compression } from '../config/settings.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { FrameTable } from '../store/frame-table.ts';
import type { ManifestHeader } from '../store/manifest.ts';
import type { PlacedSource } from '../store/restore-instructions.ts';
import { listStore, openStore } from '../store/store.ts';
import { archiveOf, archivePath } from './chain-archives.ts';
import { NeededArchives } from './needed-archives.ts';
import { openBackup } from './open-backup.ts';
import { openStored } from './open-stored.ts';
import type { OpenBackup } from './opened-backup.ts';
import { PlacedOrigins } from './placed-origins.ts';
import type { RunContext } from './run-context.ts';

/** What is known of a backup before it is made a full one. */
export interface ConsolidationPlan {
  source: OpenBackup;
  header: ManifestHeader;
  frames: FrameTable;
  /** Of the new archive: that of the chain's full backup, which most frames are in. */
  compression: Compression;
  /** Frames that are copied with all that is in them, in the order of the manifest's entries. */
  runs: readonly CopyableRun[];
  placed: PlacedSource[];
}

/**
 * Reads the source's manifest to its end, beside that of the full backup at the beginning of its chain, and makes sure that
 * all archives that it needs are there.
 * @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY, ARCHIVE_DAMAGED, BACKUP_UNREADABLE
 */
export async function planConsolidation(
  context: RunContext,
  source: OpenBackup,
  header: ManifestHeader,
): Promise<ConsolidationPlan> {
  const full = await openFull(context, source, header);
  try {
    return await readPlan(context, source, header, full);
  } catch (error) {
    // Without its manifest nobody knows which members its frames hold: all of them are packed anew.
    if (full === undefined || !isBackupError(error) || isBackupError(error, 'INTERRUPTED')) throw error;
    return readPlan(context, source, header, undefined);
  }
}

async function readPlan(
  { signal }: RunContext,
  source: OpenBackup,
  header: ManifestHeader,
  full: OpenBackup | undefined,
): Promise<ConsolidationPlan> {
  const frames = new FrameTable();
  const origins = new PlacedOrigins(header.targets);
  const needed = new NeededArchives(frames);
  const targets = header.targets.map((target) => target.name);
  const members =
    full === undefined ? undefined : new ArchiveMembers(full.readManifest(), frames, indexOfFull, targets);
  const copyable = members === undefined ? undefined : new CopyableFrames(members);
  try {
    for await (const batch of source.readManifest()) {
      if (signal.aborted) throw new BackupError('INTERRUPTED', {});
      for (const line of batch) {
        if (line.type === 'frame') frames.add(line.frame);
        if (line.type !== 'entry') continue;
        needed.note(line.entry);
        origins.note(line.entry);
        const noted = copyable?.note(line.entry);
        if (noted !== undefined) await noted;
      }
    }
    await members?.finish();
  } finally {
    await members?.close();
  }
  needed.cautions(source, header, false);
  checkOwnArchive(source, frames);
  const compression = header.archives[indexOfFull]?.compression ?? header.compression;
  return { source, header, frames, compression, runs: copyable?.runs ?? [], placed: origins.placed };
}

/** In a manifest's header the backup's own archive comes first, and next the oldest one of those that it builds on. */
const indexOfFull = 1;

/** The full backup that the chain begins with, where its manifest can be had: from the store, or from its archive. */
async function openFull(
  context: RunContext,
  source: OpenBackup,
  header: ManifestHeader,
): Promise<OpenBackup | undefined> {
  const noted = header.archives[indexOfFull];
  const archive = archivePath(source, header, indexOfFull);
  if (noted === undefined || !existsSync(archive)) return undefined;
  try {
    const { backups } = await listStore(openStore(context.settings.storage));
    const stored = backups.find(({ id }) => id === noted.backup);
    const full = stored === undefined ? await openBackup(context, archive, '/') : openStored(stored, context.keys);
    return full.kind === 'backup' && full.id === noted.backup && full.metadata.mode === 'full' ? full : undefined;
  } catch (error) {
    if (isBackupError(error, 'INTERRUPTED') || !isBackupError(error)) throw error;
    return undefined;
  }
}

/** @throws BackupError ARCHIVE_DAMAGED where the source's own archive is missing or cut short */
function checkOwnArchive(source: OpenBackup, frames: FrameTable): void {
  let end = 0;
  for (let at = 0; at < frames.length; at += 1) {
    if (frames.archiveOf(at) !== 0) continue;
    const { offset, storedSize } = frames.get(at);
    end = Math.max(end, offset + storedSize);
  }
  if (end === 0) return;
  const archive = archiveOf(source);
  const size = statSync(archive, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size >= end) return;
  const problem = size === undefined ? 'it is missing' : `${size} bytes where at least ${end} are expected`;
  throw new BackupError(
    'ARCHIVE_DAMAGED',
    { archive, problem, ...(size === undefined ? { isMissing: true } : {}) },
    { aftermath: { isUnchanged: true } },
  );
}
