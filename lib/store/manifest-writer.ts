import { createHash, type Hmac } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Sealer } from '../core/sealed-bytes.ts';
import type { FrameLine, ManifestEnd, ManifestEntry, ManifestHeader } from './manifest.ts';
import { formatEntry } from './manifest-lines.ts';

const gzipAsync = promisify(gzip);

/** Raw bytes a piece: each is one gzip member, compressed beside the archive's frames. */
const pieceBytes = 1 << 20;
const piecesInFlight = 4;

export interface FinishedManifest {
  /** Bytes of the uncompressed manifest, and their SHA-256 in hex. */
  size: number;
  sha256: string;
  entries: number;
  frames: number;
  /** Of the file as it is stored. */
  stored: { size: number; sha256: string };
}

/** How a manifest is encrypted and authenticated. */
export interface ManifestSeal {
  sealer: Sealer;
  /** Keyed, and fresh. */
  mac: Hmac;
}

/** Writes `manifest.jsonl.gz` as its lines come, in flat memory. Whoever makes one calls `finish` or `abort`. */
export class ManifestWriter {
  private readonly fd: number;
  private readonly owner: { uid: number; gid: number };
  private readonly digest = createHash('sha256');
  private lines: string[] = [];
  private linesLength = 0;
  private size = 0;
  private entries = 0;
  private frames = 0;
  private readonly inFlight: Promise<Buffer>[] = [];
  private isOpen = true;
  private readonly sealing: ManifestSeal | undefined;
  private readonly storedDigest = createHash('sha256');
  private storedSize = 0;
  private readonly readableFd: number | undefined;

  /** @param readableFile gets the same, not encrypted. */
  constructor(file: string, header: ManifestHeader, mode: number, seal?: ManifestSeal, readableFile?: string) {
    if (readableFile !== undefined) this.readableFd = openSync(readableFile, 'wx', 0o600);
    this.sealing = seal;
    this.fd = openSync(file, 'wx', mode);
    fchmodSync(this.fd, mode);
    this.owner = header.owner;
    if (seal !== undefined) this.store(seal.sealer.head);
    this.push(JSON.stringify(header));
  }

  frame(line: FrameLine): void {
    this.frames += 1;
    this.push(JSON.stringify(line));
  }

  entry(entry: ManifestEntry): void {
    this.entries += 1;
    this.push(formatEntry(entry, this.owner));
  }

  /** An entry's line, or lines, as an older manifest has them. */
  entryText(text: string): void {
    this.entries += 1;
    this.push(text);
  }

  /** True when `flush` should be awaited before more lines are pushed. */
  get isFull(): boolean {
    return this.linesLength >= pieceBytes;
  }

  async flush(isEnd = false): Promise<void> {
    if (this.linesLength > 0) this.cutPiece(isEnd);
    while (this.inFlight.length > piecesInFlight) await this.writeOldest();
  }

  /** Writes what is left, flushes to the disk and closes. */
  async finish(): Promise<FinishedManifest> {
    const end: ManifestEnd = { end: { entries: this.entries, frames: this.frames } };
    if (this.sealing !== undefined) {
      await this.flush();
      end.mac = this.sealing.mac.digest('hex');
    }
    this.push(JSON.stringify(end));
    await this.flush(true);
    while (this.inFlight.length > 0) await this.writeOldest();
    fsyncSync(this.fd);
    this.close();
    const { size, entries, frames } = this;
    const stored = { size: this.storedSize, sha256: this.storedDigest.digest('hex') };
    return { size, sha256: this.digest.digest('hex'), entries, frames, stored };
  }

  /** Closes without finishing; the caller removes the file. After `finish` there is nothing left to do. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.inFlight);
    this.close();
  }

  private close(): void {
    // The number of a file that is closed may be another file's by now.
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.fd);
    if (this.readableFd !== undefined) closeSync(this.readableFd);
  }

  private push(line: string): void {
    this.lines.push(line);
    this.linesLength += line.length + 1;
  }

  private cutPiece(isEnd: boolean): void {
    const bytes = Buffer.from(`${this.lines.join('\n')}\n`, 'utf8');
    this.lines = [];
    this.linesLength = 0;
    this.size += bytes.length;
    this.digest.update(bytes);
    if (!isEnd) this.sealing?.mac.update(bytes);
    const piece = gzipAsync(bytes, { level: 6, chunkSize: 1 << 18 });
    // Awaited later, in order; a failure must not count as unhandled until then.
    piece.catch(() => undefined);
    this.inFlight.push(piece);
  }

  private async writeOldest(): Promise<void> {
    const piece = await this.inFlight.shift();
    await this.sealing?.sealer.ready;
    if (piece === undefined) return;
    if (this.readableFd !== undefined) writeFully(this.readableFd, piece);
    this.store(this.sealing?.sealer.seal(piece) ?? piece);
  }

  private store(bytes: Uint8Array): void {
    this.storedDigest.update(bytes);
    this.storedSize += bytes.length;
    writeFully(this.fd, bytes);
  }
}

/** Writes all bytes at the file's position. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written);
}
