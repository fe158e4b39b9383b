import { BackupError, isBackupError } from '../core/errors.ts';
import { expectRoomFor } from '../core/free-space.ts';
import { finding } from '../core/findings.ts';
import { refusedRead } from '../core/refused-read.ts';
import { ContentCheck } from '../archive/content-check.ts';
import type { ContentSink } from '../archive/content.ts';
import { entriesOnly, type ManifestEntry } from '../store/manifest.ts';
import { auditedRestore } from './audit-restore.ts';
import { LostEntries } from './lost-entries.ts';
import { archiveOf } from './chain-archives.ts';
import { openContent } from './open-content.ts';
import type { PreparedRestore } from './plan-restore.ts';
import type { StagedRestore } from './placement.ts';
import { putInPlace } from './put-in-place.ts';
import { decide } from './restore-decision.ts';
import type { RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import type { DatabaseStaging } from './staged-databases.ts';
import { StagingFolder } from './staging-folder.ts';
import { ownOpener } from './readable-zip.ts';
import { ZipSalvage } from './zip-salvage.ts';

/**
 * Applies a plan: safety backup, staging, every hash and database checked, and only then the swap. Until the swap nothing
 * at the destination has changed.
 * @throws BackupError CONTENT_MISMATCH, ARCHIVE_DAMAGED, UNSAFE_ENTRY, NO_SPACE, DATABASE_LOCKED, STORE_LOCKED, INTERRUPTED
 */
export function applyRestore(context: RunContext, prepared: PreparedRestore): Promise<RestoreResult> {
  const { backup, plan } = prepared;
  return auditedRestore(context, backup.id, plan.destination, () => apply(context, prepared));
}

async function apply(context: RunContext, prepared: PreparedRestore): Promise<RestoreResult> {
  const { plan, destination, targets, extra, select, backup, request } = prepared;
  // Who knows that most of it is holes of sparse files says so.
  if (request.force !== true) expectRoomFor(prepared.roomBytes, destination.folder, 'the restore');
  const result = await putInPlace(context, {
    plan,
    destination,
    targets,
    extra,
    databases: backup.metadata.databases.map((one) => one.name),
    replacesEnvFiles: prepared.environment?.origins.some((one) => plan.changed.has(one)) === true,
    eachPlace: (visit) => eachPlace(prepared, visit),
    placeOf: (entry) => select(entry) ?? entry.path,
    stage: (staging) => stage(context, prepared, staging.files, staging.databases),
  });
  if (request.verify) await proveRestored(prepared);
  const { lost, environment } = prepared;
  if (environment?.hasOverwritten === true && result.safetyBackup !== undefined) {
    result.warnings.push(finding('secrets-in-safety-backup', { found: result.safetyBackup }));
  }
  return { ...result, id: backup.id, ...(lost.size === 0 ? {} : { notRestored: lost.size }) };
}

async function eachPlace(
  { backup, selectOnce, environment, extra }: PreparedRestore,
  visit: (place: string) => void,
): Promise<void> {
  const select = selectOnce();
  for await (const batch of entriesOnly(backup.readManifest(), (entry) => entry.kind !== 'directory')) {
    for (const entry of batch) {
      const place = select(entry);
      if (place !== undefined) visit(place);
    }
  }
  environment?.origins.forEach(visit);
  extra.forEach(visit);
}

/** Writes everything that is to be created or replaced into the staging folder, each content proven by its hash. */
async function stage(
  context: RunContext,
  prepared: PreparedRestore,
  folder: string,
  databases: DatabaseStaging,
): Promise<StagedRestore> {
  const { backup, header, frames } = prepared;
  const owner = process.getuid?.() === 0 ? { uid: 0, gid: process.getgid?.() ?? 0 } : undefined;
  const files = new StagingFolder(folder, backup.id, owner);
  const lost = prepared.request.force === true ? new LostEntries(prepared.plan) : undefined;
  const reader =
    lost !== undefined && header.layout === 'zip'
      ? new ZipSalvage(archiveOf(backup), context.signal, await ownOpener(backup, header))
      : await openContent(backup, header, frames, {
          signal: context.signal,
          scratch: () => databases.folder('zip'),
        });
  const sink = new StagingSink(context, prepared, files, databases, lost);
  try {
    const isDatabase = (entry: ManifestEntry): boolean => entry.database !== undefined;
    const selectOnce = prepared.selectOnce();
    const read = (isAsked: (entry: ManifestEntry) => boolean): Promise<void> =>
      reader.read(
        entriesOnly(backup.readManifest(), (entry) => isAsked(entry) && isWritten(prepared, entry, selectOnce(entry))),
        sink,
      );
    if (backup.metadata.databases.length === 0) await read(() => true);
    else {
      await read(isDatabase);
      // SQLite checks them in its own process while the files are unpacked in this one.
      databases.startChecks(context.signal);
      await read((entry) => !isDatabase(entry));
    }
    const secretBytes = prepared.environment?.stage(files, context.clock.now()) ?? 0;
    files.finish();
    if (lost !== undefined) await sink.loseDamagedDatabases();
    lost?.finish();
    lost?.origins.forEach((origin) => prepared.lost.add(origin));
    return { bytes: sink.totalBytes + secretBytes, folders: files.folders, owner };
  } finally {
    sink.close();
    reader.close();
  }
}

/** The same decision as the plan's, taken again: what changed since the plan was shown is not overwritten by mistake. */
function isWritten(
  { destination, request }: PreparedRestore,
  entry: ManifestEntry,
  origin: string | undefined,
): boolean {
  if (origin === undefined) return false;
  if (entry.kind === 'directory') return true;
  const { action } = decide(entry, destination.standingAt(entry, origin), request.overwrite);
  return action === 'create' || action === 'overwrite';
}

/** Reads everything back and compares it with the manifest. */
async function proveRestored(prepared: PreparedRestore): Promise<void> {
  const { backup, selectOnce, destination, request, environment, lost } = prepared;
  environment?.prove(backup.id);
  // What a policy keeps is meant to differ.
  if (request.overwrite === 'never' || request.overwrite === 'if-newer') return;
  destination.forget();
  const select = selectOnce();
  for await (const batch of entriesOnly(backup.readManifest())) {
    for (const entry of batch) {
      const origin = select(entry);
      if (origin === undefined || entry.kind !== 'file' || entry.database !== undefined) continue;
      if (lost.has(origin) || destination.standingAt(entry, origin)?.isSame() === true) continue;
      throw new BackupError('RESTORE_DIFFERS', { backup: backup.id, path: origin });
    }
  }
}

class StagingSink implements ContentSink {
  totalBytes = 0;
  private totalFiles = 0;
  private readonly context: RunContext;
  private readonly prepared: PreparedRestore;
  private readonly files: StagingFolder;
  private readonly databases: DatabaseStaging;
  private readonly lost: LostEntries | undefined;
  private check: ContentCheck | undefined;
  private begun: ManifestEntry | undefined;
  private begunBytes = 0;

  /** @param lost takes what is not whole; without it, such a content ends the restore. */
  constructor(
    context: RunContext,
    prepared: PreparedRestore,
    files: StagingFolder,
    databases: DatabaseStaging,
    lost: LostEntries | undefined,
  ) {
    this.context = context;
    this.prepared = prepared;
    this.files = files;
    this.databases = databases;
    this.lost = lost;
  }

  begin(entry: ManifestEntry): void {
    this.check = entry.kind === 'file' ? new ContentCheck(entry) : undefined;
    this.begun = entry;
    this.begunBytes = this.totalBytes;
    if (entry.database !== undefined) this.databases.begin(entry);
    else this.files.begin(entry, this.prepared.select(entry) ?? entry.path);
  }

  bytes(entry: ManifestEntry, bytes: Buffer): void {
    this.check?.bytes(bytes);
    if (entry.database !== undefined) this.databases.bytes(bytes);
    else this.files.bytes(bytes);
    this.totalBytes += bytes.length;
    const { totalBytes, totalFiles: files } = this;
    this.context.events.emit('progress', {
      phase: 'stage',
      files,
      bytes: totalBytes,
      totalBytes: this.prepared.plan.bytes,
    });
  }

  end(entry: ManifestEntry): void {
    const problem = this.check?.problem();
    if (problem !== undefined) {
      const { code, found, expected } = problem;
      const sizes = `${found} bytes where ${expected} are expected`;
      return this.lose(entry, this.mismatch(entry, code === 'entry-size' ? sizes : 'its SHA-256 differs'));
    }
    if (entry.database !== undefined) this.databases.end();
    else this.files.end(entry);
    this.totalFiles += 1;
  }

  failed(entry: ManifestEntry, error: Error): void {
    const failure = refusedRead(error, entry.path);
    this.lose(entry, isBackupError(failure) ? failure : this.mismatch(entry, error.message, error));
  }

  /** What SQLite itself does not call whole is no more restored than what has another hash. */
  async loseDamagedDatabases(): Promise<void> {
    for (const staged of [...this.databases.staged]) {
      const problem = await this.databases.problemOf(staged, this.context.signal);
      if (problem === undefined) continue;
      this.databases.discard(staged.entry);
      this.begun = undefined;
      this.totalBytes -= staged.entry.size;
      this.lose(staged.entry, this.mismatch(staged.entry, `its integrity check says: ${problem}`));
    }
  }

  private mismatch(entry: ManifestEntry, problem: string, cause?: Error): BackupError {
    return new BackupError(
      'CONTENT_MISMATCH',
      { backup: this.prepared.backup.id, path: entry.path, problem },
      { cause },
    );
  }

  private lose(entry: ManifestEntry, error: BackupError): void {
    if (this.lost === undefined) throw error;
    const { select, destination, request } = this.prepared;
    const origin = select(entry) ?? entry.path;
    if (this.begun === entry) {
      if (entry.database !== undefined) this.databases.discard(entry);
      else this.files.discard(origin);
      this.totalBytes = this.begunBytes;
    }
    this.lost.note(
      entry,
      origin,
      decide(entry, destination.standingAt(entry, origin), request.overwrite).action,
      error,
    );
  }

  close(): void {
    this.databases.end();
    this.files.close();
  }
}
