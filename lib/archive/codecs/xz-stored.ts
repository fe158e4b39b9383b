import { crc32 } from 'node:zlib';

/*
 * An xz stream whose bytes are stored as they are, in LZMA2's uncompressed chunks: xz has no level for that and would
 * look for repetitions for a second. Sections are those of https://tukaani.org/xz/xz-file-format.txt, version 1.2.1;
 * LZMA2's chunks are in the Linux kernel's lib/xz/xz_dec_lzma2.c.
 */

const chunkBytes = 1 << 16;
/** Section 2.1.1.2: nothing, and the kind of check, CRC32. */
const streamFlags = Buffer.from([0x00, 0x01]);
/**
 * Section 3.1: its size in words less one; one filter, no sizes; LZMA2 (5.3.1), one byte of properties, a dictionary of
 * 64 KiB; padding.
 */
const blockHeader = withSum(Buffer.from([0x02, 0x00, 0x21, 0x01, 0x08, 0x00, 0x00, 0x00]));
const streamHeader = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), withSum(streamFlags)]);

/** One complete xz stream of these bytes: 3 bytes more for each 64 KiB, and 60 or so. */
export function storedXz(bytes: Uint8Array): Buffer {
  const block = bytes.length === 0 ? [] : blockOf(bytes);
  // Section 3 calls "unpadded" what has no padding behind the data, but the check.
  const unpadded = block.reduce((sum, part) => sum + part.length, 0) + 4;
  const index =
    bytes.length === 0
      ? padded([0x00, 0x00])
      : padded([0x00, 0x01, ...variableLength(unpadded), ...variableLength(bytes.length)]);
  const check = bytes.length === 0 ? [] : [Buffer.alloc(-unpadded & 3), sumOf(bytes)];
  const backward = Buffer.alloc(4);
  // Section 2.1.2.2: the index with its own sum, in words less one.
  backward.writeUInt32LE((index.length + 4) / 4 - 1);
  const footer = Buffer.concat([backward, streamFlags]);
  // Small buffers may lie in Node's pool; the whole gets memory of its own, which may be given away.
  const parts = [streamHeader, ...block, ...check, withSum(index), sumOf(footer), footer, Buffer.from('YZ')];
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function blockOf(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [blockHeader];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    const head = Buffer.alloc(3);
    // 1 empties the dictionary first, which the first chunk must; 2 goes on.
    head[0] = at === 0 ? 1 : 2;
    head.writeUInt16BE(chunk.length - 1, 1);
    parts.push(head, chunk);
  }
  parts.push(Buffer.alloc(1));
  return parts;
}

/** Section 1.2. */
function variableLength(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return [...bytes, left];
}

function padded(bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(bytes), Buffer.alloc(-bytes.length & 3)]);
}

function sumOf(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return sum;
}

function withSum(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, sumOf(bytes)]);
}
