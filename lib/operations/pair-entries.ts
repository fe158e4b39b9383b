import type { ManifestEntry } from '../store/manifest.ts';

/** Entries of each side that are kept in memory to find pairs among: some 25 MB. */
const mostKept = 50_000;

/** What is one and the same thing on both sides, at two paths in the backups. */
export interface Pair {
  before: ManifestEntry;
  after: ManifestEntry;
  /** At another place in the project, too. */
  isMoved: boolean;
}

/**
 * Finds what was moved among the entries that only one side has: first what stands at its old place in the project and has
 * another path in the backup, then files with the same content. Of each side the first 50,000 entries are looked at.
 */
export class EntryPairs {
  private readonly removed = new Set<ManifestEntry>();
  private readonly added = new Set<ManifestEntry>();

  /** @returns false where no more can be kept. */
  keepRemoved(entry: ManifestEntry): boolean {
    return keep(this.removed, entry);
  }

  keepAdded(entry: ManifestEntry): boolean {
    return keep(this.added, entry);
  }

  /** @param hashOf the SHA-256 of an added file whose content was not read yet, or undefined where it cannot be. */
  async find(hashOf: (entry: ManifestEntry) => Promise<string | undefined>): Promise<{
    pairs: Pair[];
    removed: Iterable<ManifestEntry>;
    added: Iterable<ManifestEntry>;
  }> {
    const pairs: Pair[] = [];
    const pair = (before: ManifestEntry, after: ManifestEntry, isMoved: boolean): void => {
      pairs.push({ before, after, isMoved });
      this.removed.delete(before);
      this.added.delete(after);
    };
    const byOrigin = new Map([...this.removed].map((entry) => [entry.origin, entry]));
    for (const after of this.added) {
      const before = after.origin === undefined ? undefined : byOrigin.get(after.origin);
      if (before === undefined) continue;
      byOrigin.delete(after.origin);
      pair(before, after, false);
    }
    const byContent = new Map<string, ManifestEntry[]>();
    const sizes = new Set<number>();
    let hasDatabases = false;
    for (const entry of this.removed) {
      if (entry.kind !== 'file' || entry.size === 0 || entry.sha256 === undefined) continue;
      sizes.add(entry.size);
      hasDatabases ||= entry.database !== undefined;
      const same = byContent.get(entry.sha256);
      if (same === undefined) byContent.set(entry.sha256, [entry]);
      else same.push(entry);
    }
    for (const after of this.added) {
      // A live database's file need not have the size of its copy.
      const mayFit = sizes.has(after.size) || (hasDatabases && after.database !== undefined);
      if (after.kind !== 'file' || after.size === 0 || !mayFit) continue;
      const sha256 = after.sha256 ?? (await hashOf(after));
      const before = sha256 === undefined ? undefined : byContent.get(sha256)?.shift();
      if (before !== undefined) pair(before, after, true);
    }
    return { pairs, removed: this.removed, added: this.added };
  }
}

function keep(entries: Set<ManifestEntry>, entry: ManifestEntry): boolean {
  if (entries.size >= mostKept) return false;
  entries.add(entry);
  return true;
}
