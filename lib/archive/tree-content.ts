import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { Breather } from '../core/breather.ts';
import { BackupError, systemCode } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { ContentReader, ContentSink } from './content.ts';

const chunkBytes = 1 << 20;

/**
 * Reads contents from a plain tree: a backup without compression, or a zip that was extracted into a staging folder.
 */
export class TreeContent implements ContentReader {
  private readonly folder: string;
  private readonly signal: AbortSignal;
  private readonly breather = new Breather();
  private readonly buffer = Buffer.allocUnsafeSlow(chunkBytes);

  constructor(folder: string, signal: AbortSignal) {
    this.folder = folder;
    this.signal = signal;
  }

  async read(entries: AsyncIterable<readonly ManifestEntry[]>, sink: ContentSink): Promise<void> {
    for await (const batch of entries) {
      for (const entry of batch) {
        if (entry.kind === 'file' && entry.size > 0) await this.readFile(entry, sink);
        else {
          sink.begin(entry);
          await sink.end(entry);
        }
      }
      if (this.signal.aborted) throw new BackupError('INTERRUPTED', {});
    }
  }

  close(): void {
    // Every file is closed after its reading.
  }

  private async readFile(entry: ManifestEntry, sink: ContentSink): Promise<void> {
    let fd: number;
    try {
      const path = `${this.folder}/${entry.storedAs ?? entry.path}`;
      fd = openSync(toSystemPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      sink.failed(entry, asError(error));
      return;
    }
    try {
      if (!fstatSync(fd).isFile()) {
        sink.failed(entry, new Error('it is no file'));
        return;
      }
      sink.begin(entry);
      for (let total = 0; ;) {
        let got: number;
        try {
          got = readSync(fd, this.buffer, 0, chunkBytes, null);
        } catch (error) {
          sink.failed(entry, asError(error));
          return;
        }
        // One byte more than the manifest names is enough to show that the file is longer.
        if (got === 0 || total > entry.size) break;
        await sink.bytes(entry, this.buffer.subarray(0, got));
        total += got;
        // Nothing else here waits, so that a signal would be heard after the file only.
        if (this.breather.isDue) await this.breather.pause();
        if (this.signal.aborted) throw new BackupError('INTERRUPTED', {});
      }
      await sink.end(entry);
    } finally {
      closeSync(fd);
    }
  }
}

/** Only what the system says of a file is that file's failure. */
function asError(error: unknown): Error {
  if (systemCode(error) === undefined || !isNativeError(error)) throw error;
  return error;
}
