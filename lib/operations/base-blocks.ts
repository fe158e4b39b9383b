import { availableParallelism } from 'node:os';
import { blockSizeFor, BlockHasher, type BlockHashes } from '../archive/block-hashes.ts';
import type { BlockStore } from '../archive/changed-files.ts';
import { FrameContent } from '../archive/frame-content.ts';
import type { SourceEntry } from '../core/entry.ts';
import { isBackupError } from '../core/errors.ts';
import type { BlockCache } from '../store/block-cache.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { openArchive } from './chain-archives.ts';
import type { Base } from './open-base.ts';

/**
 * The block hashes of large contents: from the cache, or else made from the archives of the base. A full backup that others
 * are to build on fills the cache, and reads nothing.
 */
export class BaseBlocks implements BlockStore {
  private readonly cache: BlockCache;
  private readonly base: Base | undefined;
  private readonly signal: AbortSignal;
  private readonly keepsBase: boolean;

  /** @param keepsBase whether another backup is going to build on the same base: a differential one. */
  constructor(cache: BlockCache, base: Base | undefined, signal: AbortSignal, keepsBase = false) {
    this.keepsBase = keepsBase;
    this.cache = cache;
    this.base = base;
    this.signal = signal;
  }

  blockSizeOf(entry: SourceEntry): number {
    return blockSizeFor(entry.size, entry.blockSize);
  }

  async read(entry: ManifestEntry, blockSize: number): Promise<BlockHashes | undefined> {
    const { sha256, size } = entry;
    if (sha256 === undefined) return undefined;
    if (this.keepsBase) this.cache.keep(sha256);
    return this.cache.read(sha256, blockSize, size) ?? (await this.hashArchived(entry, blockSize));
  }

  write({ sha256 }: ManifestEntry, blocks: BlockHashes): void {
    if (sha256 !== undefined) this.cache.write(sha256, blocks);
  }

  keep({ sha256 }: ManifestEntry): void {
    if (sha256 !== undefined) this.cache.keep(sha256);
  }

  /** Undefined where the archives do not give the content: then the file is stored whole. */
  private async hashArchived(entry: ManifestEntry, blockSize: number): Promise<BlockHashes | undefined> {
    const { base } = this;
    if (base === undefined) return undefined;
    const { manifest, backup } = base;
    const reader = new FrameContent({
      frames: manifest.frames,
      openArchive: (index) => openArchive(backup, manifest.header, index),
      parallel: availableParallelism(),
      archives: manifest.header.archives.length,
      signal: this.signal,
    });
    const hasher = new BlockHasher(blockSize, entry.size);
    let isWhole = false;
    try {
      await reader.read(inOneBatch(entry), {
        begin: () => undefined,
        bytes: (_, bytes) => hasher.update(bytes),
        end: () => void (isWhole = true),
        failed: () => undefined,
      });
    } catch (error) {
      if (!isBackupError(error) || isBackupError(error, 'INTERRUPTED')) throw error;
    } finally {
      reader.close();
    }
    return isWhole ? hasher.finish() : undefined;
  }
}

async function* inOneBatch(entry: ManifestEntry): AsyncGenerator<readonly ManifestEntry[]> {
  yield await Promise.resolve([entry]);
}
