import { statSync } from 'node:fs';
import { Breather } from '../core/breather.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { ContentPieces } from '../store/content-pieces.ts';
import type { FrameTable } from '../store/frame-table.ts';
import { entriesOnly, type ManifestEntry, type ManifestHeader } from '../store/manifest.ts';
import { CheckingSink } from './checking-sink.ts';
import { chooseSubset, totalOf, type DataSubset } from './data-subset.ts';
import type { FrameReader } from '../archive/frame-reader.ts';
import { frameDamaged } from './frame-damaged.ts';
import { archiveOf, openArchive } from './chain-archives.ts';
import { openContent } from './open-content.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';
import { ownOpener } from './readable-zip.ts';
import { readInto } from './zip-salvage.ts';

export interface SubsetCheck {
  context: RunContext;
  backup: OpenBackup;
  header: ManifestHeader;
  frames: FrameTable;
  subset: DataSubset;
  onProblem: (problem: Finding) => void;
  onBytes: (bytes: number) => void;
  /** Told of each file that was read whole. */
  onFile: () => void;
}

/**
 * Reads a part of a backup's bytes, chosen by lot: frames of a tar as they are stored, files of a plain tree or a zip.
 * @returns how many bytes all of it would be.
 * @throws BackupError INTERRUPTED, BACKUP_UNREADABLE, ARCHIVE_DAMAGED; the system's error where the archive is missing.
 */
export async function verifySubset(check: SubsetCheck): Promise<number> {
  if (check.header.layout === 'tar') return verifyFrames(check);
  const files: ManifestEntry[] = [];
  const sizes: number[] = [];
  await eachFile(check.backup, ({ size }) => sizes.push(size));
  const chosen = chooseSubset(sizes, check.subset, check.context.random);
  await eachFile(check.backup, (entry, at) => {
    if (chosen.has(at)) files.push(entry);
  });
  if (check.header.layout === 'zip') await verifyZipFiles(check, files);
  else await verifyTreeFiles(check, files);
  return totalOf(sizes);
}

async function eachFile(backup: OpenBackup, visit: (entry: ManifestEntry, at: number) => void): Promise<void> {
  let at = 0;
  for await (const batch of entriesOnly(backup.readManifest(), ({ kind }) => kind === 'file')) {
    for (const entry of batch) visit(entry, at++);
  }
}

async function verifyFrames({ context, backup, header, frames, subset, ...tell }: SubsetCheck): Promise<number> {
  compareSize(backup, tell.onProblem);
  const sizes = Float64Array.from({ length: frames.length }, (_, at) => frames.get(at).storedSize);
  const chosen = [...chooseSubset(sizes, subset, context.random)].sort((a, b) => a - b);
  const path = backup.metadata.archive?.file ?? '';
  const proven = new Uint8Array(frames.length);
  const breather = new Breather();
  const readers = new Map<number, FrameReader>();
  try {
    for (const at of chosen) {
      const frame = frames.get(at);
      await breather.pause();
      if (context.signal.aborted) throw new BackupError('INTERRUPTED', {});
      try {
        let reader = readers.get(frame.archive);
        if (reader === undefined) readers.set(frame.archive, (reader = openArchive(backup, header, frame.archive)));
        tell.onBytes(reader.readStored(frame).length);
        proven[at] = 1;
      } catch (error) {
        if (!isBackupError(error, 'ARCHIVE_DAMAGED')) throw error;
        const file = header.archives[frame.archive]?.file ?? path;
        tell.onProblem(frameDamaged(frame.archive === 0 ? path : file, at, error.params.problem));
      }
    }
  } finally {
    for (const reader of readers.values()) reader.close();
  }
  await eachFile(backup, (entry) => {
    if (liesIn(proven, frames, entry)) tell.onFile();
  });
  return totalOf(sizes);
}

/** True when all frames over which a file's content goes are among the proven ones. */
function liesIn(proven: Uint8Array, frames: FrameTable, entry: ManifestEntry): boolean {
  const pieces = new ContentPieces(entry, frames);
  if (entry.size === 0 || pieces.size !== entry.size) return false;
  for (let at = 0; at < pieces.length; at += 1) if (proven[pieces.piece(at).frame] !== 1) return false;
  return true;
}

/** Costs nothing, and tells an archive that is cut short whatever is read of it. */
function compareSize(backup: OpenBackup, onProblem: (problem: Finding) => void): void {
  const { file: path = '', size: expected } = backup.metadata.archive ?? {};
  const found = statSync(archiveOf(backup)).size;
  if (expected === undefined || found === expected) return;
  onProblem(finding('archive-size', { path, expected: String(expected), found: String(found) }));
}

async function verifyTreeFiles(check: SubsetCheck, files: readonly ManifestEntry[]): Promise<void> {
  const { context, backup, header, frames } = check;
  const reader = await openContent(backup, header, frames, {
    signal: context.signal,
    scratch: () => {
      throw new TypeError('a plain tree is read where it lies');
    },
  });
  const sink = new CheckingSink(check);
  try {
    await reader.read(inOneBatch(files), sink);
  } finally {
    reader.close();
    sink.close();
  }
}

async function* inOneBatch(files: readonly ManifestEntry[]): AsyncGenerator<readonly ManifestEntry[]> {
  yield await Promise.resolve(files);
}

/**
 * Reads the files where they are in the zip, each whatever is wrong with another, and skips those that were not chosen.
 */
async function verifyZipFiles(check: SubsetCheck, files: readonly ManifestEntry[]): Promise<void> {
  const { walkZip } = await import('../archive/zip-reader.ts');
  compareSize(check.backup, check.onProblem);
  const unread = new Map(files.map((entry) => [entry.storedAs ?? entry.path, entry]));
  const sink = new CheckingSink(check);
  let damage: BackupError | undefined;
  const opener = await ownOpener(check.backup, check.header);
  try {
    await walkZip(
      { file: archiveOf(check.backup), signal: check.context.signal, outsideLinks: 'keep', opener },
      async (one, content) => {
        const entry = unread.get(one.path);
        if (entry === undefined || one.kind !== 'file') return;
        unread.delete(one.path);
        sink.begin(entry);
        const failure = await readInto(sink, entry, content);
        if (failure === undefined) await sink.end(entry);
        else sink.failed(entry, failure);
      },
    );
  } catch (error) {
    // Where not one could be read, it is the archive's fault.
    if (!isBackupError(error, 'ARCHIVE_DAMAGED') || unread.size === files.length) throw error;
    damage = error;
  }
  for (const entry of unread.values()) {
    if (damage === undefined) check.onProblem(finding('entry-missing', { path: entry.path }));
    else sink.failed(entry, damage);
  }
}
