import { ChangeSpool } from './change-spool.ts';
import type { Change, ChangeKind, OneSided } from './diff-result.ts';

const kinds = ['added', 'changed', 'removed', 'moved'] as const satisfies readonly ChangeKind[];

/** All changes, by kind, in flat memory; counted. */
export class ChangeLists {
  readonly counts: Record<ChangeKind, number> = { added: 0, changed: 0, removed: 0, moved: 0 };
  addedBytes = 0;
  removedBytes = 0;
  private readonly spools: Record<ChangeKind, ChangeSpool>;
  private first: Record<OneSided['change'], readonly OneSided[]> = { added: [], removed: [] };

  /** @param scratchFile names a file that does not exist yet. */
  constructor(scratchFile: (name: string) => Promise<string>) {
    const spool = (kind: ChangeKind): ChangeSpool => new ChangeSpool(() => scratchFile(`${kind}.json`));
    this.spools = {
      added: spool('added'),
      changed: spool('changed'),
      removed: spool('removed'),
      moved: spool('moved'),
    };
  }

  /** A promise only where it has to be waited for. */
  add(change: Change): Promise<void> | undefined {
    this.count(change);
    return this.spools[change.change].add(change);
  }

  /** What was held back to find pairs among: it came before everything that was added to these lists. */
  putFirst(added: readonly OneSided[], removed: readonly OneSided[]): void {
    for (const one of [...added, ...removed]) this.count(one);
    this.first = { added, removed };
  }

  *of(kind: ChangeKind): Generator<Change> {
    if (kind === 'added' || kind === 'removed') yield* this.first[kind];
    yield* this.spools[kind];
  }

  close(): void {
    for (const kind of kinds) this.spools[kind].close();
  }

  private count(change: Change): void {
    this.counts[change.change] += 1;
    if (change.change === 'added') this.addedBytes += change.size;
    if (change.change === 'removed') this.removedBytes += change.size;
  }
}
