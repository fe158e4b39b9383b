import type { BaseManifest } from '../store/base-manifest.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { smallestDeltaBytes, smallestSpreadBytes } from './block-hashes.ts';
import { ContentIndex, type ContentPlace } from './content-index.ts';

/**
 * Which contents rest in the archives of a chain already: those of the base, and those that were stored since. What was
 * moved, renamed or copied is found here by its hash.
 */
export class KnownContents {
  private readonly base: BaseManifest;
  private index: ContentIndex | undefined;
  /** Large contents of the base, few as they are: by hash where they are extents, and all by inode and size. */
  private readonly spread = new Map<string, string>();
  private readonly pathOfInode = new Map<bigint, string>();
  private readonly sizes = new Set<number>();
  /** The extents of large files that were stored since. */
  private readonly stored = new Map<string, Float64Array>();

  constructor(base: BaseManifest) {
    this.base = base;
  }

  get isReady(): boolean {
    return this.index !== undefined;
  }

  /** Reads the base once more; a run without changes never does. */
  async prepare(): Promise<void> {
    const index = new ContentIndex();
    for await (const texts of this.base.texts()) for (const text of texts) this.noteText(text, index);
    this.index = index;
  }

  /** Where a content begins that rests in one piece. */
  find(sha256: string): ContentPlace | undefined {
    return this.index?.find(sha256);
  }

  /** Where a large content rests, in one piece or in many. */
  async findLarge(sha256: string): Promise<Pick<ManifestEntry, 'at' | 'extents'> | undefined> {
    const at = this.find(sha256);
    if (at !== undefined) return { at };
    const stored = this.stored.get(sha256);
    if (stored !== undefined) return { extents: stored };
    const path = this.spread.get(sha256);
    const noted = path === undefined ? undefined : await this.entryAt(path);
    return noted?.extents === undefined ? undefined : { extents: noted.extents };
  }

  /** True when the base has a large content of that size: worth a look at its hash before it is stored. */
  hasSize(size: number): boolean {
    return this.sizes.has(size);
  }

  /** True when a large file of the base had this inode. */
  hasInode(inode: bigint | undefined): boolean {
    return inode !== undefined && this.pathOfInode.has(inode);
  }

  /** The large file of the base that had this inode: a log that was renamed goes on under another name. */
  async entryOfInode(inode: bigint | undefined): Promise<ManifestEntry | undefined> {
    const path = inode === undefined ? undefined : this.pathOfInode.get(inode);
    return path === undefined ? undefined : this.entryAt(path);
  }

  /** Notes what has been stored. */
  note({ sha256, at, extents, size }: ManifestEntry): void {
    if (sha256 === undefined) return;
    if (at !== undefined) this.index?.add(sha256, at.frame, at.offset);
    else if (extents !== undefined) this.stored.set(sha256, extents);
    if (size >= smallestSpreadBytes) this.sizes.add(size);
  }

  private noteText(text: string, index: ContentIndex): void {
    const line = text.startsWith('{"path"') ? text : text.slice(text.lastIndexOf('\n') + 1);
    // Inside of a JSON string the quotes would be escaped, so that no name can look like a field.
    const hash = line.lastIndexOf(',"sha256":"');
    if (hash === -1) return;
    const sha256 = line.slice(hash + 11, hash + 75);
    const size = numberAfter(line, line.lastIndexOf(',"size":', hash) + 8);
    const place = line.indexOf(',"at":[', hash);
    if (size >= smallestSpreadBytes) this.noteLarge(line, sha256, size, place === -1);
    if (place === -1) return;
    const comma = line.indexOf(',', place + 7);
    index.add(sha256, numberAfter(line, place + 7), numberAfter(line, comma + 1));
  }

  private noteLarge(line: string, sha256: string, size: number, isSpread: boolean): void {
    const { path, inode } = this.base.parse(isSpread ? line.replace(/,"extents":\d+/, '') : line);
    this.sizes.add(size);
    if (isSpread) this.spread.set(sha256, path);
    if (inode !== undefined && size >= smallestDeltaBytes) this.pathOfInode.set(inode, path);
  }

  private async entryAt(path: string): Promise<ManifestEntry | undefined> {
    for await (const texts of this.base.texts()) {
      for (const text of texts) {
        if (!text.includes(`{"path":${JSON.stringify(path)},`)) continue;
        const entry = this.base.parse(text);
        if (entry.path === path) return entry;
      }
    }
    return undefined;
  }
}

function numberAfter(text: string, from: number): number {
  let value = 0;
  for (let at = from; ; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return value;
    value = value * 10 + digit;
  }
}
