import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DirectoryPayload, type PreviousFile } from '../archive/directory-payload.ts';
import type { PayloadWriter } from '../archive/payload.ts';
import { TarPayload } from '../archive/tar-payload.ts';
import type { StorageSettings } from '../config/settings.ts';
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
  /** The newest complete backup, for what has not changed since. */
  previous: StoredBackup | undefined;
  /** Stops in the midst of a large file, too. */
  signal: AbortSignal;
}

/** The writer for the layout that the settings ask for. */
export async function openPayload(options: OpenPayload): Promise<PayloadWriter> {
  const { storage, manifest, store, archiveFile: file, signal } = options;
  const mtimeNs = BigInt(options.begunAt.getTime()) * 1_000_000n;
  switch (storage.format) {
    case 'tar':
      return new TarPayload({
        file,
        mode: store.modes.file,
        compression: storage.compression,
        level: storage.compressionLevel,
        // One frame for each core, and some waiting, so that no core does.
        parallel: availableParallelism() + 2,
        manifest,
        mtimeNs,
        signal,
      });
    case 'zip': {
      const { ZipPayload } = await import('../archive/zip-payload.ts');
      const { compressionLevel: level } = storage;
      return new ZipPayload({ file, mode: store.modes.file, level, manifest, mtimeNs, signal });
    }
    case 'directory': {
      const find = previousFiles(options.previous);
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
