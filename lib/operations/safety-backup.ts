import { lstatSync } from 'node:fs';
import type { StorageSettings } from '../config/settings.ts';
import { BackupError, isBackupError, isSystemError } from '../core/errors.ts';
import { PathSet } from '../core/path-set.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import type { Store } from '../store/store.ts';
import { isSqliteCompanion } from '../targets/databases/sqlite-header.ts';
import { isEnvFileName } from '../targets/find-project-files.ts';
import { hasDatabases, type TargetDefinition } from '../targets/target-definitions.ts';
import { createInLockedStore } from './create-backup.ts';
import type { CreateResult, CreateWatch } from './create-result.ts';
import type { Placement } from './placement.ts';
import type { RunContext } from './run-context.ts';

/** How many paths an error names. */
const mostNamed = 10;

/**
 * Backs up what is there now, and proves that it holds everything that is going to be overwritten or deleted.
 * @param onMade told the ID of the backup as soon as it is there.
 * @returns undefined where there is nothing yet.
 * @throws BackupError SAFETY_INCOMPLETE, DATABASE_LOCKED; and what a create throws.
 */
export async function takeSafetyBackup(
  context: RunContext,
  placement: Placement,
  store: Store,
  onMade: (id: string) => void,
): Promise<CreateResult | undefined> {
  const { plan } = placement;
  const held = new PathSet();
  const heldDatabases = new Set<string>();
  const targets = withReplacedDatabases(placement);
  const storage = await storageFor(context, placement);
  const made = await create({ ...context, settings: { ...context.settings, storage } }, store, targets, {
    knownDatabases: placement.databases.filter((one) => plan.changed.has(one)),
    onStored: (origin, isDatabase) => {
      if (!plan.changed.has(origin)) return;
      held.add(origin);
      if (isDatabase) heldDatabases.add(origin);
    },
  });
  if (made !== undefined) onMade(made.id);
  if (held.size < plan.counts.overwrite + plan.counts.delete) {
    await expectHeld(placement, { held, heldDatabases }, made, context.databaseTimeoutSeconds);
  }
  return made;
}

/** Where only a key pair is given, nothing but a whole encrypted backup can hold a `.env` file. */
async function storageFor(
  { settings: { storage }, keys }: RunContext,
  { replacesEnvFiles = false }: Placement,
): Promise<StorageSettings> {
  if (!replacesEnvFiles || storage.encrypt || storage.format === 'directory') return storage;
  const isPair = keys.recipients().length > 0 || ['private', 'public'].includes((await keys.primary())?.kind ?? '');
  return isPair ? { ...storage, encrypt: true } : storage;
}

async function create(
  context: RunContext,
  store: Store,
  targets: readonly TargetDefinition[],
  watch: CreateWatch,
): Promise<CreateResult | undefined> {
  // What is left out of today's backups is overwritten like all else: the excludes are those of the backup.
  const exclude = sharedExcludes(targets);
  const lookingEverywhere = { ...context, settings: { ...context.settings, exclude } };
  try {
    return await createInLockedStore(lookingEverywhere, { type: 'pre-restore' }, store, targets, { watch });
  } catch (error) {
    if (isBackupError(error, 'NOTHING_TO_BACK_UP')) return undefined;
    throw error;
  }
}

/** What every target leaves out need not be searched for databases. */
function sharedExcludes(targets: readonly TargetDefinition[]): string[] {
  const [first, ...others] = targets;
  return (first?.exclude ?? []).filter((one) => others.every((other) => other.exclude.includes(one)));
}

/** A link in the place of a database is nothing that a search for databases finds: it is named. */
function withReplacedDatabases({ plan, databases, destination, targets }: Placement): TargetDefinition[] {
  const links = databases.filter(
    (one) =>
      plan.changed.has(one) &&
      lstatSync(toSystemPath(destination.pathOf(one)), { throwIfNoEntry: false })?.isSymbolicLink() === true,
  );
  return targets.map((target) =>
    hasDatabases(target) ? { ...target, sources: [...target.sources, ...links] } : target,
  );
}

/**
 * What the safety backup does not hold must not be overwritten: it would exist nowhere any more.
 * @throws BackupError DATABASE_LOCKED, SAFETY_INCOMPLETE
 */
async function expectHeld(
  { plan, destination, extra, eachPlace }: Placement,
  { held, heldDatabases }: { held: PathSet; heldDatabases: ReadonlySet<string> },
  made: CreateResult | undefined,
  waitedSeconds: number,
): Promise<void> {
  const locked = made?.warnings.find((one) => one.code === 'database-locked' && plan.changed.has(one.path ?? ''));
  if (locked?.path !== undefined) throw new BackupError('DATABASE_LOCKED', { database: locked.path, waitedSeconds });
  const deleted = new PathSet();
  for (const path of extra) deleted.add(path);
  const paths: string[] = [];
  let count = 0;
  let secrets = 0;
  await eachPlace((path) => {
    if (!plan.changed.has(path) || held.has(path)) return;
    const standing = kindAt(destination.pathOf(path));
    // A folder is deleted when it is empty, and not with what is in it.
    if (standing === undefined || (standing === 'directory' && deleted.has(path))) return;
    // The hot copy of a database holds what its log holds.
    if (heldDatabases.has(isSqliteCompanion(path) ?? '')) return;
    count += 1;
    if (isEnvFileName(path.slice(path.lastIndexOf('/') + 1))) secrets += 1;
    if (paths.length < mostNamed) paths.push(path);
  });
  if (count > 0) throw new BackupError('SAFETY_INCOMPLETE', { paths, count, secrets });
}

/** What stands there; undefined where nothing does. What cannot be looked at may be there. */
function kindAt(path: string): 'directory' | 'other' | undefined {
  try {
    const stat = lstatSync(toSystemPath(path), { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    return stat.isDirectory() ? 'directory' : 'other';
  } catch (error) {
    return isSystemError(error, 'ENOENT', 'ENOTDIR') ? undefined : 'other';
  }
}
