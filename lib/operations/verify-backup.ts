import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Breather } from '../core/breather.ts';
import { replaceFile } from '../core/durable-files.ts';
import { BackupError, isBackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { decodePath, toSystemPath } from '../core/path-bytes.ts';
import { FrameTable } from '../store/frame-table.ts';
import { entriesOnly, type ManifestHeader } from '../store/manifest.ts';
import { formatMetadata, readMetadata, type Metadata } from '../store/metadata.ts';
import { CheckingSink } from './checking-sink.ts';
import { checkManifest } from './check-manifest.ts';
import { DatabaseStaging } from './staged-databases.ts';
import { archiveOf, openArchive, openContent } from './open-content.ts';
import type { ForeignBackup, OpenBackup } from './open-backup.ts';
import type { RunContext } from './run-context.ts';

/** `integrity`: the stored bytes. `content`: every file's hash as well, and the databases' integrity. */
export type VerifyLevel = 'integrity' | 'content';

/** The fields of `backup:verify --json`. */
export interface VerifyResult {
  id: string;
  ok: boolean;
  level: VerifyLevel;
  files: number;
  /** Bytes that were read and proven. */
  bytes: number;
  duration: number;
  problems: Finding[];
}

/** Collects every problem of a backup; it does not stop at the first. */
export async function verifyBackup(
  context: RunContext,
  backup: OpenBackup | ForeignBackup,
  level: VerifyLevel,
): Promise<VerifyResult> {
  const startedMs = context.clock.monotonicMs();
  context.events.emit('phase', 'verify');
  const run = new VerifyRun(context, level);
  if (backup.kind === 'foreign') await run.verifyForeign(backup);
  else await run.verifyOwn(backup);
  const { problems, files, bytes } = run;
  const result: VerifyResult = {
    id: backup.id,
    ok: problems.length === 0,
    level,
    files,
    bytes,
    duration: Math.round(context.clock.monotonicMs() - startedMs),
    problems,
  };
  if (backup.kind === 'backup') await noteOutcome(backup, result.ok, context);
  return result;
}

/**
 * Notes the proof in metadata.json, so that cleanup keeps a verified backup, or takes it back: what is damaged now must not
 * pass for verified. A store that cannot be written to stays as it is.
 */
async function noteOutcome(backup: OpenBackup, isWhole: boolean, context: RunContext): Promise<void> {
  if (backup.folder === undefined || (!isWhole && backup.metadata.verifiedAt === undefined)) return;
  try {
    const current = await readMetadata(backup.folder);
    if (current === undefined || current.id !== backup.id) return;
    const { verifiedAt: _, ...unproven } = current;
    const noted: Metadata = isWhole ? { ...current, verifiedAt: context.clock.now().toISOString() } : unproven;
    replaceFile(join(backup.folder, 'metadata.json'), formatMetadata(noted), context.settings.storage.fileMode);
  } catch (error) {
    if (!isSystemError(error, 'EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOENT')) throw error;
  }
}

const readBytes = 4 << 20;

class VerifyRun {
  readonly problems: Finding[] = [];
  files = 0;
  bytes = 0;
  private readonly context: RunContext;
  private readonly level: VerifyLevel;
  private readonly breather = new Breather();

  constructor(context: RunContext, level: VerifyLevel) {
    this.context = context;
    this.level = level;
  }

  async verifyForeign(backup: ForeignBackup): Promise<void> {
    const { readForeign } = await import('./read-foreign.ts');
    try {
      const listing = await readForeign(backup, this.context.signal);
      this.files = listing.files;
      this.bytes = listing.bytes;
    } catch (error) {
      this.collect(error, backup.archive);
    }
  }

  async verifyOwn(backup: OpenBackup): Promise<void> {
    const frames = new FrameTable();
    const header = await this.checkManifest(backup, frames);
    const isArchiveWhole = backup.metadata.layout === 'directory' || (await this.verifyArchive(backup));
    if (header === undefined) return;
    if (!isArchiveWhole && header.layout === 'tar') await this.verifyFrames(backup, header, frames);
    // A zip that lies alone has no hash but those of its files.
    const hasOwnHash = header.layout === 'tar' || backup.metadata.archive?.sha256 !== undefined;
    if (this.level === 'content' || !hasOwnHash) await this.verifyContent(backup, header, frames);
  }

  private collect(error: unknown, path: string): void {
    if (isBackupError(error, 'INTERRUPTED')) throw error;
    if (isBackupError(error, 'UNSAFE_ENTRY')) {
      this.problems.push(finding('entry-unsafe', { path: error.params.path, reason: error.params.reason }));
    } else if (isBackupError(error, 'MANIFEST_DAMAGED')) {
      this.problems.push(finding('manifest-damaged', { path, reason: error.params.problem }));
    } else if (isBackupError(error, 'ARCHIVE_DAMAGED')) {
      this.problems.push(finding('archive-unreadable', { path, reason: error.params.problem }));
    } else if (isBackupError(error, 'ARCHIVE_UNKNOWN')) {
      this.problems.push(finding('archive-unreadable', { path, reason: error.params.reason }));
    } else if (isSystemError(error, 'ENOENT')) this.problems.push(finding('archive-missing', { path }));
    else if (isSystemError(error, 'EIO', 'EACCES', 'EISDIR')) {
      this.problems.push(finding('archive-unreadable', { path, reason: reasonOf(error) }));
    } else throw error;
  }

  private async checkManifest(backup: OpenBackup, frames: FrameTable): Promise<ManifestHeader | undefined> {
    try {
      const { header, files, problems } = await checkManifest(backup, frames);
      this.problems.push(...problems);
      this.files += files;
      return header;
    } catch (error) {
      this.collect(error, 'manifest.jsonl');
      return undefined;
    }
  }

  /** Reads the archive once, front to back, and compares its SHA-256. An archive that lies alone has its frames' hashes only. */
  private async verifyArchive(backup: OpenBackup): Promise<boolean> {
    const { archive: summary } = backup.metadata;
    if (summary?.sha256 === undefined) return backup.metadata.layout === 'zip';
    const path = summary.file;
    try {
      const { size, sha256 } = await this.hashFile(archiveOf(backup), summary.size);
      if (summary.size !== undefined && size !== summary.size) {
        this.problems.push(finding('archive-size', { path, expected: String(summary.size), found: String(size) }));
        return false;
      }
      if (sha256 === summary.sha256) return true;
      this.problems.push(finding('archive-hash', { path }));
    } catch (error) {
      this.collect(error, path);
    }
    return false;
  }

  private async hashFile(file: string, expectedBytes = 0): Promise<{ size: number; sha256: string }> {
    const fd = openSync(file, 'r');
    try {
      const digest = createHash('sha256');
      const buffer = Buffer.allocUnsafeSlow(readBytes);
      let size = 0;
      for (;;) {
        if (this.context.signal.aborted) throw new BackupError('INTERRUPTED', {});
        const got = readSync(fd, buffer, 0, readBytes, null);
        if (got === 0) break;
        digest.update(buffer.subarray(0, got));
        size += got;
        this.bytes += got;
        this.progress(expectedBytes);
        await this.breather.pause();
      }
      return { size: Math.max(size, fstatSync(fd).size), sha256: digest.digest('hex') };
    } finally {
      closeSync(fd);
    }
  }

  private progress(totalBytes: number): void {
    this.context.events.emit('progress', { phase: 'verify', files: this.files, bytes: this.bytes, totalBytes });
  }

  /** Which frames are damaged, where the archive as a whole is, or has no hash of its own. */
  private async verifyFrames(backup: OpenBackup, header: ManifestHeader, frames: FrameTable): Promise<void> {
    const path = backup.metadata.archive?.file ?? '';
    try {
      if (!existsSync(archiveOf(backup))) return;
      const reader = openArchive(backup, header, 0);
      try {
        for (let frame = 0; frame < frames.length; frame += 1) {
          const line = frames.get(frame);
          if (line.archive !== 0) continue;
          await this.breather.pause();
          if (this.context.signal.aborted) throw new BackupError('INTERRUPTED', {});
          try {
            this.bytes += reader.readStored(line).length;
          } catch (error) {
            if (!isBackupError(error, 'ARCHIVE_DAMAGED')) throw error;
            this.problems.push(finding('frame-damaged', { path, count: frame, reason: error.params.problem }));
          }
        }
      } finally {
        reader.close();
      }
    } catch (error) {
      this.collect(error, path);
    }
  }

  private async verifyContent(backup: OpenBackup, header: ManifestHeader, frames: FrameTable): Promise<void> {
    const scratch = mkdtempSync(join(tmpdir(), 'ai-backup-verify-'));
    const databases = new DatabaseStaging(scratch);
    try {
      const reader = await openContent(backup, header, frames, {
        signal: this.context.signal,
        scratch: () => databases.folder('zip'),
      });
      const sink = new CheckingSink({
        onProblem: (problem) => this.problems.push(problem),
        onBytes: (bytes) => this.read(bytes),
        ...(this.level === 'content' ? { databases } : {}),
      });
      try {
        await reader.read(entriesOnly(backup.readManifest()), sink);
      } finally {
        reader.close();
        sink.close();
      }
      if (header.layout === 'directory') await this.verifyLinks(backup);
      if (this.level !== 'content') return;
      for (const staged of databases.staged) {
        const problem = await databases.problemOf(staged, this.context.signal);
        if (problem !== undefined)
          this.problems.push(finding('database-damaged', { path: staged.entry.path, reason: problem }));
      }
    } catch (error) {
      this.collect(error, backup.metadata.archive?.file ?? backup.id);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** A plain tree keeps links as links, so what they say is compared where they lie. */
  private async verifyLinks(backup: OpenBackup): Promise<void> {
    for await (const batch of backup.readManifest()) {
      for (const line of batch) {
        if (line.type !== 'entry' || line.entry.kind === 'file') continue;
        const { kind, path, linkTarget } = line.entry;
        const file = toSystemPath(`${backup.folder ?? ''}/${path}`);
        const stat = lstatSync(file, { throwIfNoEntry: false });
        const isThere = kind === 'directory' ? stat?.isDirectory() : stat?.isSymbolicLink();
        if (isThere !== true) this.problems.push(finding('entry-missing', { path }));
        else if (kind === 'symlink' && decodePath(readlinkSync(file, 'buffer')) !== linkTarget) {
          this.problems.push(finding('entry-damaged', { path, reason: 'the link says something else' }));
        }
      }
    }
  }

  private read(bytes: number): void {
    this.bytes += bytes;
    this.progress(0);
  }
}
