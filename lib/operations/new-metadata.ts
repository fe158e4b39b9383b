import type { DatabaseSummary } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import { toolkitVersion } from '../core/version.ts';
import type { StorageFormat, StorageSettings } from '../config/settings.ts';
import type { NextId } from '../store/backup-id.ts';
import { formatVersion, type ArchiveSummary, type Metadata } from '../store/metadata.ts';
import type { ArchivePlace } from './archive-place.ts';
import type { ChosenMode } from './choose-base.ts';
import type { CreateRequest, TargetTotals } from './create-result.ts';
import type { Sealing } from './sealing.ts';

/** Why and how a backup is made. */
export interface NewBackup {
  request: CreateRequest;
  next: NextId;
  chosen: ChosenMode;
  host: string;
  layout: StorageFormat;
}

/** What is in it. */
export interface HeldContent {
  totals: Readonly<Record<string, TargetTotals>>;
  files: number;
  bytes: number;
  findings: Finding[];
  isComplete: boolean;
  databases: DatabaseSummary[];
  /** Paths in the backup of encrypted `.env` files. */
  envEncrypted: string[];
}

/** What is known once its manifest is written. */
export type KnownMetadata = Pick<Metadata, 'checksum' | 'duration' | 'git' | 'archive' | 'manifest'>;

/** The metadata of a new backup, but for what is known of its archive when that is finished. */
export function newMetadata(made: NewBackup, held: HeldContent, known: KnownMetadata): Metadata {
  const { request, next, chosen } = made;
  const base = chosen.base?.backup.id ?? (chosen.mode === 'full' ? undefined : chosen.linked?.id);
  const totals = Object.entries(held.totals).map(([name, { files, size }]) => [name, { files, size }] as const);
  return {
    id: next.id,
    timestamp: next.time.toISOString(),
    version: toolkitVersion,
    format: formatVersion,
    ...(request.name === undefined ? {} : { name: request.name }),
    type: request.type,
    mode: chosen.mode,
    incremental: chosen.mode !== 'full',
    ...(base === undefined ? {} : { base }),
    ...(request.since === undefined ? {} : { since: request.since.toISOString() }),
    chain: [...(chosen.base?.archives.map((one) => one.backup) ?? []), next.id],
    targets: Object.fromEntries(totals),
    files: held.files,
    size: held.bytes,
    storedSize: 0,
    checksum: known.checksum,
    duration: Math.round(known.duration),
    layout: made.layout,
    ...(known.archive === undefined ? {} : { archive: known.archive }),
    ...(known.manifest === undefined ? {} : { manifest: known.manifest }),
    warnings: held.findings,
    complete: held.isComplete,
    host: made.host,
    ...(known.git === undefined ? {} : { git: known.git }),
    databases: held.databases,
    ...(held.envEncrypted.length === 0 ? {} : { envEncrypted: held.envEncrypted }),
  };
}

/** What is known of an archive before it is written. */
export async function archiveSummary(
  { file, folder }: ArchivePlace,
  { compression }: StorageSettings,
  sealing: Sealing | undefined,
): Promise<ArchiveSummary> {
  const encryption = await sealing?.summary();
  return {
    file,
    ...(folder === undefined ? {} : { folder }),
    compression,
    ...(encryption === undefined ? {} : { encryption }),
  };
}
