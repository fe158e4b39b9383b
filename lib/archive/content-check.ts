import { createHash, hash as hashOnce, type Hash } from 'node:crypto';
import type { ManifestEntry } from '../store/manifest.ts';

/** Proves that content given in pieces is what the manifest names: its size and its SHA-256. */
export class ContentCheck {
  private readonly entry: ManifestEntry;
  private digest: Hash | undefined;
  private single: string | undefined;
  private size = 0;

  constructor(entry: ManifestEntry) {
    this.entry = entry;
  }

  bytes(bytes: Buffer): void {
    // Most files come whole: their hash needs no stream.
    if (this.size === 0 && bytes.length === this.entry.size) this.single = hashOnce('sha256', bytes, 'hex');
    else {
      this.digest ??= createHash('sha256');
      this.digest.update(bytes);
    }
    this.size += bytes.length;
  }

  /** What is wrong with the content, or undefined when it is whole. */
  problem(): { code: 'entry-size' | 'entry-hash'; expected: string; found: string } | undefined {
    const { size, sha256 = '' } = this.entry;
    if (this.size !== size) return { code: 'entry-size', expected: String(size), found: String(this.size) };
    const found = size === 0 ? emptyHash : (this.single ?? this.digest?.digest('hex') ?? '');
    return found === sha256 ? undefined : { code: 'entry-hash', expected: sha256, found };
  }
}

const emptyHash = hashOnce('sha256', '', 'hex');
