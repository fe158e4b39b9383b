import { Breather } from '../core/breather.ts';
import { BackupError } from '../core/errors.ts';
import { comparePaths } from '../core/path-bytes.ts';
import { PathSet } from '../core/path-set.ts';
import { unsafeReasonHere } from '../core/safe-path.ts';
import { finding, meansIncomplete, type Finding } from '../core/findings.ts';
import { FrameTable } from '../store/frame-table.ts';
import type { ManifestEntry, ManifestHeader } from '../store/manifest.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import { isSqliteCompanion } from '../targets/databases/sqlite-header.ts';
import { hasDatabases } from '../targets/target-definitions.ts';
import { auditedFailures } from './audited.ts';
import { collectEntries } from './collect-entries.ts';
import { checkDestination, realPlace } from './destination-folder.ts';
import { entryBehindLink } from './entry-behind-link.ts';
import { NeededArchives } from './needed-archives.ts';
import { NotedSecrets } from './noted-secrets.ts';
import { onePerPlace } from './one-per-place.ts';
import type { OpenBackup } from './opened-backup.ts';
import { databasesInStore } from './known-databases.ts';
import { planEnvironment } from './plan-environment.ts';
import { restoreCautions } from './restore-cautions.ts';
import { decide, type Standing } from './restore-decision.ts';
import type { EnvironmentRestore } from './restore-environment.ts';
import type { PlannedAction, RestorePlan, RestoreRequest } from './restore-result.ts';
import { Destination, isSameTime } from './restore-standing.ts';
import type { RunContext } from './run-context.ts';
import { selectEntries, type EntrySelection } from './select-entries.ts';
import { isSqliteAt } from './stale-companions.ts';

/** A plan, and what its application needs. */
export interface PreparedRestore {
  plan: RestorePlan;
  backup: OpenBackup;
  request: RestoreRequest;
  header: ManifestHeader;
  frames: FrameTable;
  select: EntrySelection;
  /** Begins a reading of the manifest in which every place is given once. */
  selectOnce: () => EntrySelection;
  destination: Destination;
  /** The targets of the backup that are asked for, for the safety backup. */
  targets: TargetDefinition[];
  /** The `.env` files that were asked for. */
  environment: EnvironmentRestore | undefined;
  /** Files at the destination that the backup does not have, to be deleted. */
  extra: string[];
  /** Bytes that are going to be written, as far as the manifest can give them. */
  roomBytes: number;
  /** Places of what a forced restore could not give back whole; empty until it is applied. */
  lost: Set<string>;
}

/**
 * Finds out what a restore would do, by reading the manifest to its end and looking at the destination. Changes
 * nothing.
 * @param mostActions how many actions the plan lists.
 * @throws BackupError TARGET_UNKNOWN, DESTINATION_NOT_A_FOLDER, DESTINATION_IN_STORE, DESTINATION_BLOCKED,
 * ARCHIVE_DAMAGED, MANIFEST_DAMAGED, UNSAFE_ENTRY; where `.env` files are asked for, what `planEnvironment` throws
 */
export function planRestore(
  context: RunContext,
  backup: OpenBackup,
  request: RestoreRequest,
  mostActions = Number.POSITIVE_INFINITY,
): Promise<PreparedRestore> {
  const begun = { act: 'restore', backup: backup.id } as const;
  return auditedFailures(context, begun, () => makePlan(context, backup, request, mostActions));
}

async function makePlan(
  context: RunContext,
  backup: OpenBackup,
  request: RestoreRequest,
  mostActions: number,
): Promise<PreparedRestore> {
  context.events.emit('phase', 'plan');
  const destination = destinationOf(context, request);
  const { folder } = destination;
  const select = withoutLogs(selectEntries(Object.keys(backup.metadata.targets), request), backup);
  const selectOnce = await onePerPlace(backup, select);
  const once = selectOnce();
  const frames = new FrameTable();
  const plan = emptyPlan(context, backup.id, request, folder);
  plan.warnings.push(...(await restoreCautions(context, backup, request.force === true)));
  const breather = new Breather();
  const links = new PathSet();
  const archives = new NeededArchives(frames);
  const noted = new NotedSecrets(request);
  let header: ManifestHeader | undefined;
  let roomBytes = 0;
  for await (const batch of backup.readManifest()) {
    for (const line of batch) {
      if (breather.isDue) await breather.pause();
      if (context.signal.aborted) throw new BackupError('INTERRUPTED', {});
      if (line.type === 'header') header = line.header;
      else if (line.type === 'frame') frames.add(line.frame);
      else if (line.type === 'entry') {
        const isWritten = planEntry(line.entry, plan, { select: once, destination, request, mostActions });
        if (noted.note(line.entry) || isWritten) archives.note(line.entry);
        if (isWritten && !isMoreThanThereIs(line.entry, frames)) roomBytes += line.entry.size;
        if (line.entry.kind === 'symlink') links.add(select(line.entry) ?? '');
      }
    }
  }
  const behind = await entryBehindLink(backup, links, select);
  if (behind !== undefined) {
    throw new BackupError('UNSAFE_ENTRY', { archive: backup.id, path: behind, reason: 'it lies behind a link' });
  }
  if (header === undefined) throw new BackupError('MANIFEST_DAMAGED', { backup: backup.id, problem: 'it is empty' });
  plan.warnings.push(...context.keys.takeFindings());
  plan.warnings.push(...archives.cautions(backup, header, request.force === true));
  const secrets = { backup, header, frames, noted, destination, request, plan };
  const { files: environment, lost: lostEnvironment } = await planEnvironment(context, secrets);
  for (const { action, bytes } of environment?.plan() ?? []) {
    plan.matched += 1;
    plan.bytes += bytes;
    noteAction(plan, action, mostActions);
  }
  expectMatches(request, plan);
  const targets = header.targets.filter((one) => request.targets?.includes(one.name) ?? true);
  const extra = request.deleteExtra
    ? await findExtra(context, backup, targets, select, folder, (one) => plan.warnings.push(one))
    : [];
  for (const path of extra) noteAction(plan, { action: 'delete', path, reason: 'extra' }, mostActions);
  const lost = new Set(lostEnvironment === undefined ? [] : [lostEnvironment]);
  const parts = { header, frames, select, selectOnce, destination, targets, environment, extra, roomBytes, lost };
  return { plan, backup, request, ...parts };
}

/** True for a content that ends with the frames that there are: it is damaged, and no question of room. */
const isMoreThanThereIs = ({ at, size }: ManifestEntry, frames: FrameTable): boolean =>
  at !== undefined && size > frames.totalBytes;

/** A database's stored copy is complete: an entry that is called like its log would only be taken for it. */
function withoutLogs(select: EntrySelection, { metadata }: OpenBackup): EntrySelection {
  const databases = new Set(metadata.databases.map((one) => one.name));
  return (entry) => {
    const place = select(entry);
    return place === undefined || databases.has(isSqliteCompanion(place) ?? '') ? undefined : place;
  };
}

/** Words that name nothing of the backup are a mistake: a restore that does nothing must not pass for one that did. */
function expectMatches(request: RestoreRequest, plan: RestorePlan): void {
  const { matched } = plan;
  // What is to be deleted need not be in the backup.
  if (request.include === undefined || request.deleteExtra || matched > 0) return;
  throw new BackupError('OPTION_INVALID', {
    option: 'include',
    value: request.include.join(', '),
    expected: 'a file, a folder or a glob of the backup (`backup:show --files` lists them)',
  });
}

/** A plan that does nothing yet. A safety backup is one of the project: other destinations have none. */
export function emptyPlan(context: RunContext, id: string, request: RestoreRequest, folder: string): RestorePlan {
  const isProject = realPlace(folder) === realPlace(context.settings.root);
  return {
    id,
    destination: folder,
    counts: { create: 0, overwrite: 0, unchanged: 0, keep: 0, delete: 0 },
    matched: 0,
    folders: 0,
    folderTimes: 0,
    keepsFolders: request.overwrite === 'never',
    bytes: 0,
    actions: [],
    changed: new PathSet(),
    databases: [],
    replacedDatabases: [],
    heldLogs: new Set(),
    isProject,
    takesSafetyBackup: isProject && !request.skipBackup,
    warnings: [],
  };
}

/** @throws BackupError DESTINATION_NOT_A_FOLDER, DESTINATION_IN_STORE */
export function destinationOf(context: RunContext, request: RestoreRequest): Destination {
  const { root, storage } = context.settings;
  const folder = request.destination ?? root;
  return new Destination(folder, { path: storage.path, below: checkDestination(folder, storage.path) });
}

/** Adds what is to happen to one entry. @returns true when it will be written. */
export function planEntry(
  entry: ManifestEntry,
  plan: RestorePlan,
  given: { select: EntrySelection; destination: Destination; request: RestoreRequest; mostActions: number },
): boolean {
  const origin = given.select(entry);
  if (origin === undefined) return false;
  plan.matched += 1;
  if (isSqliteCompanion(origin) !== undefined) plan.heldLogs.add(origin);
  const standing = given.destination.standingAt(entry, origin);
  const decision = decide(entry, standing, given.request.overwrite);
  const writes = decision.action === 'create' || decision.action === 'overwrite';
  if (writes) plan.bytes += entry.size;
  if (decision.action === 'overwrite') {
    if (entry.database !== undefined) plan.databases.push(origin);
    else if (isSqliteAt(given.destination.pathOf(origin))) plan.replacedDatabases.push(origin);
  }
  if (entry.kind === 'directory') planFolder(entry, plan, standing);
  else noteAction(plan, { action: decision.action, path: origin, reason: decision.reason }, given.mostActions);
  return writes;
}

function planFolder(entry: ManifestEntry, plan: RestorePlan, standing: Standing | undefined): void {
  if (standing === undefined) plan.folders += 1;
  else if (plan.keepsFolders) return;
  else if (!standing.isSame()) plan.folders += 1;
  else if (!isSameTime(standing.mtimeNs, entry.mtimeNs)) plan.folderTimes += 1;
}

function noteAction(plan: RestorePlan, action: PlannedAction, mostActions: number): void {
  plan.counts[action.action] += 1;
  if (action.action === 'overwrite' || action.action === 'delete') {
    plan.changed.add(action.path);
    // A folder that is known has known ones above it.
    for (let end = action.path.lastIndexOf('/'); end > 0; end = action.path.lastIndexOf('/', end - 1)) {
      if (!plan.changed.add(action.path.slice(0, end))) break;
    }
  }
  if (action.action !== 'unchanged' && plan.actions.length < mostActions) plan.actions.push(action);
}

/**
 * Files at the destination that the backup's sources would take in and the backup does not hold. What its excludes
 * leave out is not extra, and neither is a database: it may be older than the backup's rules.
 */
async function findExtra(
  context: RunContext,
  backup: OpenBackup,
  targets: readonly TargetDefinition[],
  select: EntrySelection,
  folder: string,
  report: (finding: Finding) => void,
): Promise<string[]> {
  const held = new PathSet();
  for await (const batch of backup.readManifest()) {
    for (const line of batch) if (line.type === 'entry' && line.entry.origin !== undefined) held.add(line.entry.origin);
  }
  // What the backup could not read it does not hold, and is not extra for it.
  const unread = backup.metadata.warnings.filter((one) => meansIncomplete([one])).map((one) => one.path);
  const isUnread = (origin: string): boolean =>
    unread.some((path) => path !== undefined && (origin === path || origin.startsWith(`${path}/`)));
  const files = targets.filter((target) => !hasDatabases(target));
  const there = { ...context, settings: { ...context.settings, root: folder } };
  const collector = collectEntries(there, files, {
    // A restore leaves no secret out of anything.
    report: (one) => (one.code === 'secrets-left-out' ? undefined : report(one)),
    knownDatabases: await databasesInStore(context, [backup]),
  });
  const extra: string[] = [];
  for (const target of files) {
    for (const entry of await collector.entriesOf(target)) {
      const { origin } = entry;
      if (origin === undefined || held.has(origin) || isUnread(origin)) continue;
      // The sources are the manifest's, and what they lead to is deleted.
      if (unsafeReasonHere(origin) !== undefined) continue;
      // Asked for like any other entry: `--include` holds for what is deleted, too.
      if (select({ ...entry, uid: 0, gid: 0 }) === undefined) continue;
      if (entry.database === undefined) extra.push(origin);
      else report(finding('extra-database-kept', { path: origin, target: entry.target }));
    }
  }
  return extra.sort(comparePaths);
}
