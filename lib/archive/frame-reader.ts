import { hash as hashOnce } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { releaseBuffer } from '../core/release-buffer.ts';
import type { FrameLine } from '../store/manifest.ts';
import { BackupError, reasonOf } from '../core/errors.ts';
import type { Codec } from './codecs.ts';

/** A frame larger than this, raw or stored, is none of ours: checked before any memory is taken for it. */
export const largestFrameBytes = 64 << 20;

/**
 * Reads frames of one archive at random. A frame's stored bytes are hashed before they are decompressed, and it never
 * gives more bytes than the manifest declares. Whoever opens one closes it.
 */
export class FrameReader {
  private readonly fd: number;
  private readonly file: string;
  private readonly codec: Codec;

  constructor(file: string, codec: Codec) {
    this.fd = openSync(file, 'r');
    this.file = file;
    this.codec = codec;
  }

  /**
   * The stored bytes of a frame, proven by their hash.
   * @throws BackupError ARCHIVE_DAMAGED
   */
  readStored(frame: FrameLine): Buffer {
    if (frame.storedSize > largestFrameBytes || frame.size > largestFrameBytes) {
      throw this.damaged(
        frame,
        `its size, ${Math.max(frame.storedSize, frame.size)} bytes, is beyond what a frame may have`,
      );
    }
    const stored = Buffer.allocUnsafeSlow(frame.storedSize);
    let got = 0;
    while (got < stored.length) {
      const bytes = readSync(this.fd, stored, got, stored.length - got, frame.offset + got);
      if (bytes === 0) throw this.damaged(frame, 'the archive is cut short');
      got += bytes;
    }
    if (hashOnce('sha256', stored, 'hex') !== frame.sha256)
      throw this.damaged(frame, "its SHA-256 is not the manifest's");
    return stored;
  }

  /**
   * The uncompressed bytes of a frame.
   * @throws BackupError ARCHIVE_DAMAGED
   */
  async read(frame: FrameLine): Promise<Buffer> {
    const stored = this.readStored(frame);
    try {
      const bytes = await this.codec.decompress(stored, frame.size);
      // Without compression the one is the other.
      if (bytes.buffer !== stored.buffer) releaseBuffer(stored);
      return bytes;
    } catch (error) {
      throw this.damaged(frame, reasonOf(error));
    }
  }

  /** Ends what is under way, too. */
  close(): void {
    this.codec.stop?.();
    closeSync(this.fd);
  }

  private damaged(frame: FrameLine, reason: string): BackupError {
    return new BackupError('ARCHIVE_DAMAGED', { archive: this.file, problem: `frame ${frame.frame}: ${reason}` });
  }
}
