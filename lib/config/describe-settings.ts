import { secretReason } from '../core/mask-secrets.ts';
import { octal } from './default-settings.ts';
import { flatPath } from './flat-path.ts';
import { loose } from './loose-value.ts';
import type { ReadSettings } from './read-settings.ts';
import { maskedText } from './settings-problem.ts';
import { holdsKey, type KeyPath, lineOfKey } from './settings-text.ts';
import { defaultTargetNames } from './settings.ts';

/** One setting for people. */
export interface SettingRow {
  /** Dotted, as `setOption` takes it. */
  key: string;
  value: unknown;
  /** Its line in the settings file; absent where it is a default. */
  line?: number;
}

export interface DescribedSettings {
  /** In the form of the key `backup`, complete, every secret masked. */
  settings: Record<string, unknown>;
  rows: SettingRow[];
  /** True when the file holds the encryption key itself and not the name of a variable. */
  holdsKeyItself: boolean;
}

/** The settings that hold, with where each comes from. Never shows a secret. */
export function describeSettings(read: ReadSettings): DescribedSettings {
  const settings = masked(complete(read), [], read) as Record<string, unknown>;
  const rows = Object.entries(settings).flatMap(([key, value]) => {
    const isBranch =
      ['incremental', 'storage', 'targets'].includes(key) || (key === 'schedule' && typeof value !== 'string');
    const paths = isBranch ? Object.keys(loose(value)).map((name) => [key, name]) : [[key]];
    return paths.map((path) => rowOf(path, path.length === 1 ? value : loose(value)[path[1] ?? ''], read));
  });
  const key = read.given.storage?.encryptionKey;
  return {
    settings,
    rows,
    holdsKeyItself: key !== undefined && variablesOf(['storage', 'encryptionKey'], read).length === 0,
  };
}

/** What is given, and the defaults for the rest, in the file's own form. */
function complete({ given, settings }: ReadSettings): Record<string, unknown> {
  const { storage, retention } = settings;
  const limits = given.retention === undefined && given.maxBackups === undefined;
  return definedOnly({
    enabled: settings.enabled,
    schedule: given.schedule,
    timezone: settings.timezone,
    retention: limits ? retention.days : given.retention,
    maxBackups: limits ? retention.count : given.maxBackups,
    incremental: settings.incremental,
    storage: definedOnly({
      type: 'local',
      path: storage.path,
      compress: storage.format !== 'directory',
      compression: storage.compression,
      compressionLevel: storage.compressionLevel,
      format: storage.format,
      encrypt: storage.encrypt,
      encryptionKey: given.storage?.encryptionKey,
      recipients: given.storage?.recipients,
      oldKeyFiles: given.storage?.oldKeyFiles,
      archiveName: storage.archiveName,
      fileMode: octal(storage.fileMode),
      folderMode: octal(storage.folderMode),
      allowOthersToWrite: storage.allowOthersToWrite,
    }),
    targets: { ...Object.fromEntries(defaultTargetNames.map((name) => [name, true])), ...given.targets },
    exclude: settings.exclude,
  });
}

function rowOf(path: string[], value: unknown, { source }: ReadSettings): SettingRow {
  const row = { key: path.join('.'), value };
  if (source === undefined || source.form === 'none') return row;
  const inFile = source.form === 'flat' ? flatPath(path) : [...source.sectionPath, ...path];
  return holdsKey(source, inFile) ? { ...row, line: lineOfKey(source, inFile) } : row;
}

function masked(value: unknown, path: KeyPath, read: ReadSettings): unknown {
  if (typeof value === 'string') return isSecret(value, path, read) ? maskedText : value;
  if (Array.isArray(value)) return value.map((one, index) => masked(one, [...path, index], read));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked(one, [...path, key], read)]));
}

/** By the key, or by the value's shape. What only looks random is shown where it is written out, and not where it came from a variable. */
function isSecret(value: string, path: KeyPath, read: ReadSettings): boolean {
  if (path.join('.') === 'storage.encryptionKey') return true;
  if (!['entropy', undefined].includes(secretReason({ name: 'value', value }))) return true;
  return variablesOf(path, read).some((name) => secretReason({ name, value }) !== undefined);
}

function variablesOf(path: KeyPath, { source, variables }: ReadSettings): readonly string[] {
  return variables.get(JSON.stringify(source?.form === 'flat' ? flatPath(path) : path)) ?? [];
}

function definedOnly(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
