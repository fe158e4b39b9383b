import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { DatabaseSummary, SourceEntry } from '../core/entry.ts';
import { BackupError, isBackupError, isSystemError, reasonOf, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { printablePath } from '../core/path-bytes.ts';
import { checkSqlite, copySqlite } from '../targets/databases/sqlite-driver.ts';
import { statOf } from '../targets/scan-folder.ts';
import type { PlacedFolder } from '../targets/scan-target.ts';
import { CopyProgress } from './copy-progress.ts';
import { corruptName } from './corrupt-name.ts';
import { databaseState, type DatabaseState } from './live-databases.ts';
import { isUnlikeSqlite, rawLogs } from './raw-logs.ts';
import type { RunContext } from './run-context.ts';

/** What is to be stored of a database, ready to be read, and what there is to say about it. */
export interface CopiedDatabase {
  entries: SourceEntry[];
  /** Absent where no whole copy was made. */
  summary?: DatabaseSummary;
  findings: Finding[];
}

type CopierContext = Pick<RunContext, 'settings' | 'clock' | 'signal' | 'events' | 'databaseTimeoutSeconds'>;

type Copied =
  | {
      bytes: number;
      file: string;
      version: string;
      tables: string[];
      pageSize: number;
      state: DatabaseState | undefined;
    }
  | { error: unknown };

/** Copies databases hot, one after the other, beside the packing of other files. */
export class DatabaseCopier {
  private readonly context: CopierContext;
  private readonly folder: string;
  private readonly placed: readonly PlacedFolder[];
  private readonly progress: CopyProgress;
  private readonly copies = new Map<string, Promise<Copied>>();
  private readonly isTrusting: boolean;
  private last: Promise<unknown> = Promise.resolve();
  /** Resolves to the first copy that is not whole, once all that were begun are checked. */
  private lastCheck: Promise<Error | undefined> = Promise.resolve(undefined);

  /**
   * @param folder where the copies are written; its owner removes it.
   * @param placed where the sources of the targets stand in the backup; may grow as targets are begun.
   * @param isTrusting gives a copy out while it is still being checked. The caller waits for the proof, and begins again
   * without trust where there is none.
   */
  constructor(context: CopierContext, folder: string, placed: readonly PlacedFolder[], isTrusting: boolean) {
    this.isTrusting = isTrusting;
    this.context = context;
    this.folder = folder;
    this.placed = placed;
    this.progress = new CopyProgress(context.events);
  }

  /** Begins to copy a database, once those before it are done. */
  start(origin: string): Promise<Copied> {
    const known = this.copies.get(origin);
    if (known !== undefined) return known;
    const file = join(this.folder, `database-${this.copies.size + 1}`);
    this.progress.expect(origin, sizeOf(join(this.context.settings.root, origin)));
    const copy = this.last.then(() => this.copy(origin, file)).finally(() => this.progress.end(origin));
    this.copies.set(origin, copy);
    this.last = copy;
    return copy;
  }

  /** Waits for the checks of all copies. @returns why the first one that is not whole is none, or cannot be proven. */
  firstUnproven(): Promise<Error | undefined> {
    return this.progress.whileChecking(this.lastCheck);
  }

  /** Resolves when no copy is under way any more. */
  async settle(): Promise<void> {
    await this.last;
    await this.lastCheck;
  }

  /**
   * The entry of a database, reading from its checked copy. One that stays locked, or is corrupt, is a finding; of a corrupt
   * one the raw file is kept as `<name>.corrupt`, or another name that is free, with its log and its journal beside it.
   */
  async copyOf(entry: SourceEntry): Promise<CopiedDatabase> {
    const origin = entry.origin ?? entry.path;
    const copied = await this.progress.whileAwaiting(this.start(origin));
    if (!('error' in copied)) {
      return {
        entries: [
          { ...entry, ...stateOf(copied.state), size: copied.bytes, readFrom: copied.file, blockSize: copied.pageSize },
        ],
        summary: { name: origin, kind: 'sqlite', version: copied.version, tables: copied.tables },
        findings: [],
      };
    }
    if (isBackupError(copied.error, 'DATABASE_CORRUPT')) return this.rawFiles(entry, copied.error.params.problem);
    return whyNot(entry, origin, copied.error, this.context.databaseTimeoutSeconds);
  }

  private rawFiles(entry: SourceEntry, reason: string): CopiedDatabase {
    const { root } = this.context.settings;
    const { database: _, ...raw } = entry;
    const name = corruptName(entry, root, this.placed);
    const origin = entry.origin ?? entry.path;
    const findings: Finding[] = [];
    const logs = rawLogs(origin, name, { root, target: entry.target, report: (one) => findings.push(one) });
    const about = { path: origin, target: entry.target, reason, found: name.origin };
    const beside = logs.length === 0 ? {} : { beside: logs.map((log) => log.origin ?? log.path).join(', ') };
    const kind = isUnlikeSqlite(join(root, origin)) ? { kind: 'no-header' } : {};
    findings.push(finding('database-corrupt', { ...about, ...beside, ...kind }));
    // The log is read first: what a program writes back into the database meanwhile is in one of the two.
    return { entries: [...logs, { ...raw, ...name }], findings };
  }

  private async copy(origin: string, file: string): Promise<Copied> {
    const { clock, signal, settings, databaseTimeoutSeconds } = this.context;
    // An interrupted run starts no further copy.
    if (signal.aborted) return { error: new Error('interrupted') };
    try {
      const source = join(settings.root, origin);
      const state = databaseState(source);
      const copied = await copySqlite({
        source,
        destination: file,
        isChecked: !this.isTrusting,
        timeoutMs: databaseTimeoutSeconds * 1000,
        clock,
        signal,
        onProgress: (bytes, totalBytes) => this.progress.advance(origin, bytes, totalBytes),
      });
      const { bytes, version, tables, pageSize } = copied;
      if (this.isTrusting) this.check(source, file);
      return { bytes, file, version, tables, pageSize, state };
    } catch (error) {
      return { error };
    }
  }

  /** Begins to check a copy, once those before it are checked. What goes wrong otherwise is no proof, either. */
  private check(source: string, file: string): void {
    this.lastCheck = this.lastCheck.then(async (before) => {
      if (before !== undefined) return before;
      try {
        const { isWhole, problems } = await checkSqlite(file, { signal: this.context.signal });
        if (isWhole) return undefined;
        const problem = problems.slice(0, 5).join('; ');
        return new BackupError('DATABASE_CORRUPT', { database: printablePath(source), problem });
      } catch (error) {
        if (!isNativeError(error)) throw error;
        return error;
      }
    });
  }
}

function whyNot(entry: SourceEntry, origin: string, error: unknown, timeoutSeconds: number): CopiedDatabase {
  const about = { path: origin, target: entry.target };
  if (isBackupError(error, 'DATABASE_LOCKED')) {
    return nothingBut(finding('database-locked', { ...about, reason: `${timeoutSeconds} s` }));
  }
  if (isBackupError(error, 'DATABASE_COPY_FAILED')) {
    return nothingBut(finding('database-unreadable', { ...about, reason: error.params.problem }));
  }
  if (isSystemError(error, 'ENOENT')) return nothingBut(finding('file-vanished', about));
  if (isSystemError(error, 'EACCES', 'EPERM', 'EIO')) {
    return nothingBut(finding('database-unreadable', { ...about, reason: systemCode(error) ?? reasonOf(error) }));
  }
  throw error;
}

/** A database is noted as it was before its copy: what is committed afterwards then shows at the next look. */
function stateOf(state: DatabaseState | undefined): Partial<SourceEntry> {
  return state === undefined ? {} : { ...state.file, live: state.live };
}

const nothingBut = (one: Finding): CopiedDatabase => ({ entries: [], findings: [one] });

function sizeOf(absolute: string): number {
  const stat = statOf(absolute);
  return stat === undefined || isNativeError(stat) ? 0 : Number(stat.size);
}
