import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { readSmallFile, UnfitFile } from '../core/read-small-file.ts';
import { makeCacheFolder, removeLink } from './cache-folder.ts';
import { stateFolder, type Store } from './store.ts';

/** Hashes of a content's blocks, as the store keeps them: `hashes` holds 16 bytes a block. */
export interface CachedBlocks {
  blockSize: number;
  size: number;
  hashes: Buffer;
}

const magic = Buffer.from('ai-backup blocks 1\n');
const digestBytes = 32;
/** Letters of a SHA-256 in hex, with which each name begins. */
const hexBytes = 64;
const headBytes = magic.length + 16;

/**
 * Block hashes of the large files of the newest backup, in `.state/blocks`: what changed since is found without reading an
 * archive. Each file is named after the SHA-256 of the content and the size of its blocks, and ends with its own SHA-256, so
 * that a stale or damaged one is never believed. All of it may be deleted at any time.
 */
export class BlockCache {
  private readonly folder: string;
  private readonly modes: Store['modes'];
  /** Contents, by their SHA-256, whose hashes are of use. */
  private readonly used = new Set<string>();
  private readonly fresh: string[] = [];

  constructor(store: Store) {
    this.folder = join(stateFolder(store), 'blocks');
    this.modes = store.modes;
  }

  /** The hashes of a content's blocks, or undefined where they are not known. */
  read(sha256: string, blockSize: number, size: number): CachedBlocks | undefined {
    const name = nameOf(sha256, blockSize);
    let bytes: Buffer;
    try {
      const most = headBytes + Math.ceil(size / blockSize) * 16 + digestBytes;
      bytes = readSmallFile(join(this.folder, name), most);
    } catch (error) {
      if (systemCode(error) === undefined && !(error instanceof UnfitFile)) throw error;
      return undefined;
    }
    const end = bytes.length - digestBytes;
    const hashes = bytes.subarray(headBytes, Math.max(headBytes, end));
    const isWhole =
      end >= headBytes &&
      bytes.subarray(0, headBytes).equals(headOf(blockSize, size)) &&
      hashes.length === Math.ceil(size / blockSize) * 16 &&
      digestOf(sha256, bytes.subarray(0, end)).equals(bytes.subarray(end));
    return isWhole ? { blockSize, size, hashes } : undefined;
  }

  /** Keeps hashes, once `publish` is called. A cache that cannot be written is none: the next run has more to do. */
  write(sha256: string, { blockSize, size, hashes }: CachedBlocks): void {
    const name = nameOf(sha256, blockSize);
    this.used.add(sha256);
    if (this.fresh.includes(name)) return;
    const body = Buffer.concat([headOf(blockSize, size), hashes]);
    try {
      makeCacheFolder(this.folder, this.modes.folder);
      const bytes = Buffer.concat([body, digestOf(sha256, body)]);
      const file = join(this.folder, `${name}.new`);
      // One that a kill left; or a link, which is not written through.
      rmSync(file, { force: true });
      writeFileSync(file, bytes, { mode: this.modes.file, flag: 'wx' });
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return;
    }
    this.fresh.push(name);
  }

  /** A content whose hashes, if there are any, are still of use. */
  keep(sha256: string): void {
    this.used.add(sha256);
  }

  /** Puts what is new in place, and removes what this run had no use for where it looked at everything. */
  publish({ removesUnused }: { removesUnused: boolean }): void {
    try {
      for (const name of this.fresh) renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
      if (removesUnused) this.removeUnused();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  /** Takes back what is new. */
  abandon(): void {
    for (const name of this.fresh) rmSync(join(this.folder, `${name}.new`), { force: true });
  }

  private removeUnused(): void {
    removeLink(this.folder);
    for (const name of readdirSync(this.folder)) {
      if (!this.used.has(name.slice(0, hexBytes))) rmSync(join(this.folder, name), { force: true });
    }
  }
}

const nameOf = (sha256: string, blockSize: number): string => `${sha256}-${blockSize}`;

function headOf(blockSize: number, size: number): Buffer {
  const head = Buffer.alloc(headBytes);
  magic.copy(head);
  head.writeDoubleBE(blockSize, magic.length);
  head.writeDoubleBE(size, magic.length + 8);
  return head;
}

/** The content's own hash goes into it: hashes that were renamed after another content are not believed. */
function digestOf(sha256: string, body: Buffer): Buffer {
  return createHash('sha256').update(sha256).update(body).digest();
}
