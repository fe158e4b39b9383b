import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContentReader } from '../archive/content.ts';
import { isBackupError, reasonOf } from '../core/errors.ts';
import { targetOf, type ManifestEntry } from '../store/manifest.ts';
import { diffSqlite } from '../targets/databases/sqlite-driver.ts';
import { shownPath } from './compare-entries.ts';
import type { DatabaseChange } from './diff-result.ts';
import type { OpenBackup } from './opened-backup.ts';
import { openContent } from './open-content.ts';
import type { RunContext } from './run-context.ts';
import { stageContent } from './stage-database.ts';
import type { ManifestEntries } from './target-entries.ts';

/** A database that both sides hold, with other content. */
export interface DatabasePair {
  before: ManifestEntry;
  after: ManifestEntry;
}

/** Where one side's databases come from: a backup whose manifest was read to its end, or copies of live ones. */
export type DatabaseSource = { backup: OpenBackup; entries: ManifestEntries } | { copies: ReadonlyMap<string, string> };

export interface CompareDatabasesOptions {
  before: DatabaseSource;
  after: DatabaseSource;
  /** A private folder; its owner removes it. */
  scratch: string;
  onUnread: (entry: ManifestEntry, reason: string) => void;
}

/** Unpacks one pair of databases after the other, and asks SQLite in what they differ. */
export async function* compareDatabases<P extends DatabasePair>(
  context: Pick<RunContext, 'signal' | 'events'>,
  pairs: readonly P[],
  options: CompareDatabasesOptions,
): AsyncGenerator<{ pair: P; found: DatabaseChange }> {
  const before = new Shelf(options.before, 'before', options.scratch, context.signal);
  const after = new Shelf(options.after, 'after', options.scratch, context.signal);
  try {
    for (const pair of pairs) {
      context.events.emit('phase', 'check-databases');
      try {
        const old = await before.take(pair.before);
        const now = old instanceof Unavailable ? old : await after.take(pair.after);
        if (old instanceof Unavailable || now instanceof Unavailable) {
          options.onUnread(pair.after, (now as Unavailable).reason);
          continue;
        }
        const differences = await diffSqlite(old, now, context.signal);
        yield { pair, found: { path: shownPath(pair.after), target: targetOf(pair.after.path), ...differences } };
      } catch (error) {
        if (!isBackupError(error, 'DATABASE_CORRUPT') && !isBackupError(error, 'DATABASE_COPY_FAILED')) throw error;
        options.onUnread(pair.after, error.params.problem);
      } finally {
        before.putBack();
        after.putBack();
      }
    }
  } finally {
    before.close();
    after.close();
  }
}

/** Why a database's content is not to be had. */
class Unavailable {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** One side's databases, one at a time in a file. */
class Shelf {
  private readonly source: DatabaseSource;
  private readonly name: string;
  private readonly scratch: string;
  private readonly signal: AbortSignal;
  private reader: ContentReader | undefined;
  private file: string | undefined;

  constructor(source: DatabaseSource, name: string, scratch: string, signal: AbortSignal) {
    this.source = source;
    this.name = name;
    this.scratch = scratch;
    this.signal = signal;
  }

  async take(entry: ManifestEntry): Promise<string | Unavailable> {
    const { source } = this;
    if ('copies' in source) {
      this.file = source.copies.get(entry.path);
      return this.file ?? new Unavailable('there is no such file');
    }
    this.file = join(this.scratch, `${this.name}.db`);
    try {
      this.reader ??= await openContent(source.backup, await source.entries.header(), source.entries.frames, {
        signal: this.signal,
        scratch: () => this.unpackFolder(),
      });
      const problem = await stageContent(this.reader, entry, this.file);
      if (problem === undefined) return this.file;
      if (problem instanceof Error) throw problem;
      return new Unavailable(problem === 'entry-hash' ? 'its SHA-256 differs' : 'it is cut short');
    } catch (error) {
      // What a damaged archive still holds is compared all the same.
      if (isBackupError(error, 'ARCHIVE_DAMAGED')) return new Unavailable(error.params.problem);
      if (isBackupError(error, 'BACKUP_UNREADABLE')) return new Unavailable(error.params.reason);
      if (isBackupError(error) || !(error instanceof Error)) throw error;
      return new Unavailable(reasonOf(error));
    }
  }

  putBack(): void {
    if (this.file !== undefined) rmSync(this.file, { force: true });
    this.file = undefined;
  }

  close(): void {
    this.reader?.close();
  }

  private unpackFolder(): string {
    const folder = join(this.scratch, `${this.name}-unpacked`);
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }
}
