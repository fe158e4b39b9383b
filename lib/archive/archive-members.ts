import { comparePaths } from '../core/path-bytes.ts';
import type { FrameTable } from '../store/frame-table.ts';
import { targetOf, type FrameLine, type ManifestEntry, type ManifestLine } from '../store/manifest.ts';

/** One member of an archive, and where in its frames it stands. */
export interface ArchiveMember {
  entry: ManifestEntry;
  /** The number of the frame in which it ends. */
  frame: number;
  /** How many members before it end in that frame. */
  index: number;
  /** No member after it ends in that frame. */
  isLast: boolean;
}

/**
 * The members of a full backup's archive, looked up by path in one pass. Its own manifest tells them all: each entry is one
 * member, and its line follows that of the frame in which it ends.
 */
export class ArchiveMembers {
  private readonly members: AsyncGenerator<ArchiveMember[]>;
  private readonly targets: readonly string[];
  private batch: readonly ArchiveMember[] = [];
  private at = 0;

  /**
   * @param lines of the manifest of that backup.
   * @param frames of the manifest that is looked up for, in which the same frames have the same numbers.
   * @param archive the index of the archive there.
   * @param targets in the order in which they will be asked for.
   */
  constructor(lines: AsyncIterable<ManifestLine[]>, frames: FrameTable, archive: number, targets: readonly string[]) {
    this.members = membersOf(lines, frames, archive);
    this.targets = targets;
  }

  /**
   * The member of that path. Paths are asked for in the order of a manifest; one that has gone by is not found any more.
   * @throws BackupError MANIFEST_DAMAGED
   */
  find(path: string): ArchiveMember | undefined | Promise<ArchiveMember | undefined> {
    for (; this.at < this.batch.length; this.at += 1) {
      const member = this.batch[this.at];
      const order = member === undefined ? -1 : this.compare(member.entry.path, path);
      if (order === 0) return member;
      if (order > 0) return undefined;
    }
    return this.findLater(path);
  }

  /** Reads the manifest to its end, where it is proven. */
  async finish(): Promise<void> {
    while ((await this.members.next()).done !== true);
  }

  close(): Promise<unknown> {
    return this.members.return(undefined);
  }

  private async findLater(path: string): Promise<ArchiveMember | undefined> {
    const next = await this.members.next();
    if (next.done === true) return undefined;
    this.batch = next.value;
    this.at = 0;
    return this.find(path);
  }

  private compare(a: string, b: string): number {
    const [first, second] = [targetOf(a), targetOf(b)];
    return first === second ? comparePaths(a, b) : this.targets.indexOf(first) - this.targets.indexOf(second);
  }
}

async function* membersOf(
  lines: AsyncIterable<ManifestLine[]>,
  frames: FrameTable,
  archive: number,
): AsyncGenerator<ArchiveMember[]> {
  let frame: number | undefined;
  let index = 0;
  let last: ArchiveMember | undefined;
  for await (const batch of lines) {
    const members: ArchiveMember[] = [];
    for (const line of batch) {
      if (line.type === 'frame') {
        frame = isSameFrame(line.frame, frames, archive) ? line.frame.frame : undefined;
        if (last !== undefined) last.isLast = true;
        index = 0;
      } else if (line.type === 'entry' && frame !== undefined) {
        // Given out when the next one is known: whether it is the last of its frame, that one tells.
        if (last !== undefined) members.push(last);
        last = { entry: line.entry, frame, index, isLast: false };
        index += 1;
      }
    }
    yield members;
  }
  if (last !== undefined) yield [{ ...last, isLast: true }];
}

function isSameFrame(line: FrameLine, frames: FrameTable, archive: number): boolean {
  if (line.frame >= frames.length) return false;
  const known = frames.get(line.frame);
  return known.archive === archive && known.sha256 === line.sha256 && known.size === line.size;
}
