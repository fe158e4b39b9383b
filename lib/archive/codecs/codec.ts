import type { Compression } from '../../config/settings.ts';

/** How a frame's bytes are compressed: each frame is one complete member of its kind (gzip member, xz stream, …). */
export interface Codec {
  name: Compression;
  /** What follows `.tar` in the archive's name. */
  ending: string;
  /** Uncompressed bytes a frame, about. */
  frameBytes: number;
  compress(bytes: Uint8Array, level: number): Promise<Buffer>;
  /** Wraps bytes that do not shrink. */
  store(bytes: Uint8Array): Promise<Buffer>;
  /** @throws where the member does not give exactly `size` bytes. */
  decompress(stored: Uint8Array, size: number): Promise<Buffer>;
  /** The bytes that every member begins with; absent where there are none. */
  magic?: Buffer;
  /** Ends what is under way in other processes; its promises reject. Absent where there are no such processes. */
  stop?(): void;
}

/** Lets through what has that many bytes. */
export function expectSize(size: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    if (bytes.length !== size) throw new RangeError(`${bytes.length} bytes where ${size} are declared`);
    return bytes;
  };
}
