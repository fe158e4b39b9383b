import { Breather } from '../core/breather.ts';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { comparePaths } from '../core/path-bytes.ts';
import { targetOf, type ManifestEntry } from '../store/manifest.ts';
import { requireKnown } from '../targets/target-definitions.ts';
import { ChangeLists } from './change-lists.ts';
import { compareDatabases, type DatabasePair } from './compare-databases.ts';
import { compareEntries, moved, oneSided, shownPath } from './compare-entries.ts';
import type { Changed, DatabaseChange, DiffRequest, DiffResult, UncoveredTarget } from './diff-result.ts';
import { backupSide, projectSide, type LaterSide } from './diff-side.ts';
import type { LazyScratch } from './lazy-scratch.ts';
import type { OpenBackup } from './opened-backup.ts';
import { EntryPairs } from './pair-entries.ts';
import type { RunContext } from './run-context.ts';
import { selectEntries } from './select-entries.ts';
import { ManifestEntries } from './target-entries.ts';
import { UnreadPaths } from './unread-paths.ts';

/** One comparison. Its maker closes its lists and its scratch folder where it fails. */
export class DiffRun {
  readonly lists: ChangeLists;
  private readonly context: RunContext;
  private readonly before: OpenBackup;
  private readonly after: OpenBackup | undefined;
  private readonly request: DiffRequest;
  private readonly scratch: LazyScratch;
  private readonly old: ManifestEntries;
  private readonly pairs = new EntryPairs();
  private readonly changedDatabases: (DatabasePair & { change: Changed })[] = [];
  private readonly databases: DatabaseChange[] = [];
  private readonly warnings: DiffResult['warnings'] = [];
  private readonly unreadBefore: UnreadPaths;
  private readonly unreadAfter: UnreadPaths;
  private readonly toldUnread = new Set<string>();
  private readonly breather = new Breather();
  private isSelected: (entry: ManifestEntry) => boolean = () => true;
  private matched = 0;
  private unchanged = 0;
  private entriesSeen = 0;
  private bytesRead = 0;

  constructor(
    context: RunContext,
    before: OpenBackup,
    after: OpenBackup | undefined,
    request: DiffRequest,
    scratch: LazyScratch,
  ) {
    this.context = context;
    this.before = before;
    this.after = after;
    this.request = request;
    this.scratch = scratch;
    this.lists = new ChangeLists((name) => scratch.file(name));
    this.old = new ManifestEntries(before);
    this.unreadBefore = new UnreadPaths(before.metadata.warnings);
    this.unreadAfter = new UnreadPaths(after?.metadata.warnings);
  }

  async result(): Promise<DiffResult> {
    this.context.events.emit('phase', 'scan');
    const covered = (await this.old.header()).targets.map(({ name }) => name);
    const later = await this.openLater(new Set(covered));
    try {
      const uncovered = await this.compareTargets(covered, later);
      await this.old.finish();
      await later.finish();
      this.expectMatches();
      await this.pairUp(later);
      await this.compareDatabases(later);
      for (const { change } of this.changedDatabases) await this.lists.add(change);
      const { lists, before, after, databases, warnings, scratch, unchanged } = this;
      return {
        a: before.id,
        ...(after === undefined ? {} : { b: after.id }),
        counts: { ...lists.counts, unchanged },
        addedBytes: lists.addedBytes,
        removedBytes: lists.removedBytes,
        uncovered,
        databases,
        warnings,
        changes: (kind) => lists.of(kind),
        close: () => {
          lists.close();
          scratch.remove();
        },
      };
    } finally {
      await this.old.close();
      await later.close();
    }
  }

  private openLater(covered: ReadonlySet<string>): Promise<LaterSide> {
    if (this.after !== undefined) return backupSide(this.before, this.after);
    return projectSide(this.context, {
      since: this.before,
      covered,
      scratch: () => this.scratch.folder(),
      onUnread: (path, target, reason) => {
        this.unreadAfter.add(path);
        this.noteUnread(path, target, { reason });
      },
      onBytes: (bytes) => {
        this.bytesRead += bytes;
        this.progress();
      },
    });
  }

  /** Goes through the targets that both cover. @returns those that only one does. */
  private async compareTargets(covered: readonly string[], later: LaterSide): Promise<UncoveredTarget[]> {
    const { targets: asked } = this.request;
    const all = [...new Set([...covered, ...later.targets])];
    for (const name of asked ?? []) requireKnown(name, all);
    const isAsked = (target: string): boolean => asked?.includes(target) ?? true;
    if (this.request.include !== undefined) {
      const select = selectEntries(all, { include: this.request.include });
      this.isSelected = (entry) => select(entry) !== undefined;
    }
    for (const target of later.targets) {
      if (covered.includes(target) && isAsked(target)) await this.compareTarget(target, later);
    }
    return all
      .filter((target) => isAsked(target) && !(covered.includes(target) && later.targets.includes(target)))
      .map((target) => ({ target, missingIn: covered.includes(target) ? 'b' : 'a' }));
  }

  private async compareTarget(target: string, later: LaterSide): Promise<void> {
    const { old } = this;
    const now = later.entries;
    await old.begin(target);
    await now.begin(target);
    for (let before = old.current, after = now.current; before !== undefined || after !== undefined;) {
      if (this.breather.isDue) await this.pause();
      const order = before === undefined ? 1 : after === undefined ? -1 : comparePaths(before.path, after.path);
      this.entriesSeen += 1;
      const compared = this.compareOne(order <= 0 ? before : undefined, order >= 0 ? after : undefined, later);
      if (compared !== undefined) await compared;
      const waits = [order <= 0 ? old.advance() : undefined, order >= 0 ? now.advance() : undefined];
      if (waits[0] !== undefined) await waits[0];
      if (waits[1] !== undefined) await waits[1];
      before = old.current;
      after = now.current;
    }
  }

  /** A promise only where something has to be read or written. */
  private compareOne(
    before: ManifestEntry | undefined,
    after: LaterSide['entries']['current'],
    later: LaterSide,
  ): Promise<void> | undefined {
    const named = after ?? before;
    if (named === undefined || !this.isSelected(named)) return undefined;
    this.matched += 1;
    // A source's path in the backup depends on what else there is: another file may have it now.
    if (before !== undefined && after !== undefined && before.origin !== after.origin)
      return this.replaced(before, later);
    const settled = after === undefined ? undefined : later.settle(before);
    if (settled instanceof Promise) return settled.then((entry) => this.noteSettled(before, entry, later));
    return this.noteSettled(before, settled, later);
  }

  private async replaced(before: ManifestEntry, later: LaterSide): Promise<void> {
    await this.noteOneSided('removed', before);
    await this.noteSettled(undefined, await later.settle(undefined), later);
  }

  private noteSettled(
    before: ManifestEntry | undefined,
    after: ManifestEntry | 'unread' | undefined,
    later: LaterSide,
  ): Promise<void> | undefined {
    if (after === 'unread') return undefined;
    if (before === undefined) return after === undefined ? undefined : this.noteOneSided('added', after);
    if (after === undefined) return this.noteOneSided('removed', before);
    const change = compareEntries(before, after);
    if (change === undefined) {
      this.unchanged += 1;
      return undefined;
    }
    return this.noteChange(change, before, after, later);
  }

  private noteChange(
    change: Changed,
    before: ManifestEntry,
    after: ManifestEntry,
    later: LaterSide,
  ): Promise<void> | undefined {
    if (change.sizeAfter !== undefined) {
      const bytes = later.freshBytes(after);
      if (bytes !== undefined) change.bytes = bytes;
      if (before.database !== undefined && after.database !== undefined) {
        this.changedDatabases.push({ before, after, change });
        return undefined;
      }
    }
    return this.lists.add(change);
  }

  private noteOneSided(kind: 'added' | 'removed', entry: ManifestEntry): Promise<void> | undefined {
    const side = kind === 'added' ? this.unreadBefore : this.unreadAfter;
    const unread = side.around(shownPath(entry));
    if (unread !== undefined) {
      const backup = kind === 'added' ? this.before : this.after;
      const told = unread.cause === undefined ? {} : { causes: [unread.cause] };
      this.noteUnread(unread.path, targetOf(entry.path), {
        ...told,
        ...(backup === undefined ? {} : { found: backup.id }),
      });
      return undefined;
    }
    const isKept = kind === 'added' ? this.pairs.keepAdded(entry) : this.pairs.keepRemoved(entry);
    return isKept ? undefined : this.lists.add(oneSided(kind, entry));
  }

  /** Once everything is known: what has only another path, or another place. */
  private async pairUp(later: LaterSide): Promise<void> {
    const { pairs, removed, added } = await this.pairs.find((entry) => later.hashOf(entry));
    for (const { before, after, isMoved } of pairs) {
      if (isMoved) await this.lists.add(moved(before, after));
      else {
        const compared = this.noteSettled(before, await later.compared(after, before), later);
        if (compared !== undefined) await compared;
      }
    }
    this.lists.putFirst(
      [...added].map((entry) => oneSided('added', entry)),
      [...removed].map((entry) => oneSided('removed', entry)),
    );
  }

  private async compareDatabases(later: LaterSide): Promise<void> {
    if (!this.request.opensDatabases || this.changedDatabases.length === 0) return;
    const compared = compareDatabases(this.context, this.changedDatabases, {
      before: { backup: this.before, entries: this.old },
      after: later.databases,
      scratch: await this.scratch.folder(),
      onUnread: (entry, reason) => this.noteUnread(shownPath(entry), targetOf(entry.path), { reason }),
    });
    for await (const { pair, found } of compared) {
      this.databases.push(found);
      if (found.bytes !== undefined) pair.change.bytes = found.bytes;
    }
  }

  private noteUnread(path: string, target: string, why: Parameters<typeof finding>[1]): void {
    const key = `${why?.found ?? ''} ${path}`;
    if (this.toldUnread.has(key)) return;
    this.toldUnread.add(key);
    this.warnings.push(finding('not-compared', { path, target, ...why }));
  }

  /** Words that name nothing on either side are a mistake: no differences must not be what they seem to show. */
  private expectMatches(): void {
    const { include } = this.request;
    if (include === undefined || this.matched > 0) return;
    throw new BackupError('OPTION_INVALID', {
      option: 'include',
      value: include.join(', '),
      expected: 'a file, a folder or a glob of the backup (`backup:show --files` lists them)',
    });
  }

  private async pause(): Promise<void> {
    this.progress();
    await this.breather.pause();
    if (this.context.signal.aborted) throw new BackupError('INTERRUPTED', {});
  }

  private progress(): void {
    this.context.events.emit('progress', { phase: 'scan', files: this.entriesSeen, bytes: this.bytesRead });
  }
}
