import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { toSystemPath } from '../../core/path-bytes.ts';

const blockBytes = 1024 * 1024;
/** The page that holds this byte is where SQLite puts its locks, and never has content (fileformat2, section 1.4). */
const lockByte = 0x40000000;
const largestPage = 65_536;

/**
 * Header fields that say how a file came to be and not what is in it: WAL mode, change counter, schema cookie,
 * version-valid-for and the library's version number.
 */
const historyFields: readonly (readonly [start: number, end: number])[] = [
  [18, 20],
  [24, 28],
  [40, 44],
  [92, 100],
];

/** Whether two database files, which nobody writes, have the same pages. */
export function haveSamePages(first: string, second: string): boolean {
  const a = openSync(toSystemPath(first), 'r');
  const b = openSync(toSystemPath(second), 'r');
  try {
    const size = fstatSync(a).size;
    if (fstatSync(b).size !== size) return false;
    const one = Buffer.alloc(blockBytes);
    const other = Buffer.alloc(blockBytes);
    for (let at = 0; at < size; at += blockBytes) {
      const length = Math.min(blockBytes, size - at);
      readWhole(a, one, at, length);
      readWhole(b, other, at, length);
      for (const block of [one, other]) blank(block, at);
      if (one.compare(other, 0, length, 0, length) !== 0) return false;
    }
    return true;
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

function blank(block: Buffer, at: number): void {
  if (at === 0) for (const [start, end] of historyFields) block.fill(0, start, end);
  if (at === lockByte) block.fill(0, 0, largestPage);
}

function readWhole(fd: number, into: Buffer, at: number, length: number): void {
  for (let got = 0; got < length;) {
    const read = readSync(fd, into, got, length - got, at + got);
    if (read === 0) throw new Error('the file became shorter while it was read');
    got += read;
  }
}
