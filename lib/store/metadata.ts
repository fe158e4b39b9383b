import { z } from 'zod/mini';
import { BackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { DatabaseSummary } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import type { BackupMode, Compression, StorageFormat } from '../config/settings.ts';
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
  base?: string;
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
  /** Bytes. Absent in the copy that the archive itself holds. */
  size?: number;
  sha256?: string;
  compression: Compression;
  /** Where the archive's own copy of the manifest begins, in stored bytes. */
  manifestOffset?: number;
}

const targetTotals = z.looseObject({ files: z.number(), size: z.number() });

const metadataSchema = z.looseObject({
  id: z.string().check(z.regex(/^[A-Za-z0-9._-]{1,200}$/)),
  timestamp: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'not a time')),
  version: z.string(),
  format: z.number(),
  name: z.optional(z.string()),
  type: z.enum(['manual', 'scheduled', 'pre-restore', 'api']),
  mode: z.enum(['full', 'incremental', 'differential']),
  incremental: z.boolean(),
  base: z.optional(z.string()),
  chain: z.array(z.string()),
  targets: z.record(z.string(), targetTotals),
  files: z.number(),
  size: z.number(),
  storedSize: z.number(),
  checksum: z.string(),
  duration: z.number(),
  layout: z.enum(['tar', 'zip', 'directory']),
  archive: z.optional(
    z.looseObject({
      // A name, never a path, and never a hidden one: an archive is looked for beside its backup only.
      file: z.string().check(z.regex(/^[^./\\\0][^/\\\0]{0,254}$/)),
      size: z.optional(z.number()),
      sha256: z.optional(z.string()),
      compression: z.enum(['none', 'gzip', 'zstd']),
      manifestOffset: z.optional(z.number()),
    }),
  ),
  warnings: z.array(z.looseObject({ code: z.string(), message: z.string() })),
  complete: z.boolean(),
  host: z.string(),
  databases: z.array(z.looseObject({ name: z.string(), kind: z.string() })),
  verifiedAt: z.optional(z.string()),
  drilledAt: z.optional(z.string()),
});

/**
 * Reads metadata.json's text.
 * @throws BackupError MANIFEST_DAMAGED where it is no metadata, or of a newer format.
 */
export function parseMetadata(text: string, backup: string): Metadata {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem: `metadata.json: ${reasonOf(error)}` });
  }
  const parsed = metadataSchema.safeParse(value);
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    const problem = `metadata.json: ${first?.path.join('.') ?? ''}: ${first?.message ?? 'not valid'}`;
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem });
  }
  if (parsed.data.format > formatVersion) {
    const problem = `it is of format ${parsed.data.format}; this version reads up to ${formatVersion}`;
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem });
  }
  return parsed.data as unknown as Metadata;
}

/**
 * Reads the metadata.json of a backup's folder; undefined when there is none (the backup is not complete).
 * @throws BackupError BACKUP_UNREADABLE, MANIFEST_DAMAGED
 */
export async function readMetadata(folder: string): Promise<Metadata | undefined> {
  let text: string;
  try {
    text = await readFile(`${folder}/metadata.json`, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw refusedRead(error, `${folder}/metadata.json`);
  }
  return parseMetadata(text, folder);
}

/** metadata.json's text: for people too, so on many lines. */
export function formatMetadata(metadata: Metadata): string {
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
