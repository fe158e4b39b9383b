import { hash as hashOnce } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { releaseBuffer } from '../core/release-buffer.ts';
import type { Opener } from '../core/sealed-bytes.ts';
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
  private readonly fileBytes: number;
  private readonly opener: Promise<Opener> | undefined;

  /** @param opener decrypts what the archive holds; it may still be on its way. */
  constructor(file: string, codec: Codec, opener?: Promise<Opener>) {
    // Whoever opens a FIFO waits for ever, and to open a device may do something to it.
    this.fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(this.fd);
    this.fileBytes = stat.isFile() ? stat.size : 0;
    this.file = file;
    this.codec = codec;
    this.opener = opener;
    // Whoever reads is told.
    opener?.catch(() => undefined);
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
    if (frame.offset + frame.storedSize > this.fileBytes) throw this.damaged(frame, 'the archive is cut short');
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
   * The compressed bytes of a frame, decrypted where it is encrypted.
   * @throws BackupError ARCHIVE_DAMAGED; and what the opener throws
   */
  async readPacked(frame: FrameLine): Promise<Buffer> {
    const stored = this.readStored(frame);
    if (this.opener === undefined) return stored;
    const opener = await this.opener;
    if (frame.offset < opener.headBytes) throw this.damaged(frame, 'it lies in the head of the archive');
    const packed = opener.open(stored, frame.offset);
    releaseBuffer(stored);
    return packed;
  }

  /**
   * The uncompressed bytes of a frame.
   * @throws BackupError ARCHIVE_DAMAGED
   */
  async read(frame: FrameLine): Promise<Buffer> {
    // What is not encrypted is under way at once, so that `close` can end it.
    const stored = this.opener === undefined ? this.readStored(frame) : await this.readPacked(frame);
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
