import { statSync } from 'node:fs';
import type { SourceEntry } from '../core/entry.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import { finding } from '../core/findings.ts';
import { readManifestFile } from '../store/manifest-reader.ts';
import type { ManifestWriter } from '../store/manifest-writer.ts';
import { bounded } from '../store/manifest-bounds.ts';
import { formatMetadata, parseMetadata, type Metadata } from '../store/metadata.ts';
import { manifestMember, metadataMember } from './embedded-manifest.ts';
import {
  aboutEntry,
  manifestEntryOf,
  type AddOutcome,
  type FinishedPayload,
  type PayloadDescription,
  type PayloadWriter,
} from './payload.ts';
import { findingOf } from './source-file.ts';
import { openZipEntry, readZipEntry } from './zip-reader.ts';
import { ZipWriter, type ZipWriterOptions } from './zip-writer.ts';

/** A zip, for who wants to open a backup with a double click. Manifest and metadata are its last members. */
export class ZipPayload implements PayloadWriter {
  private readonly zip: ZipWriter;
  private readonly manifest: ManifestWriter;
  private readonly mtimeNs: bigint;

  constructor(options: ZipWriterOptions & { manifest: ManifestWriter; mtimeNs: bigint }) {
    // Of the levels of zstd, which the settings may name, deflate has those up to 9.
    this.zip = new ZipWriter({ ...options, level: Math.min(9, options.level) });
    this.manifest = options.manifest;
    this.mtimeNs = options.mtimeNs;
  }

  async add(entry: SourceEntry): Promise<AddOutcome> {
    const added = await this.zip.add(entry);
    if (added.problem !== undefined) return { finding: findingOf(added.problem, entry) };
    const stored = manifestEntryOf({ ...added.entry, size: added.size });
    if (stored.kind === 'file') stored.sha256 = added.sha256;
    if (added.storedPath !== stored.path) stored.storedAs = added.storedPath;
    this.manifest.entry(stored);
    if (this.manifest.isFull) await this.manifest.flush();
    return added.outcome === 'changed' ? { stored, finding: finding('file-changed', aboutEntry(entry)) } : { stored };
  }

  finishEntries(): Promise<void> {
    return Promise.resolve();
  }

  async finish(description: PayloadDescription): Promise<FinishedPayload> {
    const { mtimeNs } = this;
    await this.zip.addMember({
      path: manifestMember,
      mtimeNs,
      chunks: readManifestFile(description.manifestFile, description.opener),
    });
    const { metadata, authenticate } = description;
    const text = Buffer.from(formatMetadata(authenticate?.(metadata) ?? metadata), 'utf8');
    await this.zip.addMember({ path: metadataMember, mtimeNs, chunks: once(text) });
    const { bytes, sha256 } = await this.zip.finish();
    return { storedBytes: bytes, archive: { size: bytes, sha256 } };
  }

  abort(): Promise<void> {
    return this.zip.abort();
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

/** What a zip that lies alone says of itself, or undefined when it is none of ours. */
export async function readZipMetadata(file: string, opener?: Opener): Promise<Metadata | undefined> {
  const text = await readZipEntry(file, metadataMember, { opener });
  return text === undefined ? undefined : parseMetadata(text.toString('utf8'), file);
}

/** The uncompressed manifest of a zip of ours. */
export async function* readZipManifest(file: string, opener?: Opener): AsyncGenerator<Buffer> {
  yield* bounded(openZipEntry(file, manifestMember, opener), statSync(file).size);
}
