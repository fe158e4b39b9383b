import { isBackupError, type BackupError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { RestorePlan } from './restore-result.ts';
import type { RestoreAction } from './restore-decision.ts';

/** More than this are counted, not named. */
const mostNamed = 1000;

/** What a forced restore cannot give back whole. It is taken out of the plan, and what stands in its place stays. */
export class LostEntries {
  /** Where they would have gone. */
  readonly origins = new Set<string>();
  private readonly plan: RestorePlan;
  private readonly named: Finding[] = [];
  private first: BackupError | undefined;

  constructor(plan: RestorePlan) {
    this.plan = plan;
  }

  /** @throws the error where it says nothing about this entry alone. */
  note(entry: ManifestEntry, origin: string, action: RestoreAction, error: BackupError): void {
    const reason = lossReason(error);
    if (reason === undefined) throw error;
    this.first ??= error;
    this.origins.add(origin);
    this.plan.counts[action] -= 1;
    this.plan.bytes -= entry.size;
    if (this.named.length < mostNamed) this.named.push(finding('entry-not-restored', { path: origin, reason }));
  }

  /**
   * Puts what is lost into the plan's warnings.
   * @throws the first loss where nothing at all was whole: that is no restore.
   */
  finish(): void {
    const { create, overwrite, unchanged } = this.plan.counts;
    if (this.first !== undefined && create + overwrite + unchanged === 0) throw this.first;
    this.plan.warnings.push(...this.named);
    const rest = this.origins.size - this.named.length;
    if (rest > 0) this.plan.warnings.push(finding('more-findings', { count: rest }));
  }
}

function lossReason(error: BackupError): string | undefined {
  if (isBackupError(error, 'ARCHIVE_DAMAGED') || isBackupError(error, 'CONTENT_MISMATCH')) return error.params.problem;
  return isBackupError(error, 'BACKUP_UNREADABLE') ? error.params.reason : undefined;
}
