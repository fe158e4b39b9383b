import { hash as hashOnce } from 'node:crypto';

/** Files below this are always stored whole. */
export const smallestDeltaBytes = 1 << 20;

/** Files from this size on may not fit into one frame with their header: whether their content is known is asked beforehand. */
export const smallestSpreadBytes = smallestDeltaBytes - (1 << 14);

/** Bytes of a block of a file that is no database. */
export const plainBlockBytes = 1 << 14;

/** Hashes of more blocks than this would take more than 32 MB for one file: larger files have larger blocks. */
const mostBlocks = 1 << 21;

/** Bytes of a block of a file of that size: the page size of a database, or several pages. */
export function blockSizeFor(fileBytes: number, pageBytes = plainBlockBytes): number {
  let size = pageBytes;
  while (fileBytes / size > mostBlocks) size *= 2;
  return size;
}

/** The first bytes of a block's SHA-256, which it is known by. */
export const blockHashBytes = 16;

/** The hashes of a content's blocks, one after the other; the last block may be shorter than the others. */
export interface BlockHashes {
  blockSize: number;
  /** Bytes of the content. */
  size: number;
  hashes: Buffer;
}

/** Hashes the blocks of a content that comes in pieces of any size. */
export class BlockHasher {
  private readonly blockSize: number;
  private readonly rest: Buffer;
  private restBytes = 0;
  private size = 0;
  private hashes: Buffer;

  /** @param expectedBytes of the content, as far as is known. */
  constructor(blockSize: number, expectedBytes: number) {
    this.blockSize = blockSize;
    this.rest = Buffer.allocUnsafeSlow(blockSize);
    this.hashes = Buffer.allocUnsafeSlow((Math.ceil(expectedBytes / blockSize) + 1) * blockHashBytes);
  }

  update(bytes: Buffer): void {
    const { blockSize } = this;
    let at = 0;
    if (this.restBytes > 0) {
      at = Math.min(bytes.length, blockSize - this.restBytes);
      bytes.copy(this.rest, this.restBytes, 0, at);
      this.restBytes += at;
      if (this.restBytes < blockSize) return;
      this.note(this.rest);
      this.restBytes = 0;
    }
    for (; at + blockSize <= bytes.length; at += blockSize) this.note(bytes.subarray(at, at + blockSize));
    this.restBytes = bytes.length - at;
    bytes.copy(this.rest, 0, at);
  }

  finish(): BlockHashes {
    if (this.restBytes > 0) this.note(this.rest.subarray(0, this.restBytes));
    this.restBytes = 0;
    const blocks = Math.ceil(this.size / this.blockSize);
    return { blockSize: this.blockSize, size: this.size, hashes: this.hashes.subarray(0, blocks * blockHashBytes) };
  }

  private note(block: Buffer): void {
    const at = Math.ceil(this.size / this.blockSize) * blockHashBytes;
    if (at + blockHashBytes > this.hashes.length) {
      const wider = Buffer.allocUnsafeSlow(this.hashes.length * 2);
      this.hashes.copy(wider);
      this.hashes = wider;
    }
    putBlockHash(block, this.hashes, at);
    this.size += block.length;
  }
}

function putBlockHash(block: Buffer, into: Buffer, at: number): void {
  hashOnce('sha256', block, 'buffer').copy(into, at, 0, blockHashBytes);
}

/** Whether a block is the one that was hashed. */
export function isBlock(block: Buffer, { hashes }: BlockHashes, index: number): boolean {
  const found = hashOnce('sha256', block, 'buffer');
  const at = index * blockHashBytes;
  return found.compare(hashes, at, at + blockHashBytes, 0, blockHashBytes) === 0;
}

/** A part of a content: from its first byte to the one behind its last. */
export interface ByteRun {
  from: number;
  to: number;
}

/** The runs of blocks that an older content of the same block size does not have at the same place, in order. */
export function changedRuns(older: BlockHashes, newer: BlockHashes): ByteRun[] {
  const runs: ByteRun[] = [];
  const { blockSize, size } = newer;
  for (let block = 0, from = 0; from < size; block += 1, from += blockSize) {
    const to = Math.min(size, from + blockSize);
    if (isSameBlock(older, newer, block, to - from)) continue;
    const last = runs.at(-1);
    if (last?.to === from) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}

function isSameBlock(older: BlockHashes, newer: BlockHashes, block: number, length: number): boolean {
  const start = block * newer.blockSize;
  // A block that is cut short where the other one is not has other bytes, whatever its hash.
  if (Math.min(older.size - start, older.blockSize) !== length) return false;
  const at = block * blockHashBytes;
  return newer.hashes.compare(older.hashes, at, at + blockHashBytes, at, at + blockHashBytes) === 0;
}
