import type { ManifestEntry } from '../store/manifest.ts';
import type { ArchiveMember, ArchiveMembers } from './archive-members.ts';

/** Frames that follow each other in an archive and hold entries that follow each other in the new manifest, and no others. */
export interface CopyableRun {
  /** The number of the first of its entries, counted in the manifest's order. */
  start: number;
  entries: number;
  firstFrame: number;
  lastFrame: number;
}

/**
 * Finds which frames of a full archive can go into a new one as they are: those whose members all are what the entries of the new
 * one's manifest say, without any entry between them that rests elsewhere. So the new archive has its members in the
 * manifest's order, as every full one has. Entries are noted in that order.
 */
export class CopyableFrames {
  readonly runs: CopyableRun[] = [];
  private readonly members: ArchiveMembers;
  private noted = 0;
  private current: CopyableRun | undefined;

  constructor(members: ArchiveMembers) {
    this.members = members;
  }

  /** @throws BackupError MANIFEST_DAMAGED */
  note(entry: ManifestEntry): void | Promise<void> {
    const found = this.members.find(entry.path);
    if (found instanceof Promise) return found.then((member) => this.follow(entry, member));
    this.follow(entry, found);
  }

  private follow(entry: ManifestEntry, member: ArchiveMember | undefined): void {
    const number = this.noted;
    this.noted += 1;
    const run = member === undefined || !isMember(entry, member.entry) ? undefined : this.runWith(member, number);
    this.current = run;
    if (run === undefined || member?.isLast !== true) return;
    this.runs.push(run);
    this.current = undefined;
  }

  private runWith({ entry, frame, index }: ArchiveMember, number: number): CopyableRun | undefined {
    if (index === 0) {
      // A large file fills the frames before the one in which it ends.
      return { start: number, entries: 1, firstFrame: entry.at?.frame ?? frame, lastFrame: frame };
    }
    const { current } = this;
    if (current?.lastFrame !== frame || current.entries !== index) return undefined;
    current.entries += 1;
    return current;
  }
}

/** Whether a member's header and content are those of an entry. A tar header has whole seconds, and no inode. */
function isMember(entry: ManifestEntry, member: ManifestEntry): boolean {
  return (
    entry.kind === member.kind &&
    entry.mode === member.mode &&
    entry.uid === member.uid &&
    entry.gid === member.gid &&
    entry.size === member.size &&
    entry.linkTarget === member.linkTarget &&
    secondOf(entry.mtimeNs) === secondOf(member.mtimeNs) &&
    entry.extents === undefined &&
    entry.at?.frame === member.at?.frame &&
    entry.at?.offset === member.at?.offset
  );
}

const second = 1_000_000_000n;

/** Rounded down also before 1970. */
function secondOf(ns: bigint): bigint {
  return ns >= 0n ? ns / second : (ns - second + 1n) / second;
}
