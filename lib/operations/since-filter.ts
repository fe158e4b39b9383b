import { isNativeError } from 'node:util/types';
import type { SourceEntry } from '../core/entry.ts';
import { finding, type Finding } from '../core/findings.ts';
import { statOf } from '../targets/scan-folder.ts';
import type { Base } from './open-base.ts';

/**
 * Limits a backup to files that have changed since a date, by their time of modification. Older ones are as the base has
 * them, unlooked at; those that it does not have are left out, and counted. Folders and links are always kept.
 */
export class SinceFilter {
  private readonly since: Date;
  private readonly sinceNs: bigint;
  private readonly base: Base | undefined;
  private leftOut = 0;

  constructor(since: Date, base: Base | undefined) {
    this.since = since;
    this.sinceNs = BigInt(since.getTime()) * 1_000_000n;
    this.base = base;
  }

  /** True for an entry that is not to be stored; marks one that the base is to give. */
  async leavesOut(entry: SourceEntry): Promise<boolean> {
    if (entry.kind !== 'file' || entry.readFrom === undefined || this.isNewer(entry)) return false;
    const noted = await this.base?.manifest.find(entry.path);
    if (noted === undefined) {
      this.leftOut += 1;
      return true;
    }
    // What stands in the place of a folder, or of a link, is new, whatever its time says.
    if (isLike(noted, entry)) entry.takeOver = 'entry';
    return false;
  }

  get hasLeftOut(): boolean {
    return this.leftOut > 0;
  }

  /** What to say of it at the end. */
  finding(): Finding | undefined {
    if (this.leftOut === 0) return undefined;
    return finding('since-left-out', { count: this.leftOut, expected: this.since.toISOString() });
  }

  private isNewer(entry: SourceEntry): boolean {
    if (entry.mtimeNs >= this.sinceNs) return true;
    if (entry.database === undefined || entry.readFrom === undefined) return false;
    // What is new in a database may stand in its log alone.
    const log = statOf(`${entry.readFrom}-wal`);
    return log !== undefined && !isNativeError(log) && log.mtimeNs >= this.sinceNs;
  }
}

/** Whether the text of an older entry is that of a file too, and of a database where this one is. */
function isLike(text: string, entry: SourceEntry): boolean {
  // Inside of a JSON string the quotes would be escaped, so that no name can look like a field.
  const isDatabase = text.includes(',"database":"');
  return text.includes(',"kind":"file"') && isDatabase === (entry.database !== undefined);
}
