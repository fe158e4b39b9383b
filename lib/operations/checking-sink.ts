import { ContentCheck } from '../archive/content-check.ts';
import type { ContentSink } from '../archive/content.ts';
import { Breather } from '../core/breather.ts';
import { isBackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { isRefused, refusalReason } from '../core/refused-read.ts';
import { finding, type Finding } from '../core/findings.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { DatabaseStaging } from './staged-databases.ts';

export interface CheckingSinkOptions {
  onProblem: (problem: Finding) => void;
  onBytes: (bytes: number) => void;
  /** Told of each file that was read to its end, right or wrong. */
  onFile?: () => void;
  /** Where databases are written for SQLite to check; absent where only hashes count. */
  databases?: DatabaseStaging;
}

/** Compares every content with its size and hash. Whoever makes it closes it. */
export class CheckingSink implements ContentSink {
  private readonly options: CheckingSinkOptions;
  private readonly breather = new Breather();
  private check: ContentCheck | undefined;

  constructor(options: CheckingSinkOptions) {
    this.options = options;
  }

  begin(entry: ManifestEntry): void {
    this.check = entry.kind === 'file' ? new ContentCheck(entry) : undefined;
    if (entry.database !== undefined) this.options.databases?.begin(entry);
  }

  bytes(_entry: ManifestEntry, bytes: Buffer): void {
    this.check?.bytes(bytes);
    this.options.databases?.bytes(bytes);
    this.options.onBytes(bytes.length);
  }

  end(entry: ManifestEntry): void | Promise<void> {
    this.options.databases?.end();
    const problem = this.check?.problem();
    if (this.check !== undefined) this.options.onFile?.();
    if (problem !== undefined) {
      const { code, expected, found } = problem;
      this.options.onProblem(finding(code, { path: entry.path, expected, found }));
    }
    return this.breather.isDue ? this.breather.pause() : undefined;
  }

  failed(entry: ManifestEntry, error: Error): void {
    this.options.databases?.end();
    // Nothing is known of it then: that is no damage.
    if (isBackupError(error, 'CODEC_UNAVAILABLE') || isBackupError(error, 'BACKUP_UNREADABLE')) throw error;
    if (isRefused(error)) {
      const { path } = entry;
      this.options.onProblem(finding('backup-unreadable', { path, reason: refusalReason(error, path) }));
    } else if (isSystemError(error, 'ENOENT')) this.options.onProblem(finding('entry-missing', { path: entry.path }));
    else {
      const reason = isBackupError(error, 'ARCHIVE_DAMAGED') ? error.params.problem : reasonOf(error);
      this.options.onProblem(finding('entry-damaged', { path: entry.path, reason }));
    }
  }

  close(): void {
    this.options.databases?.end();
  }
}
