import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { comparePaths, toSystemPath } from '../core/path-bytes.ts';
import { extractForeignTar } from '../archive/foreign-extract.ts';
import { checkForeignTar } from '../archive/foreign-check.ts';
import type { ForeignEntry } from '../archive/foreign-entry.ts';
import { walkForeignTar } from '../archive/foreign-tar.ts';
import { extractZip, walkZip } from '../archive/zip-reader.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { mayBeSqlite, readSqliteHeader } from '../targets/databases/sqlite-header.ts';
import { readNames } from '../targets/scan-folder.ts';
import type { ForeignBackup } from './open-backup.ts';
import { destinationOf, emptyPlan, planEntry } from './plan-restore.ts';
import { putInPlace, type StagedRestore } from './put-in-place.ts';
import type { RestorePlan, RestoreRequest, RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import { selectEntries, type EntrySelection } from './select-entries.ts';
import type { DatabaseStaging } from './staged-databases.ts';

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
  const written = new Set<string>();
  const tops = new Set<string>();
  const links = new Map<string, ManifestEntry>();
  await walk(backup, context.signal, async (entry, content) => {
    if (entry.kind === 'special') {
      plan.warnings.push(finding('special-file', { path: entry.path, kind: entry.specialKind ?? 'special file' }));
      return;
    }
    const sha256 = await hashOf(content);
    const planned = manifestEntryOf(entry, sha256, links);
    links.set(entry.path, planned);
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
        stage: ({ files, databases }) => stage(context, backup, { select, written }, files, databases),
      }),
    close: () => undefined,
  };
}

type Visit = (entry: ForeignEntry, content: AsyncIterable<Buffer>) => void | Promise<void>;

async function walk(backup: ForeignBackup, signal: AbortSignal, visit: Visit): Promise<void> {
  const file = backup.archive;
  if (backup.archiveKind === 'zip') return walkZip({ file, signal }, visit);
  // All names are known to be safe before the first is looked at in the destination.
  await checkForeignTar({ file, signal });
  await walkForeignTar({ file, signal }, visit);
}

async function hashOf(content: AsyncIterable<Buffer>): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of content) digest.update(chunk);
  return digest.digest('hex');
}

function manifestEntryOf(
  entry: ForeignEntry,
  sha256: string,
  links: ReadonlyMap<string, ManifestEntry>,
): ManifestEntry {
  const { path, mode, mtimeNs } = entry;
  const common = { path, origin: path, mode, mtimeNs, uid: 0, gid: 0 };
  const linked = entry.kind === 'hardlink' ? links.get(entry.linkTarget ?? '') : undefined;
  if (linked !== undefined) return { ...linked, ...common };
  if (entry.kind === 'directory') return { ...common, kind: 'directory', size: 0 };
  if (entry.kind === 'symlink') return { ...common, kind: 'symlink', size: 0, linkTarget: entry.linkTarget ?? '' };
  return { ...common, kind: 'file', size: entry.size, sha256 };
}

/** Unpacks all of it, takes out what is not to be written, and sets databases apart for SQLite to put in. */
async function stage(
  context: RunContext,
  backup: ForeignBackup,
  wanted: { select: EntrySelection; written: ReadonlySet<string> },
  folder: string,
  databases: DatabaseStaging,
): Promise<StagedRestore> {
  mkdirSync(folder, { mode: 0o700 });
  if (backup.archiveKind === 'zip')
    await extractZip(backup.archive, folder, { modes: 'files', signal: context.signal });
  else await extractForeignTar({ file: backup.archive, into: folder, signal: context.signal, modes: 'files' });
  let bytes = 0;
  const links = new Map<string, ManifestEntry>();
  const folders = new Map<string, ManifestEntry>();
  await walk(backup, context.signal, (entry) => {
    if (entry.kind === 'special') return;
    const staged = join(folder, entry.path);
    const planned = manifestEntryOf(entry, '', links);
    if (entry.kind === 'directory') {
      if (wanted.select(planned) !== undefined) folders.set(entry.path, planned);
      return;
    }
    if (!wanted.written.has(entry.path)) {
      rmSync(toSystemPath(staged), { force: true });
      return;
    }
    links.set(entry.path, planned);
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
