/** Numbers that follow from a seed alone, so that every case can be made again: sfc32, by Chris Doty-Humphrey (public domain). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seeds whole numbers; each set of them has a sequence of its own. */
  constructor(...seeds: readonly number[]) {
    [this.a, this.b, this.c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
    for (const seed of seeds) {
      this.a = (this.a ^ Math.imul(seed, 2654435761)) >>> 0;
      this.b = (this.b ^ Math.imul(Math.floor(seed / 2 ** 32), 1597334677)) >>> 0;
      for (let round = 0; round < 12; round += 1) this.next();
    }
  }

  /** A whole number from 0 to 2³² − 1. */
  next(): number {
    const sum = (this.a + this.b + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = (this.b ^ (this.b >>> 9)) >>> 0;
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    return below <= 1 ? 0 : Math.floor((this.next() / 2 ** 32) * below);
  }

  chance(share: number): boolean {
    return this.next() / 2 ** 32 < share;
  }

  /** How many changes a case gets: mostly one, for a second one hides what the first would show. */
  few(): number {
    return 1 + (this.chance(0.3) ? this.below(4) : 0);
  }

  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined && from.length === 0) throw new RangeError('there is nothing to pick');
    return one as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.next() & 0xff));
  }
}
