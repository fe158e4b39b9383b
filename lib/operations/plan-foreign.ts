import { createHash } from 'node:crypto';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { PathSet } from '../core/path-set.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { isSqliteCompanion, isSqliteStart, mayBeSqlite, sqliteStartBytes } from '../targets/databases/sqlite-header.ts';
import { foreignEntries } from './foreign-entries.ts';
import type { ForeignBackup } from './opened-backup.ts';
import { planEntry } from './plan-restore.ts';
import type { RestorePlan, RestoreRequest } from './restore-result.ts';
import type { Destination } from './restore-standing.ts';
import { selectEntries, type EntrySelection } from './select-entries.ts';
import { outlineForeign, replacedEntries, walkForeign, type ForeignOutline } from './walk-foreign.ts';

/** What a foreign archive's plan found out, for its application. */
export interface ForeignPlan {
  select: EntrySelection;
  /** Every file and link that will be written. */
  written: PathSet;
  /** The first names of what was asked for. */
  tops: Set<string>;
  /** Logs and journals in the archive whose databases are in it, too: they come into these, never to their own places. */
  companions: ReadonlySet<string>;
  outline: ForeignOutline;
}

/**
 * Fills a plan by reading an archive to its end.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN, INTERRUPTED
 */
export async function planForeign(
  backup: ForeignBackup,
  plan: RestorePlan,
  given: { destination: Destination; request: RestoreRequest; mostActions: number; signal: AbortSignal },
): Promise<ForeignPlan> {
  const { signal } = given;
  const select = selectEntries([], given.request);
  const written = new PathSet();
  const tops = new Set<string>();
  // All names are known to be safe before the first is looked at in the destination.
  const outline = await outlineForeign(backup, signal);
  const entryFor = foreignEntries(outline);
  const isReplaced = replacedEntries(outline);
  /** They are planned once all names are known, for one may change what the other means. */
  const databases = new Map<string, ManifestEntry>();
  const companionNames = new Map<string, ManifestEntry>();
  const add = (planned: ManifestEntry): void => {
    if (select(planned) !== undefined) tops.add(planned.path.split('/')[0] ?? planned.path);
    if (planEntry(planned, plan, { ...given, select })) written.add(planned.path);
  };
  await walkForeign(backup, signal, async (entry, content) => {
    if (signal.aborted) throw new BackupError('INTERRUPTED', {});
    if (entry.kind === 'special') {
      plan.warnings.push(finding('special-file', { path: entry.path, kind: entry.specialKind ?? 'special file' }));
      return;
    }
    const { sha256, start } = await readThrough(content);
    const isDatabase = entry.kind === 'file' && mayBeSqlite(entry.path, entry.size) && isSqliteStart(start);
    const planned = entryFor(entry, sha256, isDatabase);
    if (isReplaced(entry.path)) return;
    if (planned.database !== undefined) databases.set(entry.path, planned);
    else if (planned.kind === 'file' && isSqliteCompanion(entry.path) !== undefined)
      companionNames.set(entry.path, planned);
    else add(planned);
  });
  const companions = new Set<string>();
  for (const [path, planned] of companionNames) {
    const database = databases.get(isSqliteCompanion(path) ?? '');
    if (database === undefined) add(planned);
    else companions.add(path);
    // With its log it is another one than its file says.
    if (database !== undefined && planned.size > 0) database.sha256 = '';
  }
  for (const planned of databases.values()) add(planned);
  return { select, written, tops, companions, outline };
}

async function readThrough(content: AsyncIterable<Buffer>): Promise<{ sha256: string; start: Buffer }> {
  const digest = createHash('sha256');
  let start: Buffer = Buffer.alloc(0);
  for await (const chunk of content) {
    digest.update(chunk);
    if (start.length < sqliteStartBytes) start = Buffer.concat([start, chunk.subarray(0, sqliteStartBytes)]);
  }
  return { sha256: digest.digest('hex'), start };
}
