import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { expectSize, type Codec } from './codec.ts';

/**
 * How many bytes to have ready for the next frame's output. Node's default of 16 KiB would cost half of the speed, a
 * round over the thread pool for each; the largest possible output for every frame would make garbage faster than it is
 * collected. Frames that follow each other shrink alike.
 */
class OutputSize {
  private readonly recent: number[] = [1 << 18];

  get bytes(): number {
    return Math.min(1 << 22, Math.max(1 << 16, Math.ceil(Math.max(...this.recent) * 1.125)));
  }

  note(output: Buffer): Buffer {
    this.recent.push(output.length);
    // Too small a room costs a second one and a copy of both: the largest of the last few is what to expect.
    if (this.recent.length > 8) this.recent.shift();
    return output;
  }
}

const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

const gzipOutput = new OutputSize();

export const gzipCodec: Codec = {
  name: 'gzip',
  ending: '.gz',
  frameBytes: 1 << 20,
  compress: (bytes, level) =>
    gzip(bytes, { level, chunkSize: gzipOutput.bytes }).then((output) => gzipOutput.note(output)),
  store: (bytes) => gzip(bytes, { level: 0, chunkSize: bytes.length + (1 << 12) }),
  decompress: (stored, size) =>
    gunzip(stored, { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size) }).then(expectSize(size)),
  magic: Buffer.from([0x1f, 0x8b, 0x08]),
};
