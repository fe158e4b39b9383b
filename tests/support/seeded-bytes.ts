import { createCipheriv } from 'node:crypto';

/** What a file is filled with. `text` compresses well, `random` does not, `zeros` vanish. */
export type Filling = 'random' | 'text' | 'zeros';

/** The same bytes for the same seed, on every machine; of `text` and `random`, no 16 bytes at a place are those of another seed. */
export function seededBytes(seed: number, length: number, filling: Filling = 'random'): Buffer {
  switch (filling) {
    case 'zeros':
      return Buffer.alloc(length);
    case 'random':
      return keyStream(seed, length);
    case 'text': {
      const lines: string[] = [];
      for (let at = 0, line = 0; at < length; line += 1) {
        const text = `${String(seed)} says line ${String(line)} of a text that repeats itself, ${'again '.repeat(line % 7)}\n`;
        lines.push(text);
        at += text.length;
      }
      return Buffer.from(lines.join('')).subarray(0, length);
    }
  }
}

function keyStream(seed: number, length: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeDoubleLE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
