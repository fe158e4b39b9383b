import { ForeignDamage } from './foreign-stream.ts';

export const tarBlock = 512;

/** A tar's bytes, taken in blocks for headers and in whatever pieces come for content. */
export class TarInput {
  /** Bytes taken so far. */
  position = 0;
  private readonly chunks: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * The next `size` bytes, or undefined at the end.
   * @throws ForeignDamage where the end comes in the middle.
   */
  async take(size: number): Promise<Buffer | undefined> {
    const first = await this.some(size);
    if (first === undefined || first.length === size) return first;
    const parts = [first];
    for (let missing = size - first.length; missing > 0;) {
      const part = await this.some(missing);
      if (part === undefined) throw new ForeignDamage('it is cut off');
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** From 1 to `limit` of the next bytes, or undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    while (this.at === this.chunk.length) {
      const next = await this.chunks.next();
      if (next.done === true) return undefined;
      this.chunk = next.value;
      this.at = 0;
    }
    const part = this.chunk.subarray(this.at, this.at + limit);
    this.at += part.length;
    this.position += part.length;
    return part;
  }

  /** Passes over `size` bytes. */
  async skip(size: number): Promise<void> {
    for (let left = size; left > 0;) {
      const part = await this.some(left);
      if (part === undefined) throw new ForeignDamage('it is cut off');
      left -= part.length;
    }
  }

  /** Closes what the bytes come from. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
