import { readSync } from 'node:fs';
import type { OpenLog } from './audit-files.ts';
import { hashOf, mostLineBytes, noHash, parseAuditLine } from './audit-line.ts';

/** How a file of the log ends. */
export interface AuditTail {
  /** The number of its last line, also where that line cannot be read any more; 0 where there is none. */
  seq: number;
  /** Of the last line's bytes, whatever they are. */
  hash: string;
  /** False where a write was cut off in the midst of the last line. */
  isEnded: boolean;
}

const firstLookBytes = 1 << 16;

/** Reads the end of a file, as far as one line needs. */
export function readTail(log: OpenLog): AuditTail {
  const most = Math.min(log.size, mostLineBytes + firstLookBytes);
  for (let length = Math.min(firstLookBytes, most); ; length = Math.min(length * 4, most)) {
    const tail = tailOf(readEnd(log, length), length === log.size);
    if (tail !== undefined) return tail;
    // No line that can be read is in it: nothing of ours is as long as that.
    if (length === most) return { seq: 0, hash: noHash, isEnded: true };
  }
}

function readEnd({ fd, size }: OpenLog, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const got = readSync(fd, bytes, filled, length - filled, size - length + filled);
    if (got === 0) break;
    filled += got;
  }
  return bytes.subarray(0, filled);
}

/** @param isWhole whether these are all bytes of the file. @returns undefined where more of them are needed. */
function tailOf(bytes: Buffer, isWhole: boolean): AuditTail | undefined {
  const isEnded = bytes.length === 0 || bytes.at(-1) === 0x0a;
  const lines: Buffer[] = [];
  for (let end = isEnded ? bytes.length - 1 : bytes.length; end >= 0;) {
    const start = end === 0 ? 0 : bytes.lastIndexOf(0x0a, end - 1) + 1;
    // The first bytes may be the rest of a line.
    if (start === 0 && !isWhole) return undefined;
    const line = bytes.subarray(start, end);
    lines.push(line);
    const parsed = parseAuditLine(line);
    if (parsed !== undefined) {
      return { seq: parsed.seq + lines.length - 1, hash: hashOf(lines[0] ?? line), isEnded };
    }
    end = start - 1;
  }
  const last = lines[0];
  return { seq: last === undefined ? 0 : lines.length, hash: last === undefined ? noHash : hashOf(last), isEnded };
}
