import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { Breather } from '../core/breather.ts';
import { BackupError, isBackupError, isSystemError, reasonOf, writeError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { refusedRead } from '../core/refused-read.ts';
import { FrameTable } from '../store/frame-table.ts';
import { entriesOnly, type ManifestHeader } from '../store/manifest.ts';
import { verificationNote } from './audit-verification.ts';
import { audited } from './audited.ts';
import { CheckingSink } from './checking-sink.ts';
import { checkManifest } from './check-manifest.ts';
import { checkTreeLinks } from './check-tree-links.ts';
import type { DataSubset } from './data-subset.ts';
import { DatabaseStaging } from './staged-databases.ts';
import { sealedProblems } from './sealed-problems.ts';
import { noteVerification } from './note-verification.ts';
import { archiveOf, archivePath } from './chain-archives.ts';
import { openContent } from './open-content.ts';
import type { ForeignBackup, OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';
import { damagedFrames, keyOfFrames, type ProvenArchives } from './verify-frames.ts';
import { verifyScratch } from './verify-scratch.ts';
import { verifySubset } from './verify-subset.ts';

/**
 * `integrity`: the stored bytes. `content`: every file's hash as well, and the databases' integrity. `subset`: a part
 * of the stored bytes, which proves nothing of the others.
 */
export type VerifyLevel = 'integrity' | 'content' | 'subset';

/** What is asked for. */
export type VerifyDepth = 'integrity' | 'content' | DataSubset;

export const levelOf = (depth: VerifyDepth): VerifyLevel => (typeof depth === 'string' ? depth : 'subset');

/** The fields of `backup:verify --json`. */
export interface VerifyResult {
  id: string;
  ok: boolean;
  level: VerifyLevel;
  /** In the backup; of a subset, those that were read whole. */
  files: number;
  /** Bytes that were read and proven. */
  bytes: number;
  /** Bytes that all of it would be, where a subset was asked for. */
  totalBytes?: number;
  duration: number;
  problems: Finding[];
  /** What is no fault of the backup. */
  warnings: Finding[];
}

/** True when something is wrong with the backup, and not only refused to this user. */
export const isDamaged = ({ problems }: Pick<VerifyResult, 'problems'>): boolean =>
  problems.some((one) => one.code !== 'backup-unreadable');

/** Collects every problem of a backup; it does not stop at the first. */
export function verifyBackup(
  context: RunContext,
  backup: OpenBackup | ForeignBackup,
  depth: VerifyDepth,
  proven?: ProvenArchives,
): Promise<VerifyResult> {
  const begun = { act: 'verify', backup: backup.id, facts: { level: levelOf(depth) } } as const;
  return audited(context, begun, () => prove(context, backup, depth, proven), verificationNote);
}

async function prove(
  context: RunContext,
  backup: OpenBackup | ForeignBackup,
  depth: VerifyDepth,
  proven?: ProvenArchives,
): Promise<VerifyResult> {
  const startedMs = context.clock.monotonicMs();
  context.events.emit('phase', 'verify');
  const run = new VerifyRun(context, depth, proven);
  if (backup.kind === 'foreign') await run.verifyForeign(backup);
  else await run.verifyOwn(backup);
  const { problems, files, bytes, totalBytes } = run;
  const isWhole = problems.length === 0;
  // Someone else's archive is one stream: no part of it can be read alone.
  const level = backup.kind === 'foreign' ? 'integrity' : levelOf(depth);
  const result: VerifyResult = {
    id: backup.id,
    ok: isWhole,
    level,
    files,
    bytes,
    ...(totalBytes === undefined ? {} : { totalBytes }),
    duration: Math.round(context.clock.monotonicMs() - startedMs),
    problems,
    warnings: [...context.keys.takeFindings(), ...run.warnings],
  };
  const isProven = isWhole && level !== 'subset' && !run.isLocked;
  if (backup.kind === 'backup' && (isProven || isDamaged(result))) {
    const unnoted = await noteVerification(context, backup, isWhole);
    if (unnoted !== undefined) result.warnings.push(unnoted);
  }
  return result;
}

const readBytes = 4 << 20;

class VerifyRun {
  readonly problems: Finding[] = [];
  readonly warnings: Finding[] = [];
  files = 0;
  bytes = 0;
  totalBytes: number | undefined;
  /** No key opened it: what its bytes mean, and what it builds on, is not known. */
  isLocked = false;
  private readonly context: RunContext;
  private readonly depth: VerifyDepth;
  private readonly proven: ProvenArchives;
  /** One of all backups of a store, which need not have one key. */
  private readonly isOfMany: boolean;
  private readonly breather = new Breather();

  constructor(context: RunContext, depth: VerifyDepth, proven: ProvenArchives | undefined) {
    this.isOfMany = proven !== undefined;
    this.proven = proven ?? new Map<string, readonly Finding[]>();
    this.context = context;
    this.depth = depth;
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
    if (!backup.isEncrypted && this.context.settings.storage.encrypt) {
      this.warnings.push(finding('not-encrypted', { path: backup.id }));
    }
    const isReadable = !backup.isEncrypted || (await this.verifySealed(backup));
    const header = isReadable ? await this.checkManifest(backup, frames) : undefined;
    const { depth } = this;
    if (typeof depth === 'object') return this.verifySubset(backup, header, frames, depth);
    const isArchiveWhole = backup.metadata.layout === 'directory' || (await this.verifyArchive(backup));
    if (header === undefined) return;
    if (!isArchiveWhole && header.layout === 'tar') await this.verifyFrames(backup, header, frames, 0);
    for (let index = 1; index < header.archives.length; index += 1) {
      await this.verifyFrames(backup, header, frames, index);
    }
    // A zip that lies alone has no hash but those of its files.
    const hasOwnHash = header.layout === 'tar' || backup.metadata.archive?.sha256 !== undefined;
    if (depth === 'content' || !hasOwnHash) await this.verifyContent(backup, header, frames);
  }

  /**
   * What can be said of an encrypted backup before its manifest is read.
   * @returns whether that can be read at all.
   */
  private async verifySealed(backup: OpenBackup): Promise<boolean> {
    this.problems.push(...sealedProblems(backup));
    try {
      await backup.unlock();
      return !this.problems.some((one) => one.code === 'manifest-damaged' || one.code === 'manifest-hash');
    } catch (error) {
      if (isBackupError(error, 'NOT_AUTHENTIC')) {
        this.problems.push(finding('not-authentic', { path: 'metadata.json', reason: error.params.problem }));
        return false;
      }
      const isMissing = isBackupError(error, 'KEY_MISSING');
      const isWrong = isBackupError(error, 'KEY_WRONG') && this.isOfMany;
      // The stored bytes tell something without a key, too; what they hold does not.
      if (!(isMissing || isWrong) || this.depth !== 'integrity') throw error;
      this.isLocked = true;
      this.files = backup.metadata.files;
      const reason = isMissing
        ? `no ${error.params.needsPrivate === true ? 'private key' : 'key'} is given`
        : 'no key that is given opens it';
      this.warnings.push(finding('key-missing', { path: backup.id, reason }));
      return false;
    }
  }

  private async verifySubset(
    backup: OpenBackup,
    header: ManifestHeader | undefined,
    frames: FrameTable,
    subset: DataSubset,
  ): Promise<void> {
    this.files = 0;
    if (header === undefined) return;
    const onProblem = (problem: Finding): void => void this.problems.push(problem);
    const onBytes = (bytes: number): void => this.read(bytes);
    const onFile = (): void => void (this.files += 1);
    try {
      const check = { context: this.context, backup, header, frames, subset, onProblem, onBytes, onFile };
      this.totalBytes = await verifySubset(check);
    } catch (error) {
      this.collect(error, backup.metadata.archive?.file ?? backup.id);
    }
  }

  private collect(thrown: unknown, path: string): void {
    const error = refusedRead(thrown, path);
    if (isBackupError(error, 'INTERRUPTED')) throw error;
    if (isBackupError(error, 'UNSAFE_ENTRY')) {
      this.problems.push(finding('entry-unsafe', { path: error.params.path, reason: error.params.reason }));
    } else if (isBackupError(error, 'MANIFEST_DAMAGED')) {
      this.problems.push(finding('manifest-damaged', { path, reason: error.params.problem }));
    } else if (isBackupError(error, 'NOT_AUTHENTIC')) {
      this.problems.push(finding('not-authentic', { path, reason: error.params.problem }));
    } else if (isBackupError(error, 'ARCHIVE_DAMAGED')) {
      this.problems.push(finding('archive-unreadable', { path, reason: error.params.problem }));
    } else if (isBackupError(error, 'ARCHIVE_UNKNOWN')) {
      this.problems.push(finding('archive-unreadable', { path, reason: error.params.reason }));
    } else if (isBackupError(error, 'BACKUP_UNREADABLE')) {
      const isKnown = this.problems.some((one) => one.code === 'backup-unreadable' && one.path === path);
      if (!isKnown) this.problems.push(finding('backup-unreadable', { path, reason: error.params.reason }));
    } else if (isSystemError(error, 'ENOENT')) this.problems.push(finding('archive-missing', { path }));
    else if (isSystemError(error, 'EIO', 'EISDIR')) {
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

  /**
   * Reads the archive once, front to back, and compares its SHA-256. An archive that lies alone has its frames' hashes
   * only.
   */
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

  /**
   * Which frames of an archive are damaged: of the backup's own where it is not whole, or has no hash as a whole; of each one
   * that it builds on.
   */
  private async verifyFrames(
    backup: OpenBackup,
    header: ManifestHeader,
    frames: FrameTable,
    index: number,
  ): Promise<void> {
    const path = (index === 0 ? undefined : header.archives[index]?.file) ?? backup.metadata.archive?.file ?? '';
    const key = index === 0 ? undefined : keyOfFrames(archivePath(backup, header, index), frames, index);
    const known = key === undefined ? undefined : this.proven.get(key);
    if (known !== undefined) {
      this.problems.push(...known);
      return;
    }
    const problemsBefore = this.problems.length;
    try {
      if (!existsSync(archivePath(backup, header, index))) {
        // The backup's own has been missed already.
        if (index !== 0) this.problems.push(finding('archive-missing', { path }));
        return;
      }
      const check = { backup, header, frames, signal: this.context.signal };
      const onBytes = (bytes: number): void => void (this.bytes += bytes);
      for await (const problem of damagedFrames(check, index, path, onBytes)) this.problems.push(problem);
    } catch (error) {
      this.collect(error, path);
    } finally {
      if (key !== undefined) this.proven.set(key, this.problems.slice(problemsBefore));
    }
  }

  private async verifyContent(backup: OpenBackup, header: ManifestHeader, frames: FrameTable): Promise<void> {
    const scratch = await verifyScratch(this.context, backup);
    const databases = new DatabaseStaging(scratch.path);
    try {
      const reader = await openContent(backup, header, frames, {
        signal: this.context.signal,
        scratch: () => databases.folder('zip'),
      });
      const sink = new CheckingSink({
        onProblem: (problem) => this.problems.push(problem),
        onBytes: (bytes) => this.read(bytes),
        ...(this.depth === 'content' ? { databases } : {}),
      });
      try {
        await reader.read(entriesOnly(backup.readManifest()), sink);
      } finally {
        reader.close();
        sink.close();
      }
      if (header.layout === 'directory') await checkTreeLinks(backup, (problem) => this.problems.push(problem));
      if (this.depth !== 'content') return;
      for (const staged of databases.staged) {
        const problem = await databases.problemOf(staged, this.context.signal);
        if (problem !== undefined)
          this.problems.push(finding('database-damaged', { path: staged.entry.path, reason: problem }));
      }
    } catch (error) {
      if (isSystemError(error, 'ENOSPC', 'EDQUOT')) throw writeError(error, scratch.path, 'checking its databases');
      this.collect(error, backup.metadata.archive?.file ?? backup.id);
    } finally {
      await databases.settle();
      scratch.remove();
    }
  }

  private read(bytes: number): void {
    this.bytes += bytes;
    this.progress(0);
  }
}
