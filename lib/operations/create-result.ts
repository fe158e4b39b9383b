import { join } from 'node:path';
import type { Finding } from '../core/findings.ts';
import type { BackupMode } from '../config/settings.ts';
import type { Metadata } from '../store/metadata.ts';

export type BackupType = 'manual' | 'scheduled' | 'pre-restore' | 'api';

/** What a create is asked for. What is absent comes from the settings. */
export interface CreateRequest {
  type: BackupType;
  name?: string;
  mode?: BackupMode;
  /** Names of the targets to keep; all enabled ones where absent. */
  targets?: string[];
  exclude?: string[];
  /** The backup that it builds on, by its ID, its name or the path of its archive. */
  baseBackup?: string;
  /** What a path in `baseBackup` is relative to, absolute. */
  workingFolder?: string;
  /** Reads every file, whatever the system says of it. */
  rehash?: boolean;
  /** Only what has changed since then is stored. */
  since?: Date;
  /** The archive's path, absolute, in place of the store; a folder takes it under its usual name. */
  output?: string;
}

/** For whoever has to know what of the project a backup holds: a restore, of its safety backup. */
export interface CreateWatch {
  /** Files below the root that are to be copied as databases, beside those that the store's backups know. */
  knownDatabases: readonly string[];
  /** Told of each file and link that is stored, by its path in the project. */
  onStored: (origin: string, isDatabase: boolean) => void;
}

/** What a create tells: the fields of `backup:create --json`. Sizes in bytes, durations in milliseconds. */
export interface CreateResult {
  id: string;
  name?: string;
  type: BackupType;
  mode: BackupMode;
  /** The ID of the backup that it builds on. */
  base?: string;
  directory: string;
  archive?: string;
  /** True where it is; absent where not. */
  encrypted?: true;
  files: number;
  size: number;
  storedSize: number;
  duration: number;
  targets: Record<string, TargetTotals>;
  warnings: Finding[];
  complete: boolean;
}

export interface TargetTotals {
  files: number;
  size: number;
  /** Milliseconds from the target's first entry to its last. */
  duration?: number;
}

/**
 * What there is to tell of a backup that was made.
 * @param place.store the store's folder; place.directory the backup's own.
 */
export function createResult(
  metadata: Metadata,
  targets: Record<string, TargetTotals>,
  place: { store: string; directory: string },
): CreateResult {
  const { id, name, type, mode, base, files, size, storedSize, duration, warnings, complete, archive } = metadata;
  return {
    id,
    ...(name === undefined ? {} : { name }),
    type,
    mode,
    ...(base === undefined ? {} : { base }),
    directory: place.directory,
    ...(archive === undefined ? {} : { archive: join(archive.folder ?? place.store, archive.file) }),
    ...(archive?.encryption === undefined ? {} : { encrypted: true as const }),
    files,
    size,
    storedSize,
    duration,
    targets,
    warnings,
    complete,
  };
}
