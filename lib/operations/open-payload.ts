import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BaseBlocks } from './base-blocks.ts';
import type { ChosenMode } from './choose-base.ts';
import { codecOf, type Codec } from '../archive/codecs.ts';
import { DirectoryPayload, type PreviousFile } from '../archive/directory-payload.ts';
import type { PayloadWriter } from '../archive/payload.ts';
import { IncrementalPayload } from '../archive/incremental-payload.ts';
import { TarPayload, type TarPayloadOptions } from '../archive/tar-payload.ts';
import type { Sealer } from '../core/sealed-bytes.ts';
import type { StorageSettings } from '../config/settings.ts';
import type { BlockCache } from '../store/block-cache.ts';
import { ManifestCursor } from '../store/manifest-cursor.ts';
import { readManifest, readManifestFile } from '../store/manifest-reader.ts';
import type { ManifestWriter } from '../store/manifest-writer.ts';
import type { Store, StoredBackup } from '../store/store.ts';

export interface OpenPayload {
  storage: StorageSettings;
  store: Store;
  manifest: ManifestWriter;
  /** The temporary file of the archive. */
  archiveFile: string;
  /** The temporary folder of the backup. */
  folder: string;
  /** When the backup was begun. */
  begunAt: Date;
  /** What it builds on. */
  chosen: ChosenMode;
  rehash: boolean;
  /** Where the block hashes of large files are kept; absent where no backup is going to build on this one. */
  blockCache: BlockCache | undefined;
  /** Stops in the midst of a large file, too. */
  signal: AbortSignal;
  /** Encrypts the archive. */
  sealer: Sealer | undefined;
}

/** The writer for the layout that the settings ask for. */
export async function openPayload(options: OpenPayload): Promise<PayloadWriter> {
  const { storage, manifest, store, archiveFile: file, signal } = options;
  const sealing = options.sealer === undefined ? {} : { sealer: options.sealer };
  const mtimeNs = BigInt(options.begunAt.getTime()) * 1_000_000n;
  switch (storage.format) {
    case 'tar': {
      const tar = {
        file,
        mode: store.modes.file,
        compression: storage.compression,
        level: storage.compressionLevel,
        parallel: framesUnderWay(codecOf(storage.compression)),
        manifest,
        mtimeNs,
        signal,
        ...sealing,
      };
      const { base } = options.chosen;
      if (base === undefined || options.blockCache === undefined) return fullTar(tar, options.blockCache, signal);
      const { manifest: baseManifest, begunAtNs: baseBegunAtNs } = base;
      const blocks = new BaseBlocks(options.blockCache, base, signal, options.chosen.mode === 'differential');
      return new IncrementalPayload({ ...tar, base: baseManifest, baseBegunAtNs, rehash: options.rehash, blocks });
    }
    case 'zip': {
      const { ZipPayload } = await import('../archive/zip-payload.ts');
      const { compressionLevel: level } = storage;
      return new ZipPayload({ file, mode: store.modes.file, level, manifest, mtimeNs, signal, ...sealing });
    }
    case 'directory': {
      const find = options.rehash ? undefined : previousFiles(options.chosen.linked);
      return new DirectoryPayload({
        folder: options.folder,
        modes: store.modes,
        manifest,
        signal,
        ...(find === undefined ? {} : { previous: find }),
      });
    }
  }
}

/** One frame for each core, and some waiting, so that no core does: fewer where they are large. */
function framesUnderWay({ frameBytes }: Codec): number {
  return availableParallelism() + (frameBytes > 1 << 20 ? 1 : 2);
}

function fullTar(tar: TarPayloadOptions, cache: BlockCache | undefined, signal: AbortSignal): TarPayload {
  if (cache === undefined) return new TarPayload(tar);
  const blocks = new BaseBlocks(cache, undefined, signal);
  return new TarPayload(tar, {
    blockSizeOf: (entry) => blocks.blockSizeOf(entry),
    onBlocks: (stored, hashes) => blocks.write(stored, hashes),
  });
}

function previousFiles(
  backup: StoredBackup | undefined,
): ((path: string) => Promise<PreviousFile | undefined>) | undefined {
  const folder = backup?.folder;
  if (backup === undefined || folder === undefined || backup.metadata.layout !== 'directory') return undefined;
  const begunAtNs = BigInt(Date.parse(backup.metadata.timestamp)) * 1_000_000n;
  const cursor = new ManifestCursor(() =>
    readManifest(readManifestFile(join(folder, 'manifest.jsonl.gz')), backup.id, backup.metadata.checksum),
  );
  return async (path) => {
    const entry = await cursor.find(path);
    return entry === undefined ? undefined : { entry, file: `${folder}/${entry.path}`, begunAtNs };
  };
}
