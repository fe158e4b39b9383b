import { hash as hashOnce } from 'node:crypto';
import { toSystemPath } from './path-bytes.ts';

const wordsPerPath = 4;
const mostFilled = 0.6;

/**
 * A set of paths in little memory: of each it keeps 128 bits of its SHA-256, some 27 to 54 bytes a path whatever its
 * length. Two paths that share them are not found by accident, nor on purpose.
 */
export class PathSet {
  /** How many paths are in it. */
  size = 0;
  private capacity = 1024;
  private words = new Uint32Array(this.capacity * wordsPerPath);

  /** @returns false where it was in it already. */
  add(path: string): boolean {
    if (this.size >= this.capacity * mostFilled) this.grow();
    const key = keyOf(path);
    const at = this.placeOf(key);
    if (!isFree(this.words, at)) return false;
    this.words.set(key, at);
    this.size += 1;
    return true;
  }

  has(path: string): boolean {
    return !isFree(this.words, this.placeOf(keyOf(path)));
  }

  /** Where a key stands, or would. */
  private placeOf(key: Uint32Array): number {
    for (let slot = (key[0] ?? 0) % this.capacity; ; slot = (slot + 1) % this.capacity) {
      const at = slot * wordsPerPath;
      if (isFree(this.words, at) || isEqual(this.words, at, key)) return at;
    }
  }

  private grow(): void {
    const before = this.words;
    this.capacity *= 2;
    this.words = new Uint32Array(this.capacity * wordsPerPath);
    for (let at = 0; at < before.length; at += wordsPerPath) {
      if (isFree(before, at)) continue;
      const key = before.subarray(at, at + wordsPerPath);
      this.words.set(key, this.placeOf(key));
    }
  }
}

function keyOf(path: string): Uint32Array {
  // The bytes of a name that is not UTF-8: as text, such names would all be one. A digest as text is made faster than one as bytes.
  const digest = hashOnce('sha256', toSystemPath(path), 'hex');
  for (let word = 0; word < wordsPerPath; word += 1)
    key[word] = Number.parseInt(digest.slice(word * 8, word * 8 + 8), 16);
  return key;
}

/** One for all: it is looked at before the next one is made. */
const key = new Uint32Array(wordsPerPath);

const isFree = (words: Uint32Array, at: number): boolean =>
  words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0;

const isEqual = (words: Uint32Array, at: number, key: Uint32Array): boolean =>
  words[at] === key[0] && words[at + 1] === key[1] && words[at + 2] === key[2] && words[at + 3] === key[3];
