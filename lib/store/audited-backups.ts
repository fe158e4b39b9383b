import { timeOfBackupId } from './backup-id.ts';
import type { AuditLine } from './audit-line.ts';

/** What an audit log says of which backups there should be. */
export class AuditedBackups {
  /** When the first line was written; undefined where there is none. */
  firstAt: Date | undefined;
  private readonly created = new Set<string>();
  private readonly removed = new Set<string>();

  readonly note = (line: AuditLine): void => {
    this.firstAt ??= new Date(line.at);
    const { act, outcome, backup, facts } = line;
    const isMade = makingActs.has(act) && (outcome === 'done' || outcome === 'incomplete');
    if (isMade && backup !== undefined && timeOfBackupId(backup) !== undefined) this.created.add(backup);
    // A cleanup says beforehand what it is going to remove: so one that is killed leaves nothing that looks stolen.
    for (const ids of [facts.removes, facts.removed]) {
      if (Array.isArray(ids)) for (const id of ids) if (typeof id === 'string') this.removed.add(id);
    }
  };

  /**
   * @param present the IDs of what is in the store.
   * @returns `gone`: made and never removed, and not there. `unknown`: there, and no line says who made it; `earlier`: those of
   * them that are older than the log. All oldest first.
   */
  compare(present: ReadonlySet<string>): { gone: string[]; unknown: string[]; earlier: string[] } {
    const gone = [...this.created].filter((id) => !present.has(id) && !this.removed.has(id)).sort();
    const unmade = [...present].filter((id) => !this.created.has(id)).sort();
    const isEarlier = (id: string): boolean => {
      const time = timeOfBackupId(id);
      return time !== undefined && (this.firstAt === undefined || time < this.firstAt);
    };
    return { gone, unknown: unmade.filter((id) => !isEarlier(id)), earlier: unmade.filter(isEarlier) };
  }
}

const makingActs = new Set(['create', 'consolidate']);
