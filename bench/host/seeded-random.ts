/** A stream of numbers that is the same in every run: what makes two benchmark hosts equal to the byte. */
export interface SeededRandom {
  /** An integer of 32 bits, unsigned. */
  uint32(): number;
  /** An integer from 0 up to, but not including, `limit`. */
  below(limit: number): number;
  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** One of the values; throws a RangeError where there is none. */
  pick<T>(values: readonly T[]): T;
  /** `digits` lower-case hex digits. */
  hex(digits: number): string;
}

/**
 * Makes the stream that belongs to a seed and a name. Streams of different names are independent, so that a change in
 * how the logs are made leaves the database as it was.
 */
export function seededRandom(seed: number, name: string): SeededRandom {
  const next = sfc32(seed, name);
  const below = (limit: number): number => Math.floor((next() / 0x1_0000_0000) * limit);
  return {
    uint32: next,
    below,
    between: (least, most) => least + below(most - least + 1),
    pick: (values) => {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('Nothing to pick from.');
      return value;
    },
    hex: (digits) => {
      let text = '';
      while (text.length < digits) text += next().toString(16).padStart(8, '0');
      return text.slice(0, digits);
    },
  };
}

/** Chris Doty-Humphrey's sfc32 (PractRand): small, fast, and good enough that gzip finds nothing in it. */
function sfc32(seed: number, name: string): () => number {
  let a = seed | 0;
  let b = fnv1a(name) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  // The first dozen numbers still show the seed.
  for (let round = 0; round < 16; round += 1) next();
  return next;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
