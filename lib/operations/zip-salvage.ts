import type { ContentReader, ContentSink } from '../archive/content.ts';
import { walkZip } from '../archive/zip-reader.ts';
import { isBackupError, type BackupError } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';

/** Reads a zip's contents entry by entry, where unpacking it as a whole would end at the first that is damaged. */
export class ZipSalvage implements ContentReader {
  private readonly file: string;
  private readonly signal: AbortSignal;
  private readonly opener: Opener | undefined;

  constructor(file: string, signal: AbortSignal, opener?: Opener) {
    this.file = file;
    this.opener = opener;
    this.signal = signal;
  }

  async read(entries: AsyncIterable<readonly ManifestEntry[]>, sink: ContentSink): Promise<void> {
    const files = new Map<string, ManifestEntry>();
    for await (const batch of entries) {
      for (const entry of batch) {
        if (entry.kind === 'file') files.set(entry.storedAs ?? entry.path, entry);
        else {
          sink.begin(entry);
          await sink.end(entry);
        }
      }
    }
    let problem: BackupError | undefined;
    try {
      await walkZip(
        { file: this.file, signal: this.signal, outsideLinks: 'keep', opener: this.opener },
        async ({ path }, content) => {
          const entry = files.get(path);
          if (entry === undefined) return;
          files.delete(path);
          sink.begin(entry);
          const failure = await readInto(sink, entry, content);
          if (failure === undefined) await sink.end(entry);
          else sink.failed(entry, failure);
        },
      );
    } catch (error) {
      if (!isBackupError(error, 'ARCHIVE_DAMAGED')) throw error;
      problem = error;
    }
    // Behind damage in the zip's directory, or not in it.
    for (const entry of files.values()) sink.failed(entry, problem ?? new Error('the zip does not hold it'));
  }

  close(): void {
    // The walk closes the file at its end.
  }
}

/** Reads a file of a zip into a sink. @returns what is wrong with it, if anything is; it has no end then. */
export async function readInto(
  sink: ContentSink,
  entry: ManifestEntry,
  content: AsyncIterable<Buffer>,
): Promise<BackupError | undefined> {
  try {
    for await (const chunk of content) await sink.bytes(entry, chunk);
    return undefined;
  } catch (error) {
    if (!isBackupError(error, 'ARCHIVE_DAMAGED')) throw error;
    return error;
  }
}
