import { existsSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import zlib from 'node:zlib';
import { codecOf } from '../../lib/archive/codecs.ts';
import type { ContentReader } from '../../lib/archive/content.ts';
import { ContentCheck } from '../../lib/archive/content-check.ts';
import { DirectoryPayload, type PreviousFile } from '../../lib/archive/directory-payload.ts';
import { FrameContent } from '../../lib/archive/frame-content.ts';
import { FrameReader } from '../../lib/archive/frame-reader.ts';
import type { FinishedPayload, PayloadWriter } from '../../lib/archive/payload.ts';
import { TarPayload } from '../../lib/archive/tar-payload.ts';
import { TreeContent } from '../../lib/archive/tree-content.ts';
import { ZipPayload } from '../../lib/archive/zip-payload.ts';
import { extractZip } from '../../lib/archive/zip-reader.ts';
import type { Compression, StorageFormat } from '../../lib/config/settings.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import type { Finding } from '../../lib/core/findings.ts';
import { decodePath, toSystemPath } from '../../lib/core/path-bytes.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import { readManifest, readManifestFile } from '../../lib/store/manifest-reader.ts';
import { entriesOnly, type ManifestEntry, type ManifestHeader, type ManifestLine } from '../../lib/store/manifest.ts';
import { ManifestWriter } from '../../lib/store/manifest-writer.ts';
import type { Metadata } from '../../lib/store/metadata.ts';
import { sampleMetadata } from './sample-metadata.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';

/** A layout of a backup, as the settings name it. */
export interface PayloadKind {
  name: string;
  layout: StorageFormat;
  compression: Compression;
}

export const hasZstd = 'zstdCompress' in zlib;

/** Every layout that this runtime can write. */
export const payloadKinds: PayloadKind[] = [
  { name: 'tar.gz', layout: 'tar', compression: 'gzip' },
  { name: 'tar', layout: 'tar', compression: 'none' },
  { name: 'zip', layout: 'zip', compression: 'gzip' },
  { name: 'plain tree', layout: 'directory', compression: 'none' },
  { name: 'tar.bz2', layout: 'tar', compression: 'bzip2' },
  { name: 'tar.xz', layout: 'tar', compression: 'xz' },
  ...(hasZstd ? [{ name: 'tar.zst', layout: 'tar', compression: 'zstd' } as const] : []),
];

/** Those that this process writes by itself: enough where it does not matter who compresses, and much faster. */
export const ownPayloadKinds = payloadKinds.filter((kind) => !['bzip2', 'xz'].includes(kind.compression));

export const tarKinds = payloadKinds.filter((kind) => kind.layout === 'tar');

export const backupId = 'backup-2026-06-19T12-00-00-000Z-abc123';
const mtimeNs = 1_781_870_400_000_000_000n;

/** What was read back: contents by path, and what could not be read. */
export interface ReadBack {
  contents: Map<string, Buffer>;
  failures: Map<string, string>;
}

/** A temporary folder in which one payload of one kind is written and read back, with sources beside it. */
export class PayloadRoom {
  readonly kind: PayloadKind;
  readonly folder: string;
  readonly manifestFile: string;
  /** The archive, or the tree's folder. */
  readonly place: string;
  readonly payload: PayloadWriter;
  readonly findings: Finding[] = [];
  /** Numbers of the frames that were read. */
  readonly framesRead: number[] = [];
  /** What the metadata says of the machine. */
  host = 'here';
  private readonly manifest: ManifestWriter;

  constructor(kind: PayloadKind, previous?: (path: string) => Promise<PreviousFile | undefined>) {
    this.kind = kind;
    this.folder = makeTemporaryFolder('payload');
    this.manifestFile = join(this.folder, 'manifest.jsonl.gz');
    this.place = join(this.folder, 'payload');
    this.manifest = new ManifestWriter(this.manifestFile, this.header, 0o600);
    this.payload = this.open(previous);
  }

  get header(): ManifestHeader {
    return {
      manifest: 1,
      backup: backupId,
      layout: this.kind.layout,
      compression: this.kind.compression,
      archives: this.kind.layout === 'directory' ? [] : [{ backup: backupId, file: 'payload' }],
      owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
      targets: [],
    };
  }

  /** Where a source is, absolute. */
  source(name: string): string {
    return join(this.folder, 'sources', name);
  }

  /** Writes a source file and gives it as a scan would. */
  file(name: string, content: string | Buffer, mode = 0o640): SourceEntry {
    makeFolders(dirname(this.source(name)));
    writeFileSync(toSystemPath(this.source(name)), content);
    return { ...this.scanned(name), mode };
  }

  /** The entry of what is there now. Its target is the first component of its name. */
  scanned(name: string): SourceEntry {
    const system = toSystemPath(this.source(name));
    const stat = lstatSync(system, { bigint: true });
    const common = {
      target: name.slice(0, name.indexOf('/')),
      path: name,
      origin: name,
      mode: Number(stat.mode) & 0o7777,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      inode: stat.ino,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: 0,
    };
    if (stat.isDirectory()) return { ...common, kind: 'directory' };
    if (stat.isSymbolicLink()) {
      return { ...common, kind: 'symlink', linkTarget: decodePath(readlinkSync(system, 'buffer')) };
    }
    return { ...common, kind: 'file', size: Number(stat.size), readFrom: this.source(name) };
  }

  /** An entry that was made for the backup. */
  made(path: string, content: Buffer): SourceEntry {
    const target = path.slice(0, path.indexOf('/'));
    return { target, path, kind: 'file', mode: 0o600, mtimeNs, uid: 0, gid: 0, size: content.length, content };
  }

  async add(...entries: SourceEntry[]): Promise<void> {
    for (const entry of entries) {
      const { finding } = await this.payload.add(entry);
      if (finding !== undefined) this.findings.push(finding);
    }
  }

  async finish(): Promise<FinishedPayload> {
    await this.payload.finishEntries();
    const { size, sha256 } = await this.manifest.finish();
    const metadata = this.metadata(`sha256:${sha256}`);
    return this.payload.finish({ manifestFile: this.manifestFile, manifestBytes: size, metadata });
  }

  async abort(): Promise<void> {
    await this.payload.abort();
    await this.manifest.abort();
  }

  async lines(): Promise<ManifestLine[]> {
    const all: ManifestLine[] = [];
    for await (const batch of this.readManifest()) all.push(...batch);
    return all;
  }

  async entries(): Promise<ManifestEntry[]> {
    return (await this.lines()).flatMap((line) => (line.type === 'entry' ? [line.entry] : []));
  }

  async frames(): Promise<FrameTable> {
    const frames = new FrameTable();
    for (const line of await this.lines()) if (line.type === 'frame') frames.add(line.frame);
    return frames;
  }

  /** Reads contents through the manifest, each proven by its size and hash. */
  async read(isWanted: (entry: ManifestEntry) => boolean = () => true): Promise<ReadBack> {
    const back: ReadBack = { contents: new Map(), failures: new Map() };
    const reader = await this.openReader();
    let parts: Buffer[] = [];
    let check: ContentCheck | undefined;
    try {
      await reader.read(entriesOnly(this.readManifest(), isWanted), {
        begin: (entry) => {
          parts = [];
          check = new ContentCheck(entry);
        },
        bytes: (_, bytes) => {
          check?.bytes(bytes);
          parts.push(Buffer.from(bytes));
        },
        end: (entry) => {
          if (entry.kind !== 'file') return;
          const problem = check?.problem();
          if (problem !== undefined) back.failures.set(entry.path, problem.code);
          else back.contents.set(entry.path, Buffer.concat(parts));
        },
        failed: (entry, error) => void back.failures.set(entry.path, error.message),
      });
    } finally {
      reader.close();
    }
    return back;
  }

  remove(): void {
    removeTemporaryFolder(this.folder);
  }

  private open(previous?: (path: string) => Promise<PreviousFile | undefined>): PayloadWriter {
    const { manifest, place: file } = this;
    switch (this.kind.layout) {
      case 'tar': {
        const { compression } = this.kind;
        return new TarPayload({ file, mode: 0o600, compression, level: 1, parallel: 3, manifest, mtimeNs });
      }
      case 'zip':
        return new ZipPayload({ file, mode: 0o600, level: 3, manifest, mtimeNs });
      case 'directory': {
        mkdirSync(file);
        const modes = { file: 0o600, folder: 0o700 };
        return new DirectoryPayload({ folder: file, modes, manifest, ...(previous === undefined ? {} : { previous }) });
      }
    }
  }

  private async openReader(): Promise<ContentReader> {
    const signal = new AbortController().signal;
    switch (this.kind.layout) {
      case 'tar': {
        const codec = codecOf(this.kind.compression);
        const { framesRead, place } = this;
        class CountingReader extends FrameReader {
          override read(...args: Parameters<FrameReader['read']>): Promise<Buffer> {
            framesRead.push(args[0].frame);
            return super.read(...args);
          }
        }
        const openArchive = (): FrameReader => new CountingReader(place, codec);
        return new FrameContent({ frames: await this.frames(), openArchive, parallel: 3, signal });
      }
      case 'zip': {
        const folder = mkdtempSync(join(this.folder, 'unzipped-'));
        await extractZip(this.place, folder, { outsideLinks: 'keep', modes: 'none' });
        return new TreeContent(folder, signal);
      }
      case 'directory':
        return new TreeContent(this.place, signal);
    }
  }

  private readManifest(): AsyncGenerator<ManifestLine[]> {
    return readManifest(readManifestFile(this.manifestFile), backupId);
  }

  private metadata(checksum: string): Metadata {
    const { layout, compression } = this.kind;
    const archive = { file: 'payload', compression };
    const { archive: _, ...tree } = sampleMetadata({ id: backupId, checksum, layout, host: this.host, archive });
    return layout === 'directory' ? tree : { ...tree, archive };
  }
}

/** Not by node:fs alone: its recursive mkdir does not take every name that is not UTF-8. */
function makeFolders(folder: string): void {
  if (existsSync(toSystemPath(folder))) return;
  makeFolders(dirname(folder));
  mkdirSync(toSystemPath(folder));
}
