import { expectSize } from './codec.ts';
import { StockTool, ToolFailure } from './stock-tool.ts';
import { stockTools, type ToolCompression } from './stock-tools.ts';

/** The frames of a compression that a program of the system does, each by a process of its own. */
export class ToolFrames {
  private readonly description: (typeof stockTools)[ToolCompression];
  private readonly tool: StockTool;

  constructor(compression: ToolCompression) {
    this.description = stockTools[compression];
    this.tool = new StockTool(this.description.program);
  }

  compress(bytes: Uint8Array, level: number): Promise<Buffer> {
    // More than any of them makes of what does not shrink.
    const most = bytes.length + (bytes.length >> 5) + 4096;
    return this.tool.run(this.description.compress(level), bytes, most);
  }

  /** @throws ToolFailure, RangeError where the bytes do not unpack to exactly that many. */
  async decompress(stored: Uint8Array, size: number): Promise<Buffer> {
    // Of what begins otherwise some programs make what they can: BusyBox's xz unpacks lzma, and nothing is nothing to it.
    const { magic, decompress, program } = this.description;
    if (!magic.equals(stored.subarray(0, magic.length))) throw new ToolFailure(`these are no bytes of ${program}`);
    return this.tool.run(decompress, stored, size).then(expectSize(size));
  }

  stop(): void {
    this.tool.stop();
  }
}
