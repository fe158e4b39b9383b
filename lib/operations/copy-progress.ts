import type { RunEvents } from '../core/events.ts';

interface Copy {
  bytes: number;
  totalBytes: number;
  isEnded: boolean;
}

const tickMs = 500;

/**
 * How far the copies of databases are. They are made one after the other beside other work, so it is told only while
 * somebody waits for one; and again and again, because a check of a copy takes long and says nothing.
 */
export class CopyProgress {
  private readonly events: RunEvents;
  private readonly copies = new Map<string, Copy>();
  private isAwaited = false;

  constructor(events: RunEvents) {
    this.events = events;
  }

  /** A copy that is going to be made, and how large its database is about. */
  expect(origin: string, totalBytes: number): void {
    this.copies.set(origin, { bytes: 0, totalBytes, isEnded: false });
  }

  advance(origin: string, bytes: number, totalBytes: number): void {
    this.copies.set(origin, { bytes, totalBytes, isEnded: false });
    this.tell();
  }

  end(origin: string): void {
    const copy = this.copies.get(origin);
    if (copy !== undefined) this.copies.set(origin, { ...copy, bytes: copy.totalBytes, isEnded: true });
  }

  /** Tells of progress until a copy is there. */
  async whileAwaiting<T>(copy: Promise<T>): Promise<T> {
    this.isAwaited = true;
    const timer = setInterval(() => this.tell(), tickMs);
    try {
      this.tell();
      return await copy;
    } finally {
      clearInterval(timer);
      this.isAwaited = false;
    }
  }

  /** Tells that copies are being checked, until they are. */
  async whileChecking<T>(checks: Promise<T>): Promise<T> {
    const timer = setInterval(() => this.tellChecking(), tickMs);
    try {
      return await checks;
    } finally {
      clearInterval(timer);
    }
  }

  private tellChecking(): void {
    const copies = [...this.copies.values()];
    const bytes = copies.reduce((total, one) => total + one.bytes, 0);
    this.events.emit('progress', { phase: 'check-databases', files: copies.length, bytes });
  }

  private tell(): void {
    const copies = [...this.copies.values()];
    const running = copies.find((one) => !one.isEnded);
    if (!this.isAwaited || running === undefined) return;
    const sum = (field: 'bytes' | 'totalBytes'): number => copies.reduce((total, one) => total + one[field], 0);
    const counts = { files: copies.filter((one) => one.isEnded).length, bytes: sum('bytes') };
    const isChecking = running.bytes > 0 && running.bytes >= running.totalBytes;
    if (isChecking) this.events.emit('progress', { phase: 'check-databases', ...counts });
    else this.events.emit('progress', { phase: 'copy-databases', ...counts, totalBytes: sum('totalBytes') });
  }
}
