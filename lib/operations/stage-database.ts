import { closeSync, openSync, writeSync } from 'node:fs';
import { ContentCheck } from '../archive/content-check.ts';
import type { ContentReader, ContentSink } from '../archive/content.ts';
import { writeError } from '../core/errors.ts';
import type { ManifestEntry } from '../store/manifest.ts';

/**
 * Writes the content of one entry into a new file.
 * @returns undefined when it is whole, else why it is not.
 */
export async function stageContent(
  reader: ContentReader,
  entry: ManifestEntry,
  file: string,
): Promise<Error | 'entry-size' | 'entry-hash' | undefined> {
  const fd = openSync(file, 'wx', 0o600);
  try {
    const sink = new FileSink(fd, file, entry);
    await reader.read(only(entry), sink);
    return sink.failure ?? sink.check.problem()?.code;
  } finally {
    closeSync(fd);
  }
}

async function* only(entry: ManifestEntry): AsyncGenerator<readonly ManifestEntry[]> {
  yield [entry];
}

class FileSink implements ContentSink {
  readonly check: ContentCheck;
  failure: Error | undefined;
  private readonly fd: number;
  private readonly file: string;

  constructor(fd: number, file: string, entry: ManifestEntry) {
    this.fd = fd;
    this.file = file;
    this.check = new ContentCheck(entry);
  }

  begin(): void {
    // The file is open already.
  }

  bytes(_entry: ManifestEntry, bytes: Buffer): void {
    this.check.bytes(bytes);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at);
    } catch (error) {
      throw writeError(error, this.file, 'unpacking');
    }
  }

  end(): void {
    // What it was is asked when the reading is over.
  }

  failed(_entry: ManifestEntry, error: Error): void {
    this.failure = error;
  }
}
