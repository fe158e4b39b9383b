import { readSync } from 'node:fs';
import type { OpenLog } from './audit-files.ts';
import { hashOf, mostLineBytes } from './audit-line.ts';

/** A line as it stands in a file. */
export interface RawLine {
  /** Counts from 1 in its file. */
  number: number;
  /** Without its end; undefined where it is longer than any line of ours. */
  bytes: Buffer | undefined;
  hash: string;
  /** False where the file ends without a line feed behind it. */
  isEnded: boolean;
}

const chunkBytes = 1 << 18;
const lineFeed = 0x0a;

/** The lines of a file, in order. */
export function* readLines({ fd, size }: OpenLog): Generator<RawLine> {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const line = (isEnded: boolean): RawLine => {
    number += 1;
    const isOurs = length <= mostLineBytes;
    const bytes = Buffer.concat(parts);
    parts = [];
    length = 0;
    // Of one that is too long the beginning is kept: its hash fits nothing.
    return { number, bytes: isOurs ? bytes : undefined, hash: hashOf(bytes), isEnded };
  };
  for (let at = 0; at < size;) {
    const got = readSync(fd, chunk, 0, Math.min(chunkBytes, size - at), at);
    if (got === 0) break;
    at += got;
    let from = 0;
    for (let end = chunk.indexOf(lineFeed, 0); end !== -1 && end < got; end = chunk.indexOf(lineFeed, from)) {
      add(chunk.subarray(from, end));
      yield line(true);
      from = end + 1;
    }
    add(chunk.subarray(from, got));
  }
  if (length > 0) yield line(false);

  function add(bytes: Buffer): void {
    if (bytes.length > 0 && length <= mostLineBytes) parts.push(Buffer.from(bytes));
    length += bytes.length;
  }
}
