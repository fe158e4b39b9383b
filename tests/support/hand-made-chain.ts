import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeTarHeader, tarHeaderSize, tarPadding } from '../../lib/archive/tar-headers.ts';
import { pathToBytes } from '../../lib/core/path-bytes.ts';
import type { Metadata } from '../../lib/store/metadata.ts';
import type { ChainArchive } from '../../lib/store/chain-archive.ts';
import { sampleMetadata } from './sample-metadata.ts';
import { tarEnd } from './tar-end.ts';

/** What an entry is in one backup of the chain. */
export type HandMade =
  | { kind: 'directory'; mode?: string; seconds?: number }
  | { kind: 'symlink'; linkTarget: string; seconds?: number }
  | { kind: 'file'; content: Buffer; mode?: string; seconds?: number; stored: Stored };

/**
 * Where a file's content is: in a member of its own; where the base has that path; or block by block, the changed ones
 * in a member of their own, the others where the base has them.
 */
export type Stored = 'whole' | { like: string } | { blocksOf: string; blockBytes: number };

type Extent = [frame: number, offset: number, length: number];

interface Written {
  frames: { archive: ChainArchive; line: object }[];
  entries: Map<string, { made: HandMade; lines: string[]; extents: Extent[] }>;
}

const packers: Record<string, (bytes: Buffer) => Buffer> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => execFileSync('zstd', ['-qc'], { input: bytes }),
  bzip2: (bytes) => execFileSync('bzip2', ['-c'], { input: bytes }),
  xz: (bytes) => execFileSync('xz', ['-c'], { input: bytes }),
};

/** A store with backups that build on each other, made by the words of docs/format.md and not by the toolkit. */
export class HandMadeChain {
  readonly store: string;
  readonly archives: ChainArchive[] = [];
  private readonly frameBytes: number;
  private base: Written = { frames: [], entries: new Map() };

  constructor(store: string, frameBytes: number) {
    this.store = store;
    this.frameBytes = frameBytes;
    mkdirSync(store);
  }

  /** Adds one backup that holds exactly these entries, by path, and gives its metadata. */
  add(archive: ChainArchive, entries: ReadonlyMap<string, HandMade>): Metadata {
    this.archives.push(archive);
    const tar = new Tar();
    const written: Written = { frames: [...this.base.frames], entries: new Map() };
    for (const [path, made] of entries) {
      const before = made.kind === 'file' && typeof made.stored === 'object' ? this.base.entries.get(path) : undefined;
      const isSame = made.kind === 'file' && typeof made.stored === 'object' && 'like' in made.stored;
      // Byte for byte the line of the base, as long as nothing about the entry changed.
      if (
        isSame &&
        before !== undefined &&
        JSON.stringify(withoutStored(before.made)) === JSON.stringify(withoutStored(made))
      ) {
        written.entries.set(path, before);
        continue;
      }
      const extents = made.kind === 'file' ? this.extentsOf(path, made, tar) : [];
      written.entries.set(path, { made, extents, lines: linesOf(path, made, extents) });
    }
    const raw = tar.finished();
    this.writeArchive(archive, raw, written);
    this.base = written;
    return this.writeFolder(archive, written);
  }

  private extentsOf(path: string, made: HandMade & { kind: 'file' }, tar: Tar): Extent[] {
    const { stored, content } = made;
    if (stored === 'whole') return this.member(tar, path, made.mode ?? '0644', [content]);
    const base = this.base.entries.get('like' in stored ? stored.like : stored.blocksOf);
    if (base?.made.kind !== 'file') throw new TypeError('the base has no such file');
    if ('like' in stored) return base.extents;
    const { blockBytes } = stored;
    const old = base.made.content;
    const blocks = Array.from({ length: Math.ceil(content.length / blockBytes) }, (_, at) => at * blockBytes);
    const block = (of: Buffer, at: number): Buffer => of.subarray(at, at + blockBytes);
    const changed = blocks.filter((at) => !block(content, at).equals(block(old, at)));
    const own = this.member(
      tar,
      `.backup/blocks/${path}`,
      '0600',
      changed.map((at) => block(content, at)),
    );
    const numbers = new Map(changed.map((at, number) => [at, number]));
    const ownBytes = new Spread(own);
    const oldBytes = new Spread(base.extents);
    return blocks.flatMap((at) => {
      const length = Math.min(blockBytes, content.length - at);
      const number = numbers.get(at);
      return number === undefined ? this.cut(oldBytes, at, length) : this.cut(ownBytes, number * blockBytes, length);
    });
  }

  /** The part of a content; an extent may go on over frames, and stays one. */
  private cut(spread: Spread, at: number, length: number): Extent[] {
    return spread.part(at, length).map(([frame, offset, size]) => {
      // The base's own numbers: frames of all archives are of one size but for the last of each.
      const over = Math.floor(offset / this.frameBytes);
      return [frame + over, offset - over * this.frameBytes, size];
    });
  }

  /** Appends a member; its content as one extent. */
  private member(tar: Tar, path: string, mode: string, parts: Buffer[]): Extent[] {
    const content = Buffer.concat(parts);
    if (content.length === 0 && !path.startsWith('.backup/')) return [];
    const entry = {
      path,
      kind: 'file' as const,
      mode: Number.parseInt(mode, 8),
      mtimeNs: 0n,
      uid: 0,
      gid: 0,
      size: content.length,
    };
    const header = Buffer.alloc(tarHeaderSize(entry));
    encodeTarHeader(entry, header, 0);
    const start = tar.bytes + header.length;
    tar.append(header, content, Buffer.alloc(tarPadding(content.length)));
    const first = this.base.frames.length + Math.floor(start / this.frameBytes);
    return content.length === 0 ? [] : [[first, start % this.frameBytes, content.length]];
  }

  private writeArchive(archive: ChainArchive, raw: Buffer, written: Written): void {
    const stored: Buffer[] = [];
    let offset = 0;
    for (let at = 0; at < raw.length; at += this.frameBytes) {
      const piece = raw.subarray(at, at + this.frameBytes);
      const packed = packers[archive.compression]?.(piece) ?? piece;
      const sha256 = createHash('sha256').update(packed).digest('hex');
      const line = { offset, storedSize: packed.length, size: piece.length, sha256 };
      written.frames.push({ archive, line });
      stored.push(packed);
      offset += packed.length;
    }
    writeFileSync(join(this.store, archive.file), Buffer.concat(stored));
  }

  private writeFolder(archive: ChainArchive, written: Written): Metadata {
    // The backup's own archive has number 0, the others follow from the oldest on.
    const ordered = [archive, ...this.archives.slice(0, -1)];
    const lines = [
      JSON.stringify({
        manifest: 1,
        backup: archive.backup,
        layout: 'tar',
        compression: archive.compression,
        archives: ordered,
        owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
        targets: [],
      }),
      ...written.frames.map(({ archive: of, line }, frame) =>
        JSON.stringify({ frame, archive: ordered.indexOf(of), ...line }),
      ),
      ...[...written.entries.values()].flatMap((entry) => entry.lines),
      JSON.stringify({ end: { entries: written.entries.size, frames: written.frames.length } }),
    ];
    const manifest = Buffer.from(`${lines.join('\n')}\n`);
    mkdirSync(join(this.store, archive.backup));
    writeFileSync(join(this.store, archive.backup, 'manifest.jsonl.gz'), gzipSync(manifest));
    const bytes = readFileSync(join(this.store, archive.file));
    return sampleMetadata({
      id: archive.backup,
      chain: this.archives.map(({ backup }) => backup),
      checksum: `sha256:${createHash('sha256').update(manifest).digest('hex')}`,
      archive: {
        file: archive.file,
        compression: archive.compression as 'gzip',
        size: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    });
  }
}

class Tar {
  bytes = 0;
  private readonly parts: Buffer[] = [];

  append(...parts: Buffer[]): void {
    for (const part of parts) this.bytes += part.length;
    this.parts.push(...parts);
  }

  finished(): Buffer {
    return Buffer.concat([...this.parts, tarEnd]);
  }
}

/** Extents as one run of bytes, to take parts of. */
class Spread {
  private readonly extents: readonly Extent[];

  constructor(extents: readonly Extent[]) {
    this.extents = extents;
  }

  part(at: number, length: number): Extent[] {
    const parts: Extent[] = [];
    let position = 0;
    for (const [frame, offset, size] of this.extents) {
      const from = Math.max(at, position);
      const to = Math.min(at + length, position + size);
      if (from < to) parts.push([frame, offset + from - position, to - from]);
      position += size;
    }
    return parts;
  }
}

const withoutStored = (made: HandMade): object => ({ ...made, stored: undefined });

/** An entry's lines: its extents, up to 1024 a line, where its content is in more than one piece; then itself. */
function linesOf(path: string, made: HandMade, extents: readonly Extent[]): string[] {
  const seconds = made.seconds ?? 1_700_000_000;
  const common = { path, origin: path, kind: made.kind };
  const mtime = `${seconds}.250000000`;
  if (made.kind === 'directory') return [JSON.stringify({ ...common, mode: made.mode ?? '0755', mtime })];
  if (made.kind === 'symlink') {
    return [JSON.stringify({ ...common, mode: '0777', mtime, linkTarget: made.linkTarget })];
  }
  const [first] = extents;
  const isWhole = extents.length === 1 && first !== undefined;
  const place = isWhole ? { at: first.slice(0, 2) } : extents.length > 1 ? { extents: extents.length } : {};
  const lines: string[] = [];
  if (!isWhole) {
    for (let at = 0; at < extents.length; at += 1024) {
      lines.push(JSON.stringify({ extents: extents.slice(at, at + 1024).flat() }));
    }
  }
  const { content } = made;
  lines.push(
    JSON.stringify({
      ...common,
      mode: made.mode ?? '0644',
      mtime,
      inode: String(1000 + pathToBytes(path).length),
      size: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      ...place,
    }),
  );
  return lines;
}
