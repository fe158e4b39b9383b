import { BackupError, isBackupError } from '../core/errors.ts';
import { ContentCheck } from '../archive/content-check.ts';
import type { ContentSink } from '../archive/content.ts';
import { entriesOnly, type ManifestEntry } from '../store/manifest.ts';
import { openContent } from './open-content.ts';
import type { PreparedRestore } from './plan-restore.ts';
import { putInPlace, type StagedRestore } from './put-in-place.ts';
import { decide } from './restore-decision.ts';
import type { RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import type { DatabaseStaging } from './staged-databases.ts';
import { StagingFolder } from './staging-folder.ts';

/**
 * Applies a plan: safety backup, staging, every hash and database checked, and only then the swap. Until the swap nothing
 * at the destination has changed.
 * @throws BackupError CONTENT_MISMATCH, ARCHIVE_DAMAGED, UNSAFE_ENTRY, NO_SPACE, DATABASE_LOCKED, STORE_LOCKED, INTERRUPTED
 */
export async function applyRestore(context: RunContext, prepared: PreparedRestore): Promise<RestoreResult> {
  const { plan, destination, targets, extra, select, backup, request } = prepared;
  const result = await putInPlace(context, {
    plan,
    destination,
    targets,
    extra,
    placeOf: (entry) => select(entry) ?? entry.path,
    stage: (staging) => stage(context, prepared, staging.files, staging.databases),
  });
  if (request.verify) await proveRestored(prepared);
  return { ...result, id: backup.id };
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
  const reader = await openContent(backup, header, frames, {
    signal: context.signal,
    scratch: () => databases.folder('zip'),
  });
  const sink = new StagingSink(context, prepared, files, databases);
  try {
    const isDatabase = (entry: ManifestEntry): boolean => entry.database !== undefined;
    const read = (isAsked: (entry: ManifestEntry) => boolean): Promise<void> =>
      reader.read(
        entriesOnly(backup.readManifest(), (entry) => isAsked(entry) && isWritten(prepared, entry)),
        sink,
      );
    if (backup.metadata.databases.length === 0) await read(() => true);
    else {
      await read(isDatabase);
      // SQLite checks them in its own process while the files are unpacked in this one.
      databases.startChecks(context.signal);
      await read((entry) => !isDatabase(entry));
    }
    files.finish();
    return { bytes: sink.totalBytes, folders: files.folders, owner };
  } finally {
    sink.close();
    reader.close();
  }
}

/** The same decision as the plan's, taken again: what changed since the plan was shown is not overwritten by mistake. */
function isWritten({ select, destination, request }: PreparedRestore, entry: ManifestEntry): boolean {
  const origin = select(entry);
  if (origin === undefined) return false;
  if (entry.kind === 'directory') return true;
  const { action } = decide(entry, destination.standingAt(entry, origin), request.overwrite);
  return action === 'create' || action === 'overwrite';
}

/** Reads everything back and compares it with the manifest. */
async function proveRestored({ backup, select, destination, request }: PreparedRestore): Promise<void> {
  // What a policy keeps is meant to differ.
  if (request.overwrite === 'never' || request.overwrite === 'if-newer') return;
  destination.forget();
  const isFile = (entry: ManifestEntry): boolean => entry.kind === 'file' && entry.database === undefined;
  for await (const batch of entriesOnly(backup.readManifest(), isFile)) {
    for (const entry of batch) {
      const origin = select(entry);
      if (origin === undefined || destination.standingAt(entry, origin)?.isSame() === true) continue;
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
  private check: ContentCheck | undefined;

  constructor(context: RunContext, prepared: PreparedRestore, files: StagingFolder, databases: DatabaseStaging) {
    this.context = context;
    this.prepared = prepared;
    this.files = files;
    this.databases = databases;
  }

  begin(entry: ManifestEntry): void {
    this.check = entry.kind === 'file' ? new ContentCheck(entry) : undefined;
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
      const isSize = problem.code === 'entry-size';
      throw new BackupError('CONTENT_MISMATCH', {
        backup: this.prepared.backup.id,
        path: entry.path,
        problem: isSize ? `${problem.found} bytes where ${problem.expected} are expected` : 'its SHA-256 differs',
      });
    }
    if (entry.database !== undefined) this.databases.end();
    else this.files.end(entry);
    this.totalFiles += 1;
  }

  failed(entry: ManifestEntry, error: Error): void {
    if (isBackupError(error)) throw error;
    throw new BackupError(
      'CONTENT_MISMATCH',
      { backup: this.prepared.backup.id, path: entry.path, problem: error.message },
      { cause: error },
    );
  }

  close(): void {
    this.databases.end();
    this.files.close();
  }
}
