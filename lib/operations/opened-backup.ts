import type { ArchiveKind } from '../archive/foreign-kind.ts';
import type { BackupSecret } from '../crypto/backup-secret.ts';
import type { ManifestLine } from '../store/manifest.ts';
import type { Metadata } from '../store/metadata.ts';

/** A backup that can be read: one of a store, or an archive that lies alone. */
export interface OpenBackup {
  kind: 'backup';
  id: string;
  metadata: Metadata;
  /** Its folder; absent for an archive that lies alone. */
  folder?: string;
  /** Its archive; absent for a plain tree. */
  archive?: string;
  /** Whether archive and manifest are encrypted. */
  isEncrypted: boolean;
  /**
   * Finds the key of an encrypted backup, and proves its metadata with it: once, then it is remembered.
   * @throws BackupError KEY_MISSING, KEY_WRONG, KEY_UNREADABLE, KEY_INVALID, NOT_AUTHENTIC
   */
  unlock(): Promise<BackupSecret>;
  /**
   * The same for an archive that it builds on. `backup`: the ID of the backup whose archive it is.
   * @throws as `unlock`
   */
  unlockArchive(archive: string, backup: string): Promise<BackupSecret>;
  /** Other places where archives that it builds on may lie: folders of stores. */
  stores?: readonly string[];
  /** The uncompressed bytes of the manifest, not proven by anything. */
  readManifestBytes(): AsyncIterable<Buffer>;
  /**
   * The manifest's lines, from its beginning, proven by the checksum at its end.
   * @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY
   */
  readManifest(): AsyncGenerator<ManifestLine[]>;
}

/** An archive that someone else made. */
export interface ForeignBackup {
  kind: 'foreign';
  id: string;
  archive: string;
  archiveKind: ArchiveKind;
}
