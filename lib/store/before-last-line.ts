/** Passes on to a digest all lines of a text but the last, which holds the digest of the others. */
export class BeforeLastLine {
  private readonly digest: { update(data: Buffer): unknown };
  private held: Buffer = Buffer.alloc(0);

  constructor(digest: { update(data: Buffer): unknown }) {
    this.digest = digest;
  }

  /** The text goes on with these bytes. */
  update(chunk: Buffer): void {
    // The newline that ends the last line is no reason to pass that line on.
    const end = chunk.length < 2 ? 0 : chunk.lastIndexOf(10, chunk.length - 2) + 1;
    if (chunk.length === 0) return;
    const heldIsWhole = this.held.at(-1) === 10;
    if (end > 0 || heldIsWhole) {
      this.digest.update(this.held);
      this.held = Buffer.alloc(0);
    }
    if (end > 0) this.digest.update(chunk.subarray(0, end));
    const rest = chunk.subarray(end);
    this.held = this.held.length === 0 ? Buffer.from(rest) : Buffer.concat([this.held, rest]);
  }
}
