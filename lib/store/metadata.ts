import { BackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import { fields, flag, list, number, oneOf, optional, record, text, textLike, time } from '../core/value-shapes.ts';
import type { DatabaseSummary } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import { compressions, type BackupMode, type Compression, type StorageFormat } from '../config/settings.ts';
import { readFile } from 'node:fs/promises';

/** The version of the format that this code writes. It reads this one and older ones. */
export const formatVersion = 1;

export type BackupKind = 'manual' | 'scheduled' | 'pre-restore' | 'api';

/** `metadata.json`: the summary of one backup. Sizes in bytes, durations in milliseconds. */
export interface Metadata {
  id: string;
  /** What the clock said when it was begun: ISO 8601, UTC. Order is by ID. */
  timestamp: string;
  /** The toolkit that made it. */
  version: string;
  format: number;
  name?: string;
  type: BackupKind;
  mode: BackupMode;
  incremental: boolean;
  /** The ID of the backup that it was made from. */
  base?: string;
  /** The ID of the backup whose chain this full one was made from, without a look at the project. */
  consolidatedFrom?: string;
  /** ISO 8601: it holds what had changed since then, and is no replacement for one that holds all. */
  since?: string;
  /** The IDs of the backups that it needs, oldest first, itself last. */
  chain: string[];
  targets: Record<string, { files: number; size: number }>;
  files: number;
  size: number;
  storedSize: number;
  /** `sha256:` and the SHA-256 of the uncompressed manifest. */
  checksum: string;
  duration: number;
  layout: StorageFormat;
  archive?: ArchiveSummary;
  warnings: Finding[];
  complete: boolean;
  host: string;
  git?: { commit: string; branch?: string; dirty: boolean };
  databases: DatabaseSummary[];
  verifiedAt?: string;
  drilledAt?: string;
}

export interface ArchiveSummary {
  /** The file's name; it rests beside the backup's folder. */
  file: string;
  /** Where it rests instead, absolute, because the user said so. */
  folder?: string;
  /** Bytes. Absent in the copy that the archive itself holds. */
  size?: number;
  sha256?: string;
  compression: Compression;
  /** Where the archive's own copy of the manifest begins, in stored bytes. */
  manifestOffset?: number;
}

const metadataShape = fields({
  id: textLike(/^[A-Za-z0-9._-]{1,200}$/),
  timestamp: time,
  version: text,
  format: number,
  name: optional(text),
  type: oneOf('manual', 'scheduled', 'pre-restore', 'api'),
  mode: oneOf('full', 'incremental', 'differential'),
  incremental: flag,
  base: optional(text),
  consolidatedFrom: optional(text),
  since: optional(time),
  chain: list(text),
  targets: record(fields({ files: number, size: number })),
  files: number,
  size: number,
  storedSize: number,
  checksum: text,
  duration: number,
  layout: oneOf('tar', 'zip', 'directory'),
  archive: optional(
    fields({
      // A name, never a path, and never a hidden one: an archive is looked for beside its backup only.
      file: textLike(/^[^./\\\0][^/\\\0]{0,254}$/),
      folder: optional(textLike(/^\/[^\0]*$/)),
      size: optional(number),
      sha256: optional(text),
      compression: oneOf(...compressions),
      manifestOffset: optional(number),
    }),
  ),
  warnings: list(fields({ code: text, message: text })),
  complete: flag,
  host: text,
  databases: list(fields({ name: text, kind: text })),
  verifiedAt: optional(text),
  drilledAt: optional(text),
});

/**
 * Reads metadata.json's text.
 * @throws BackupError MANIFEST_DAMAGED where it is no metadata, or of a newer format.
 */
export function parseMetadata(json: string, backup: string): Metadata {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem: `metadata.json: ${reasonOf(error)}` });
  }
  const wrong = metadataShape(value);
  if (wrong !== undefined) {
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem: `metadata.json: ${wrong}: Invalid input` });
  }
  const metadata = value as Metadata;
  if (metadata.format > formatVersion) {
    const problem = `it is of format ${metadata.format}; this version reads up to ${formatVersion}`;
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem });
  }
  return metadata;
}

/**
 * Reads the metadata.json of a backup's folder; undefined when there is none (the backup is not complete).
 * @throws BackupError BACKUP_UNREADABLE, MANIFEST_DAMAGED
 */
export async function readMetadata(folder: string): Promise<Metadata | undefined> {
  let json: string;
  try {
    json = await readFile(`${folder}/metadata.json`, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw refusedRead(error, `${folder}/metadata.json`);
  }
  return parseMetadata(json, folder);
}

/** metadata.json's text: for people too, so on many lines. */
export function formatMetadata(metadata: Metadata): string {
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
