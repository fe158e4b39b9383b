import type { Readable } from 'node:stream';
import type { Compression } from '../../config/settings.ts';
import { StockTool, ToolFailure } from './stock-tool.ts';
import { stockTools, type ToolCompression } from './stock-tools.ts';

/** True for what a program of the system unpacks. */
export function isToolCompression(compression: Compression): compression is ToolCompression {
  return Object.hasOwn(stockTools, compression);
}

/** What the bytes unpack to; undefined where they are damaged, or would be more than `most` bytes. */
export async function unpackWhole(
  compression: ToolCompression,
  bytes: Uint8Array,
  most: number,
): Promise<Buffer | undefined> {
  const { program, decompress } = stockTools[compression];
  try {
    return await new StockTool(program).run(decompress, bytes, most);
  } catch (error) {
    if (error instanceof ToolFailure || error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Unpacks streams that follow each other, piece by piece.
 * @throws ToolFailure where they are damaged, cut off or followed by something else; the source's own errors.
 */
export function unpackStream(compression: ToolCompression, source: Readable): AsyncGenerator<Buffer> {
  const { program, decompress } = stockTools[compression];
  return new StockTool(program).stream(decompress, source);
}

/** What follows `BZh` and a digit: a block, or the end of a stream without one. */
const bzip2Marks = [Buffer.from('314159265359', 'hex'), Buffer.from('177245385090', 'hex')];

/** Whether a stream can begin there, where its magic bytes are: a look spares the start of a program. */
export function canBegin(compression: Compression, bytes: Buffer, at: number): boolean {
  if (compression !== 'bzip2') return true;
  const mark = bytes.subarray(at + 4, at + 10);
  return bzip2Marks.some((one) => one.equals(mark));
}
