import type { SourceEntry } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import type { ArchiveSummary, Metadata } from '../store/metadata.ts';

/** What became of an entry that was to be stored. */
export interface AddOutcome {
  /** The entry as it rests; absent when it could not be stored. */
  stored?: ManifestEntry;
  finding?: Finding;
}

/**
 * Writes the bytes of one backup: a tar in frames, a zip, or a plain tree. It writes every stored entry to the manifest
 * itself, for it alone knows when an entry's place is known.
 */
export interface PayloadWriter {
  /** Stores one entry. Returns a promise only where it has to wait. */
  add(entry: SourceEntry): AddOutcome | Promise<AddOutcome>;
  /** Ends what the manifest speaks of; the manifest can be finished now. */
  finishEntries(): Promise<void>;
  /** Adds the backup's own description where it holds one, flushes all to the disk and closes. */
  finish(description: PayloadDescription): Promise<FinishedPayload>;
  /** Closes without finishing; the caller removes what was written. */
  abort(): Promise<void>;
}

export interface PayloadDescription {
  /** The finished `manifest.jsonl.gz`. */
  manifestFile: string;
  /** Decrypts it, where it is encrypted. */
  opener?: Opener;
  /** Bytes of the uncompressed manifest. */
  manifestBytes: number;
  metadata: Metadata;
  /** Gives the metadata that goes into the archive its MAC, where the backup is encrypted. */
  authenticate?: (metadata: Metadata) => Metadata;
}

export interface FinishedPayload {
  /** Bytes that this backup takes in the store. */
  storedBytes: number;
  /** Absent for a plain tree. */
  archive?: Required<Pick<ArchiveSummary, 'size' | 'sha256'>> & Pick<ArchiveSummary, 'manifestOffset'>;
}

/** The manifest's form of an entry, before its content is known. */
export function manifestEntryOf(entry: SourceEntry): ManifestEntry {
  return {
    path: entry.path,
    ...(entry.origin === undefined ? {} : { origin: entry.origin }),
    kind: entry.kind,
    mode: entry.mode,
    mtimeNs: entry.mtimeNs,
    ...(entry.ctimeNs === undefined ? {} : { ctimeNs: entry.ctimeNs }),
    ...(entry.inode === undefined ? {} : { inode: entry.inode }),
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    ...(entry.linkTarget === undefined ? {} : { linkTarget: entry.linkTarget }),
    ...(entry.database === undefined ? {} : { database: entry.database }),
    ...(entry.live === undefined ? {} : { live: entry.live }),
  };
}

/** How findings name an entry: by its path in the project where it has one. */
export function aboutEntry(entry: SourceEntry): { path: string; target: string } {
  return { path: entry.origin ?? entry.path, target: entry.target };
}
