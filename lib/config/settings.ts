/**
 * The settings of one project, checked, with defaults filled in and every path absolute. Made by `load-settings.ts`.
 */
export interface Settings {
  /** The project root, absolute, links resolved. */
  root: string;
  /** The file that the settings came from, absolute; absent when there is none and all is default. */
  file?: string;
  enabled: boolean;
  schedules: ScheduleSettings[];
  /** IANA name; absent: the machine's own. */
  timezone?: string;
  retention: RetentionSettings;
  incremental: { enabled: boolean; maxIncrementals: number };
  storage: StorageSettings;
  /**
   * In the order of the file, the six default ones first where the file does not order them. Disabled ones are left
   * out.
   */
  targets: TargetSettings[];
  /** Gitignore-like patterns that hold for every target, relative to the project root. */
  exclude: string[];
}

export type BackupMode = 'full' | 'incremental' | 'differential';

export interface ScheduleSettings {
  /** Its key in `backup.schedule`, or `default` for a lone cron expression. */
  name: string;
  /** Five fields, or six with seconds first. */
  cron: string;
  mode?: BackupMode;
  targets?: string[];
  timezone?: string;
}

/** How much is kept. A backup goes when any limit (`days`, `count`) says so and no tier keeps it. */
export interface RetentionSettings {
  /** Backups older than this many days go. */
  days?: number;
  /** At most so many are kept: the smaller of `retention.count` and `maxBackups`. */
  count?: number;
  /** How many hours, days, weeks, months and years keep the newest backup of each. */
  hourly?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  yearly?: number;
}

export const compressions = ['none', 'gzip', 'bzip2', 'xz', 'zstd'] as const;
export type Compression = (typeof compressions)[number];
export type StorageFormat = 'tar' | 'zip' | 'directory';

export interface StorageSettings {
  /** The store's folder, absolute. */
  path: string;
  /** `directory` when `storage.compress` is false. */
  format: StorageFormat;
  compression: Compression;
  /** From `lowestLevel` to `highestLevel` of the compression. */
  compressionLevel: number;
  encrypt: boolean;
  /** The secret, and whether the file itself holds it, not a variable. */
  encryptionKey?: { value: string; isWrittenOut: boolean };
  /** Files of public keys (PEM), absolute or below the project root, that backups are encrypted to. */
  recipients: string[];
  /** Files of keys that older backups were encrypted with. */
  oldKeyFiles: string[];
  /** Pattern of the archive's file name without its ending: `{id}`, `{date}`, `{time}`, `{name}`. */
  archiveName: string;
  /** Permission bits of files and folders in the store. */
  fileMode: number;
  folderMode: number;
  /** Backups are made into a store that others can write to, too. */
  allowOthersToWrite: boolean;
}

export const defaultTargetNames = ['config', 'database', 'logs', 'agents', 'state', 'security'] as const;
export type DefaultTargetName = (typeof defaultTargetNames)[number];

export interface TargetSettings {
  name: string;
  /** Files, folders and globs below the project root. Absent for a default target that keeps its default sources. */
  paths?: string[];
  /** Gitignore-like patterns, relative to the project root. */
  exclude: string[];
  /** Named parts of its paths: group name → paths. Every group's paths belong to the target too. */
  groups: Record<string, string[]>;
}
