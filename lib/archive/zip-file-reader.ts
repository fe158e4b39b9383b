import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Opener } from '../core/sealed-bytes.ts';
import { fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';

const windowBytes = 1 << 17;
const contentBytes = 1 << 18;

interface Window {
  start: number;
  bytes: Buffer;
}

/**
 * Opens a zip with yauzl, reading ahead. yauzl reads its directory in two small pieces an entry, and our checks add one
 * of each local header: by the piece, that is 150 µs an entry. Whoever opens it closes it.
 * @param opener decrypts it.
 * @throws the system's error; yauzl's, without a code, where the file is no zip.
 */
export async function openZipFile(file: string, opener?: Opener): Promise<ZipFile> {
  const fd = openSync(file, 'r');
  try {
    // Names are decoded by `zipEntryOf`: yauzl would throw an error without a code at the first one that is unsafe.
    const options = { decodeStrings: false, autoClose: false };
    const bytes = Math.max(0, fstatSync(fd).size - (opener?.headBytes ?? 0));
    return await fromRandomAccessReaderPromise(new ReadAhead(fd, opener), bytes, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class ReadAhead extends RandomAccessReader {
  private readonly fd: number;
  private readonly opener: Opener | undefined;
  /** One for the directory and one for the local headers, which are read in turns. */
  private windows: Window[] = [];

  constructor(fd: number, opener: Opener | undefined) {
    super();
    this.fd = fd;
    this.opener = opener;
  }

  /** The zip's bytes at a position of its own, from an encrypted file, too. */
  private readAt(length: number, position: number): Buffer {
    const at = position + (this.opener?.headBytes ?? 0);
    const stored = Buffer.allocUnsafe(length);
    const got = stored.subarray(0, length === 0 ? 0 : readSync(this.fd, stored, 0, length, at));
    return this.opener === undefined ? got : this.opener.open(got, at);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const readAt = (length: number, position: number): Buffer => this.readAt(length, position);
    let at = start;
    // Not fs.createReadStream: destroyed, it closes the descriptor whatever `autoClose` says.
    return new Readable({
      highWaterMark: contentBytes,
      read() {
        const piece = readAt(Math.min(contentBytes, end - at), at);
        at += piece.length;
        this.push(piece.length === 0 ? null : piece);
      },
    });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    let failure: Error | null = null;
    try {
      const { start, bytes } = this.windowOf(position, length);
      const copied = bytes.copy(buffer, offset, position - start, position - start + length);
      if (copied < length) failure = new Error('it ends in the middle of a header');
    } catch (error) {
      failure = error as Error;
    }
    done(failure);
  }

  override close(done: (error: Error | null) => void): void {
    closeSync(this.fd);
    done(null);
  }

  private windowOf(position: number, length: number): Window {
    const known = this.windows.find(
      (one) => position >= one.start && position + length <= one.start + one.bytes.length,
    );
    if (known !== undefined) return known;
    const window = { start: position, bytes: this.readAt(Math.max(length, windowBytes), position) };
    this.windows = [window, ...this.windows.slice(0, 1)];
    return window;
  }
}
