import type { SourceEntry } from '../core/entry.ts';
import type { SourceFile } from './source-file.ts';

/** What was made for the backup, read like a file: for content that is too large for one frame. */
export class MemorySource implements Pick<SourceFile, 'entry' | 'readInto' | 'hasChanged' | 'close'> {
  readonly entry: SourceEntry;
  private readonly content: Buffer;
  private position = 0;

  constructor(entry: SourceEntry, content: Buffer) {
    this.entry = { ...entry, size: content.length };
    this.content = content;
  }

  readInto(buffer: Buffer, at: number, wanted: number): ReturnType<SourceFile['readInto']> {
    const bytes = this.content.copy(buffer, at, this.position, this.position + wanted);
    this.position += bytes;
    return { bytes };
  }

  hasChanged(): boolean {
    return false;
  }

  close(): void {
    // There is nothing to close.
  }
}
