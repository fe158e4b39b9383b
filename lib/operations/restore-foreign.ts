import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { comparePaths, toSystemPath } from '../core/path-bytes.ts';
import { PathSet } from '../core/path-set.ts';
import { extractForeignTar } from '../archive/foreign-extract.ts';
import type { ForeignEntry } from '../archive/foreign-entry.ts';
import { extractZip } from '../archive/zip-reader.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { mayBeSqlite, readSqliteHeader } from '../targets/databases/sqlite-header.ts';
import { readNames } from '../targets/scan-folder.ts';
import type { ForeignBackup } from './open-backup.ts';
import { destinationOf, emptyPlan, planEntry } from './plan-restore.ts';
import type { StagedRestore } from './placement.ts';
import { putInPlace } from './put-in-place.ts';
import type { RestorePlan, RestoreRequest, RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import { selectEntries, type EntrySelection } from './select-entries.ts';
import type { DatabaseStaging } from './staged-databases.ts';
import { outlineForeign, replacedEntries, walkForeign, type ForeignOutline } from './walk-foreign.ts';

/**
 * Plans the restore of an archive that someone else made: its entries go to their own paths below the destination.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN, TARGET_UNKNOWN, EXTRA_UNKNOWN
 */
export async function planForeignRestore(
  context: RunContext,
  backup: ForeignBackup,
  request: RestoreRequest,
  mostActions: number,
): Promise<{ plan: RestorePlan; apply(): Promise<RestoreResult>; close(): void }> {
  if (request.deleteExtra) throw new BackupError('EXTRA_UNKNOWN', { archive: backup.archive });
  context.events.emit('phase', 'plan');
  const destination = destinationOf(context, request);
  const select = selectEntries([], request);
  const plan = emptyPlan(context, backup.id, request, destination.folder);
  const written = new PathSet();
  const tops = new Set<string>();
  // All names are known to be safe before the first is looked at in the destination.
  const outline = await outlineForeign(backup, context.signal);
  const entryFor = entryMaker(outline);
  const isReplaced = replacedEntries(outline);
  await walkForeign(backup, context.signal, async (entry, content) => {
    if (entry.kind === 'special') {
      plan.warnings.push(finding('special-file', { path: entry.path, kind: entry.specialKind ?? 'special file' }));
      return;
    }
    const planned = entryFor(entry, await hashOf(content));
    if (isReplaced(entry.path)) return;
    if (select(planned) !== undefined) tops.add(entry.path.split('/')[0] ?? entry.path);
    if (planEntry(planned, plan, { select, destination, request, mostActions })) written.add(entry.path);
  });
  const targets = [{ name: 'files', sources: [...tops], exclude: [] }];
  return {
    plan,
    apply: () =>
      putInPlace(context, {
        plan,
        destination,
        targets,
        extra: [],
        placeOf: (entry) => entry.path,
        stage: ({ files, databases }) => stage(context, backup, { select, written, outline }, files, databases),
      }),
    close: () => undefined,
  };
}

async function hashOf(content: AsyncIterable<Buffer>): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of content) digest.update(chunk);
  return digest.digest('hex');
}

/** Makes a manifest's entries of an archive's, in its order. Only what hard links lead to is kept in memory. */
function entryMaker({ hardLinked }: ForeignOutline): (entry: ForeignEntry, sha256: string) => ManifestEntry {
  const kept = new Map<string, ManifestEntry>();
  return (entry, sha256) => {
    const made = manifestEntryOf(entry, sha256, kept);
    if (hardLinked.has(entry.path)) kept.set(entry.path, made);
    return made;
  };
}

function manifestEntryOf(
  entry: ForeignEntry,
  sha256: string,
  linked: ReadonlyMap<string, ManifestEntry>,
): ManifestEntry {
  const { path, mode, mtimeNs } = entry;
  const common = { path, origin: path, mode, mtimeNs, uid: 0, gid: 0 };
  const original = entry.kind === 'hardlink' ? linked.get(entry.linkTarget ?? '') : undefined;
  if (original !== undefined) return { ...original, ...common };
  if (entry.kind === 'directory') return { ...common, kind: 'directory', size: 0 };
  if (entry.kind === 'symlink') return { ...common, kind: 'symlink', size: 0, linkTarget: entry.linkTarget ?? '' };
  return { ...common, kind: 'file', size: entry.size, sha256 };
}

/** Unpacks all of it, takes out what is not to be written, and sets databases apart for SQLite to put in. */
async function stage(
  context: RunContext,
  backup: ForeignBackup,
  wanted: { select: EntrySelection; written: PathSet; outline: ForeignOutline },
  folder: string,
  databases: DatabaseStaging,
): Promise<StagedRestore> {
  mkdirSync(folder, { mode: 0o700 });
  if (backup.archiveKind === 'zip')
    await extractZip(backup.archive, folder, { modes: 'files', signal: context.signal });
  else await extractForeignTar({ file: backup.archive, into: folder, signal: context.signal, modes: 'files' });
  let bytes = 0;
  const folders = new Map<string, ManifestEntry>();
  const entryFor = entryMaker(wanted.outline);
  const isReplaced = replacedEntries(wanted.outline);
  await walkForeign(backup, context.signal, (entry) => {
    if (entry.kind === 'special') return;
    const staged = join(folder, entry.path);
    const planned = entryFor(entry, '');
    const isOver = isReplaced(entry.path);
    if (entry.kind === 'directory') {
      if (wanted.select(planned) !== undefined) folders.set(entry.path, planned);
      return;
    }
    if (!wanted.written.has(entry.path)) {
      rmSync(toSystemPath(staged), { force: true });
      return;
    }
    if (isOver) return;
    bytes += planned.size;
    const isDatabase =
      planned.kind === 'file' && mayBeSqlite(entry.path, planned.size) && readSqliteHeader(staged) !== undefined;
    if (!isDatabase) return;
    const file = databases.adopt({ ...planned, database: 'sqlite' });
    renameSync(toSystemPath(staged), file);
  });
  for (const name of readNames(folder)) removeUnasked(folder, name, folders);
  const outerFirst = [...folders].sort(([a], [b]) => comparePaths(a, b));
  return { bytes, folders: outerFirst.map(([origin, entry]) => ({ origin, entry })), owner: undefined };
}

/** Removes the folders that nobody asked for and that nothing is left in. */
function removeUnasked(staging: string, path: string, asked: ReadonlyMap<string, ManifestEntry>): void {
  const system = toSystemPath(join(staging, path));
  if (!lstatSync(system).isDirectory()) return;
  for (const name of readNames(join(staging, path))) removeUnasked(staging, `${path}/${name}`, asked);
  if (!asked.has(path) && readNames(join(staging, path)).length === 0) rmdirSync(system);
}
