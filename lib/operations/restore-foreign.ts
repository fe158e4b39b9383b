import { lstatSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { expectRoomFor } from '../core/free-space.ts';
import { comparePaths, toSystemPath } from '../core/path-bytes.ts';
import { extractForeignTar } from '../archive/foreign-extract.ts';
import { extractZip } from '../archive/zip-reader.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { mayBeSqlite, readSqliteHeader } from '../targets/databases/sqlite-header.ts';
import { readNames } from '../targets/scan-folder.ts';
import { auditedRestore } from './audit-restore.ts';
import { expectEncrypted } from './expect-encrypted.ts';
import { foreignEntries } from './foreign-entries.ts';
import type { ForeignBackup } from './opened-backup.ts';
import { planForeign, type ForeignPlan } from './plan-foreign.ts';
import { destinationOf, emptyPlan } from './plan-restore.ts';
import type { StagedRestore } from './placement.ts';
import { putInPlace } from './put-in-place.ts';
import type { RestorePlan, RestoreRequest, RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import type { DatabaseStaging } from './staged-databases.ts';
import { replacedEntries, walkForeign } from './walk-foreign.ts';

/**
 * Plans the restore of an archive that someone else made: its entries go to their own paths below the destination.
 * @throws BackupError NOT_ENCRYPTED, UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN, TARGET_UNKNOWN, EXTRA_UNKNOWN
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
  const plan = emptyPlan(context, backup.id, request, destination.folder);
  const unencrypted = expectEncrypted(context, backup, request.force === true);
  if (unencrypted !== undefined) plan.warnings.push(unencrypted);
  const { signal } = context;
  const planned = await planForeign(backup, plan, { destination, request, mostActions, signal });
  const targets = [{ name: 'files', sources: [...planned.tops], exclude: [] }];
  return {
    plan,
    apply: () =>
      auditedRestore(context, backup.id, plan.destination, async () => {
        if (request.force !== true) expectRoomFor(plan.bytes, destination.folder, 'the restore');
        return putInPlace(context, {
          plan,
          destination,
          targets,
          extra: [],
          databases: [],
          eachPlace: (visit) =>
            walkForeign(backup, signal, (entry) => {
              if (planned.written.has(entry.path)) visit(entry.path);
            }),
          placeOf: (entry) => entry.path,
          stage: ({ files, databases }) => stage(context, backup, planned, files, databases),
        });
      }),
    close: () => undefined,
  };
}

/** What SQLite brings into the file of its database. The shared memory is an index of the log that is made anew. */
const takenSuffixes = ['-wal', '-journal'];

/** Unpacks all of it, takes out what is not to be written, and sets databases apart for SQLite to put in. */
async function stage(
  context: RunContext,
  backup: ForeignBackup,
  wanted: ForeignPlan,
  folder: string,
  databases: DatabaseStaging,
): Promise<StagedRestore> {
  mkdirSync(folder, { mode: 0o700 });
  if (backup.archiveKind === 'zip')
    await extractZip(backup.archive, folder, { modes: 'files', signal: context.signal });
  else await extractForeignTar({ file: backup.archive, into: folder, signal: context.signal, modes: 'files' });
  let bytes = 0;
  const folders = new Map<string, ManifestEntry>();
  const entryFor = foreignEntries(wanted.outline);
  const isReplaced = replacedEntries(wanted.outline);
  await walkForeign(backup, context.signal, (entry) => {
    if (entry.kind === 'special') return;
    const staged = join(folder, entry.path);
    const planned = entryFor(entry, '', false);
    const isOver = isReplaced(entry.path);
    if (entry.kind === 'directory') {
      if (wanted.select(planned) !== undefined) folders.set(entry.path, planned);
      return;
    }
    // Until all databases are found: they take their own with them.
    if (wanted.companions.has(entry.path)) return;
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
    for (const suffix of ['', ...takenSuffixes]) {
      if (suffix === '' || wanted.companions.has(`${entry.path}${suffix}`))
        renameSync(toSystemPath(`${staged}${suffix}`), `${file}${suffix}`);
    }
  });
  for (const path of wanted.companions) rmSync(toSystemPath(join(folder, path)), { force: true });
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
