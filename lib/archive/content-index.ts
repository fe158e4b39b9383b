/** Where a content begins. */
export interface ContentPlace {
  frame: number;
  offset: number;
}

const wordsAKey = 4;
const mostFull = 0.7;

/**
 * Finds contents by the first 128 bits of their SHA-256, in some 40 bytes each: a million of them fit into 60 MB. Only whole
 * contents that lie in one piece are noted.
 */
export class ContentIndex {
  private keys: Uint32Array;
  private frames: Uint32Array;
  private offsets: Uint32Array;
  private used = 0;

  /** @param expected number of contents, about. */
  constructor(expected = 1024) {
    const room = roomFor(expected);
    this.keys = new Uint32Array(room * wordsAKey);
    // A frame's number is kept one higher: zero is a free place.
    this.frames = new Uint32Array(room);
    this.offsets = new Uint32Array(room);
  }

  /** @param sha256 in hex. The first place that is noted stays. */
  add(sha256: string, frame: number, offset: number): void {
    if (this.used >= this.frames.length * mostFull) this.grow();
    const key = keyOf(sha256);
    const at = this.placeOf(key);
    if (this.frames[at] !== 0) return;
    this.keys.set(key, at * wordsAKey);
    this.frames[at] = frame + 1;
    this.offsets[at] = offset;
    this.used += 1;
  }

  find(sha256: string): ContentPlace | undefined {
    const at = this.placeOf(keyOf(sha256));
    const frame = this.frames[at] ?? 0;
    return frame === 0 ? undefined : { frame: frame - 1, offset: this.offsets[at] ?? 0 };
  }

  private placeOf(key: readonly number[]): number {
    const mask = this.frames.length - 1;
    for (let at = (key[0] ?? 0) & mask; ; at = (at + 1) & mask) {
      if (this.frames[at] === 0 || this.isKey(key, at * wordsAKey)) return at;
    }
  }

  private isKey(key: readonly number[], from: number): boolean {
    const { keys } = this;
    return keys[from] === key[0] && keys[from + 1] === key[1] && keys[from + 2] === key[2] && keys[from + 3] === key[3];
  }

  private grow(): void {
    const { keys, frames, offsets } = this;
    const room = frames.length * 2;
    this.keys = new Uint32Array(room * wordsAKey);
    this.frames = new Uint32Array(room);
    this.offsets = new Uint32Array(room);
    for (let old = 0; old < frames.length; old += 1) {
      if (frames[old] === 0) continue;
      const key = [...keys.subarray(old * wordsAKey, (old + 1) * wordsAKey)];
      const at = this.placeOf(key);
      this.keys.set(key, at * wordsAKey);
      this.frames[at] = frames[old] ?? 0;
      this.offsets[at] = offsets[old] ?? 0;
    }
  }
}

function roomFor(expected: number): number {
  let room = 1024;
  while (room * mostFull < expected) room *= 2;
  return room;
}

function keyOf(sha256: string): number[] {
  const word = (from: number): number => Number.parseInt(sha256.slice(from, from + 8), 16);
  return [word(0), word(8), word(16), word(24)];
}
