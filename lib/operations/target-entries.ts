import type { Entry } from '../core/entry.ts';
import { BackupError } from '../core/errors.ts';
import { FrameTable } from '../store/frame-table.ts';
import { targetOf, type ManifestEntry, type ManifestHeader, type ManifestLine } from '../store/manifest.ts';
import type { OpenBackup } from './opened-backup.ts';

/** The entries of one target after the other, each target's in the order of their paths. */
export interface TargetEntries {
  /** Goes to a target's first entry. */
  begin(target: string): Promise<void>;
  /** Undefined behind the target's last entry. */
  readonly current: Entry | undefined;
  /** Goes to the next entry; a promise only where it has to wait. */
  advance(): Promise<void> | undefined;
}

/** Those of a manifest. Asked for its targets in their order it is read once; any other order starts it again. */
export class ManifestEntries implements TargetEntries {
  readonly frames = new FrameTable();
  private readonly backup: OpenBackup;
  private head: ManifestHeader | undefined;
  /** Where each target stands in the header's order, which is that of the entries. */
  private readonly places = new Map<string, number>();
  private lines: AsyncGenerator<ManifestLine[]> | undefined;
  private batch: ManifestLine[] = [];
  private at = 0;
  private entry: ManifestEntry | undefined;
  private entryPlace = -1;
  private begunPlace = -1;

  constructor(backup: OpenBackup) {
    this.backup = backup;
  }

  /** @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY */
  async header(): Promise<ManifestHeader> {
    if (this.lines === undefined) await this.restart();
    if (this.head === undefined) throw this.damaged('it is empty');
    return this.head;
  }

  get current(): ManifestEntry | undefined {
    return this.entryPlace === this.begunPlace ? this.entry : undefined;
  }

  /** @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY */
  async begin(target: string): Promise<void> {
    await this.header();
    const place = this.places.get(target) ?? -1;
    if (place <= this.begunPlace) await this.restart();
    this.begunPlace = place;
    while (this.entry !== undefined && this.entryPlace < place) await this.next();
  }

  advance(): Promise<void> | undefined {
    return this.current === undefined ? undefined : this.next();
  }

  /** Reads on to the end, which proves all that was read, and shows every frame. */
  async finish(): Promise<void> {
    if (this.lines === undefined) await this.restart();
    while (this.entry !== undefined) {
      const waiting = this.next();
      if (waiting !== undefined) await waiting;
    }
  }

  async close(): Promise<void> {
    await this.lines?.return(undefined);
  }

  private async restart(): Promise<void> {
    await this.close();
    this.lines = this.backup.readManifest();
    this.batch = [];
    this.at = 0;
    this.entryPlace = -1;
    this.begunPlace = -1;
    await this.next();
  }

  private next(): Promise<void> | undefined {
    return this.takeFromBatch() ? undefined : this.readOn();
  }

  private async readOn(): Promise<void> {
    do {
      const read = await this.lines?.next();
      if (read === undefined || read.done === true) return;
      this.batch = read.value;
      this.at = 0;
    } while (!this.takeFromBatch());
  }

  private takeFromBatch(): boolean {
    this.entry = undefined;
    for (; this.at < this.batch.length; this.at += 1) {
      const line = this.batch[this.at];
      if (line?.type === 'entry') {
        this.at += 1;
        this.take(line.entry);
        return true;
      }
      // A second reading shows the header and the frames again.
      if (line?.type === 'header') this.noteHeader(line.header);
      else if (line?.type === 'frame' && line.frame.frame === this.frames.length) this.frames.add(line.frame);
    }
    return false;
  }

  private noteHeader(header: ManifestHeader): void {
    this.head = header;
    for (const [place, { name }] of header.targets.entries()) this.places.set(name, place);
  }

  private take(entry: ManifestEntry): void {
    const place = this.places.get(targetOf(entry.path)) ?? -1;
    // What stands behind its place would never be looked at, and be taken for removed.
    if (place < this.entryPlace || place === -1) throw this.damaged('its targets are not those of its header');
    this.entry = entry;
    this.entryPlace = place;
  }

  private damaged(problem: string): BackupError {
    return new BackupError('MANIFEST_DAMAGED', { backup: this.backup.id, problem });
  }
}
