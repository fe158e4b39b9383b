import { basename } from 'node:path';

/** The keys of the flat form (`config/backup_config.json`) and where each belongs in the nested one. */
export const flatKeys = {
  backup_dir: 'storage.path',
  compression: 'storage.compression',
  compression_level: 'storage.compressionLevel',
  include_databases: 'targets.database',
  include_knowledge: 'targets.knowledge',
  include_logs: 'targets.logs',
  exclude_patterns: 'exclude',
  retention_days: 'retention',
  encryption: 'storage.encrypt',
  cloud_backup: undefined,
} as const;

export type FlatKey = keyof typeof flatKeys;

const flatFileName = 'backup_config.json';

/** Too common in other programs' settings to say, alone, that a file is about backups. */
const commonWords: readonly string[] = ['compression', 'encryption'] satisfies FlatKey[];

/**
 * True when a file without a key `backup` holds flat settings: it bears their file's name, or it has one of their keys
 * that no other program's settings are likely to have.
 */
export function isFlat(file: string, keys: readonly string[]): boolean {
  if (basename(file) === flatFileName) return true;
  return keys.some((key) => Object.hasOwn(flatKeys, key) && !commonWords.includes(key));
}

/** What of a flat file speaks of backups: all of a file of its own, the flat keys of a file that is the host's. */
export function flatSection(file: string, whole: unknown): unknown {
  if (basename(file) === flatFileName || typeof whole !== 'object' || whole === null || Array.isArray(whole))
    return whole;
  return Object.fromEntries(Object.entries(whole).filter(([key]) => Object.hasOwn(flatKeys, key)));
}

/** The flat key that says what a nested one does, or undefined. */
export function flatKeyOf(nested: string): FlatKey | undefined {
  return (Object.keys(flatKeys) as FlatKey[]).find((key) => flatKeys[key] === nested);
}
