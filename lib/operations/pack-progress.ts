import type { SourceEntry } from '../core/entry.ts';
import type { RunEvents } from '../core/events.ts';
import type { StoredBackup } from '../store/store.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';

/** Files up to this size count when they are stored; a larger one also while it is read. */
const largeBytes = 16 * 1024 * 1024;
const filesBetween = 64;
const bytesBetween = 1024 * 1024;

/** How much there will be, about; absent where nothing is known. */
export interface Expectation {
  totalFiles?: number;
  totalBytes?: number;
}

/** Counts what is stored, and tells of it now and then. */
export class PackProgress {
  files = 0;
  /** Bytes of the files that are stored. */
  bytes = 0;
  private readonly events: RunEvents;
  private readonly expected: Expectation;
  /** Bytes of the file that is being read. */
  private readBytes = 0;
  private toldBytes = 0;

  constructor(events: RunEvents, expected: Expectation) {
    this.events = events;
    this.expected = expected;
  }

  /** The entry, made to tell of its bytes as they are read where it is large. */
  follow(entry: SourceEntry): SourceEntry {
    if (entry.size <= largeBytes) return entry;
    const onRead = (bytes: number): void => {
      // One that changes while it is read is read again, and is counted once all the same.
      this.readBytes = Math.min(this.readBytes + bytes, entry.size);
      if (this.readBytes - this.toldBytes >= bytesBetween) this.tell();
    };
    return { ...entry, onRead };
  }

  /** Counts a stored file. */
  count(size: number): void {
    this.files += 1;
    this.bytes += size;
    if (this.files % filesBetween === 0 || size > bytesBetween) this.tell();
  }

  /** What was read of an entry did not become a stored file. */
  forgetReading(): void {
    this.readBytes = 0;
    this.toldBytes = 0;
  }

  tell(): void {
    this.toldBytes = this.readBytes;
    const bytes = this.bytes + this.readBytes;
    this.events.emit('progress', { phase: 'pack', files: this.files, bytes, ...this.expected });
  }
}

/** As much as last time. A first backup does not walk twice only to know. */
export function expectationOf(backups: readonly StoredBackup[], targets: readonly TargetDefinition[]): Expectation {
  const names = targets.map((target) => target.name).sort();
  const like = backups.find((one) => Object.keys(one.metadata.targets).sort().join() === names.join());
  return like === undefined ? {} : { totalFiles: like.metadata.files, totalBytes: like.metadata.size };
}
