import type { SourceEntry } from '../core/entry.ts';
import type { Sealer } from '../core/sealed-bytes.ts';
import type { ManifestWriter } from '../store/manifest-writer.ts';
import { codecOf } from './codecs.ts';
import { appendEmbeddedManifest } from './embedded-manifest.ts';
import { FrameWriter } from './frame-writer.ts';
import type { AddOutcome, FinishedPayload, PayloadDescription, PayloadWriter } from './payload.ts';
import { TarPacker, type TarPackerOptions } from './tar-packer.ts';
import type { Compression } from '../config/settings.ts';

export interface TarPayloadOptions {
  /** The archive's temporary name; it must not exist. */
  file: string;
  mode: number;
  compression: Compression;
  level: number;
  /** Frames under way at once. */
  parallel: number;
  manifest: ManifestWriter;
  mtimeNs: bigint;
  signal?: AbortSignal;
  /** Encrypts the archive. */
  sealer?: Sealer;
}

/** The archive of docs/format.md: a tar in frames, with manifest and metadata as its last members. */
export class TarPayload implements PayloadWriter {
  private readonly options: TarPayloadOptions;
  private readonly frames: FrameWriter;
  readonly packer: TarPacker;

  /** @param packing what the packer is to know beyond this archive. */
  constructor(options: TarPayloadOptions, packing: TarPackerOptions = {}) {
    this.options = options;
    this.frames = new FrameWriter({
      file: options.file,
      mode: options.mode,
      codec: codecOf(options.compression),
      level: options.level,
      parallel: options.parallel,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.sealer === undefined ? {} : { sealer: options.sealer }),
    });
    this.packer = new TarPacker(this.frames, options.manifest, packing);
  }

  add(entry: SourceEntry): AddOutcome | Promise<AddOutcome> {
    return this.packer.add(entry);
  }

  finishEntries(): Promise<void> {
    return this.packer.finish();
  }

  async finish(description: PayloadDescription): Promise<FinishedPayload> {
    const { archive } = await appendEmbeddedManifest(this.frames, {
      ...description,
      level: this.options.level,
      mtimeNs: this.options.mtimeNs,
    });
    const { size, sha256 } = await this.frames.finish();
    const manifestOffset = archive?.manifestOffset;
    return {
      storedBytes: size,
      archive: { size, sha256, ...(manifestOffset === undefined ? {} : { manifestOffset }) },
    };
  }

  abort(): Promise<void> {
    return this.frames.abort();
  }
}
