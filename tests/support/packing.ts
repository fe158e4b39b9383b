import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codecOf, type Codec } from '../../lib/archive/codecs.ts';
import { FrameContent } from '../../lib/archive/frame-content.ts';
import { FrameReader } from '../../lib/archive/frame-reader.ts';
import { FrameWriter } from '../../lib/archive/frame-writer.ts';
import { TarPacker } from '../../lib/archive/tar-packer.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import type { Finding } from '../../lib/core/findings.ts';
import type { FileKey } from '../../lib/crypto/derive-keys.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import { targetOf, type FrameLine, type ManifestEntry } from '../../lib/store/manifest.ts';
import { ManifestWriter } from '../../lib/store/manifest-writer.ts';
import { readManifest, readManifestFile } from '../../lib/store/manifest-reader.ts';
import { openerOf, opensslOpened, sealerOf } from './file-key.ts';
import { tarEnd } from './tar-end.ts';

/** What a frame of these tests holds: bytes. */
export const frameBytes = 64 << 10;

/** Packs into small frames, with a step of the test's own each time that a frame is compressed. */
export class Packing {
  readonly findings: Finding[] = [];
  readonly lines: { frames: FrameLine[]; entries: ManifestEntry[]; order: string[] } = {
    frames: [],
    entries: [],
    order: [],
  };
  readonly archive: string;
  private readonly manifestFile: string;
  private readonly manifest: ManifestWriter;
  private readonly frames: FrameWriter;
  private readonly packer: TarPacker;
  private readonly key: FileKey | undefined;

  /**
   * @param options.key encrypts the archive.
   * @param options.parallel frames that are under way at once. Of one, each is in the file before the next one is filled.
   */
  constructor(
    folder: string,
    onFrame: (number: number) => void = () => undefined,
    { key, parallel = 1 }: { key?: FileKey; parallel?: number } = {},
  ) {
    this.key = key;
    this.archive = join(folder, 'archive.tar.gz');
    this.manifestFile = join(folder, 'manifest.jsonl.gz');
    const gzip = codecOf('gzip');
    let count = 0;
    const step = (): void => {
      onFrame(count);
      count += 1;
    };
    const codec: Codec = {
      ...gzip,
      frameBytes,
      compress: (bytes, level) => {
        step();
        return gzip.compress(bytes, level);
      },
      store: (bytes) => {
        step();
        return gzip.store(bytes);
      },
    };
    const sealing = key === undefined ? {} : { sealer: sealerOf(key) };
    this.frames = new FrameWriter({ file: this.archive, mode: 0o600, codec, level: 1, parallel, ...sealing });
    const header = {
      manifest: 1,
      backup: 'backup',
      layout: 'tar' as const,
      compression: 'gzip' as const,
      archives: [{ backup: 'backup', file: 'archive.tar.gz' }],
      owner: { uid: 0, gid: 0 },
      targets: [],
    };
    this.manifest = new ManifestWriter(this.manifestFile, header, 0o600);
    this.packer = new TarPacker(this.frames, this.manifest);
  }

  async add(...entries: SourceEntry[]): Promise<void> {
    for (const entry of entries) {
      const { finding } = await this.packer.add(entry);
      if (finding !== undefined) this.findings.push(finding);
    }
  }

  async finish(): Promise<void> {
    await this.packer.finish();
    await this.manifest.finish();
    this.frames.append(await codecOf('gzip').compress(tarEnd, 1));
    await this.frames.finish();
    for await (const batch of readManifest(readManifestFile(this.manifestFile), 'backup')) {
      for (const line of batch) {
        if (line.type === 'frame') this.lines.frames.push(line.frame);
        if (line.type === 'entry') this.lines.entries.push(line.entry);
        if (line.type === 'frame') this.lines.order.push(`frame ${line.frame.frame}`);
        if (line.type === 'entry') this.lines.order.push(line.entry.path);
      }
    }
  }

  /** Contents through the manifest. */
  async contents(): Promise<Map<string, Buffer>> {
    const frames = new FrameTable();
    for (const frame of this.lines.frames) frames.add(frame);
    const { key } = this;
    const opener = key === undefined ? undefined : Promise.resolve(openerOf(key));
    const openArchive = (): FrameReader => new FrameReader(this.archive, codecOf('gzip'), opener);
    const reader = new FrameContent({ frames, openArchive, parallel: 2, signal: new AbortController().signal });
    const contents = new Map<string, Buffer>();
    await reader.read(batches(this.lines.entries), {
      begin: (entry) => void contents.set(entry.path, Buffer.alloc(0)),
      bytes: ({ path }, bytes) => void contents.set(path, Buffer.concat([contents.get(path) ?? bytes, bytes])),
      end: () => undefined,
      failed: (_, error) => {
        throw error;
      },
    });
    reader.close();
    return contents;
  }

  /** What `tar` says that the archive holds. */
  listed(): string[] {
    return this.tar('t').toString().trim().split('\n');
  }

  /** The content of one member, by `tar`. */
  extracted(path: string): Buffer {
    return this.tar('xO', path);
  }

  private tar(act: string, ...names: string[]): Buffer {
    const packed = this.key === undefined ? readFileSync(this.archive) : opensslOpened(this.archive, this.key);
    return execFileSync('tar', [`${act}zf`, '-', ...names], { input: packed, maxBuffer: 1 << 26 });
  }
}

async function* batches(entries: ManifestEntry[]): AsyncGenerator<ManifestEntry[]> {
  yield await Promise.resolve(entries);
}

/** A file in that folder, as a scan gives it. */
export function sourceFile(folder: string, path: string, content: Buffer | string): SourceEntry {
  const readFrom = join(folder, path.replaceAll('/', '-'));
  writeFileSync(readFrom, content);
  // Written to long ago: a change shows in the time, however soon it comes.
  utimesSync(readFrom, 1_700_000_000, 1_700_000_000);
  const { size, mtimeNs, ctimeNs, ino } = statSync(readFrom, { bigint: true });
  return {
    target: targetOf(path),
    path,
    origin: path,
    kind: 'file',
    mode: 0o600,
    mtimeNs,
    ctimeNs,
    inode: ino,
    uid: 0,
    gid: 0,
    size: Number(size),
    readFrom,
  };
}

/** Changes some bytes of an entry's file. */
export function overwrite(entry: SourceEntry, at: number, bytes: Buffer): void {
  const fd = openSync(entry.readFrom ?? '', 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}
