const mostFilled = 0.7;

/**
 * Numbers by 53-bit hashes, in 23 to 46 bytes each: a Map would take twice as much, and ends the process with its sixteen
 * millionth.
 */
export class NameTable {
  private keys = new Float64Array(1024);
  private values = new Float64Array(1024);
  private used = 0;

  get size(): number {
    return this.used;
  }

  get(key: number): number | undefined {
    const at = this.placeOf(key);
    return this.keys[at] === 0 ? undefined : this.values[at];
  }

  set(key: number, value: number): void {
    if (this.used >= this.keys.length * mostFilled) this.grow();
    const at = this.placeOf(key);
    if (this.keys[at] === 0) this.used += 1;
    // A free place is 0: keys are kept one higher.
    this.keys[at] = key + 1;
    this.values[at] = value;
  }

  private placeOf(key: number): number {
    const { keys } = this;
    for (let at = key % keys.length; ; at = (at + 1) % keys.length) {
      if (keys[at] === 0 || keys[at] === key + 1) return at;
    }
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Float64Array(keys.length * 2);
    this.values = new Float64Array(keys.length * 2);
    for (let old = 0; old < keys.length; old += 1) {
      const key = keys[old] ?? 0;
      if (key === 0) continue;
      const at = this.placeOf(key - 1);
      this.keys[at] = key;
      this.values[at] = values[old] ?? 0;
    }
  }
}
