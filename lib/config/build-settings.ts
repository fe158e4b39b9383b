import { defaultLevel, defaultSettings } from './default-settings.ts';
import { plainPath } from './plain-path.ts';
import type { GivenSchedule, GivenSettings, GivenTarget } from './settings-schema.ts';
import {
  defaultTargetNames,
  type RetentionSettings,
  type ScheduleSettings,
  type Settings,
  type StorageSettings,
  type TargetSettings,
} from './settings.ts';
import { absoluteStore, type Surroundings } from './store-path.ts';
import { isDefaultTarget, isOff } from './target-names.ts';

/**
 * Settings that passed every check, with the defaults filled in.
 * @param variables keys whose values came from the environment.
 */
export function buildSettings(
  given: GivenSettings,
  surroundings: Surroundings,
  file?: string,
  variables: ReadonlyMap<string, unknown> = new Map(),
): Settings {
  return {
    root: surroundings.root,
    ...(file === undefined ? {} : { file }),
    enabled: given.enabled ?? defaultSettings.enabled,
    schedules: schedulesOf(given.schedule),
    ...(given.timezone === undefined ? {} : { timezone: given.timezone }),
    retention: retentionOf(given),
    incremental: {
      enabled: given.incremental?.enabled ?? defaultSettings.incremental.enabled,
      maxIncrementals: given.incremental?.maxIncrementals ?? defaultSettings.incremental.maxIncrementals,
    },
    storage: storageOf(given.storage ?? {}, surroundings, !variables.has(JSON.stringify(['storage', 'encryptionKey']))),
    targets: targetsOf(given.targets ?? {}),
    exclude: given.exclude === undefined ? [...defaultSettings.exclude] : listOf(given.exclude),
  };
}

function schedulesOf(given: GivenSettings['schedule']): ScheduleSettings[] {
  if (given === undefined) return [];
  if (typeof given === 'string') return [{ name: 'default', cron: given }];
  return Object.entries(given).map(([name, schedule]) => scheduleOf(name, schedule));
}

function scheduleOf(name: string, given: GivenSchedule): ScheduleSettings {
  if (typeof given === 'string') return { name, cron: given };
  const mode = given.mode ?? given.type;
  return {
    name,
    cron: given.cron,
    ...(mode === undefined ? {} : { mode }),
    ...(given.targets === undefined ? {} : { targets: given.targets }),
    ...(given.timezone === undefined ? {} : { timezone: given.timezone }),
  };
}

function retentionOf({ retention, maxBackups }: GivenSettings): RetentionSettings {
  if (retention === undefined && maxBackups === undefined) {
    return { days: defaultSettings.retention, count: defaultSettings.maxBackups };
  }
  const rules = typeof retention === 'number' ? { days: retention } : (retention ?? {});
  const kept: RetentionSettings = {};
  for (const key of ['days', 'count', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const) {
    const limit = (rules as RetentionSettings)[key];
    if (limit !== undefined) kept[key] = limit;
  }
  if (maxBackups !== undefined) kept.count = Math.min(kept.count ?? maxBackups, maxBackups);
  return kept;
}

function storageOf(
  given: NonNullable<GivenSettings['storage']>,
  surroundings: Surroundings,
  keyIsWrittenOut: boolean,
): StorageSettings {
  const path = given.path ?? defaultSettings.storage.path;
  const store = absoluteStore(path, surroundings);
  if (store === undefined) throw new TypeError(`The store ${path} was not checked`);
  const compression = given.compression ?? defaultSettings.storage.compression;
  return {
    path: store,
    format: given.compress === false ? 'directory' : (given.format ?? defaultSettings.storage.format),
    compression,
    compressionLevel: given.compressionLevel ?? defaultLevel[compression],
    // Who names public keys says what backups are encrypted to: without more they are not written in clear.
    encrypt: given.encrypt ?? ((given.recipients ?? []).length > 0 || defaultSettings.storage.encrypt),
    ...(given.encryptionKey === undefined ? {} : { encryptionKey: unseen(given.encryptionKey, keyIsWrittenOut) }),
    recipients: given.recipients ?? [],
    oldKeyFiles: given.oldKeyFiles ?? [],
    archiveName: given.archiveName ?? defaultSettings.storage.archiveName,
    fileMode: Number.parseInt(given.fileMode ?? defaultSettings.storage.fileMode, 8),
    folderMode: Number.parseInt(given.folderMode ?? defaultSettings.storage.folderMode, 8),
    allowOthersToWrite: given.allowOthersToWrite ?? defaultSettings.storage.allowOthersToWrite,
  };
}

/** Who prints or logs settings, as JSON or by Node's inspection, does not print the key. */
function unseen(value: string, isWrittenOut: boolean): { value: string; isWrittenOut: boolean } {
  return Object.defineProperty({ value: '', isWrittenOut }, 'value', { value, enumerable: false });
}

function targetsOf(given: Readonly<Record<string, GivenTarget | undefined>>): TargetSettings[] {
  const unnamed = defaultTargetNames.filter((name) => given[name] === undefined);
  return [...unnamed, ...Object.keys(given)].flatMap((name) => {
    const target = given[name] ?? true;
    return isOff(target) ? [] : [targetOf(name, target)];
  });
}

function targetOf(name: string, given: GivenTarget): TargetSettings {
  const fields =
    typeof given === 'boolean' ? {} : typeof given === 'string' || Array.isArray(given) ? { paths: given } : given;
  const groups = Object.entries(fields.groups ?? {}).map(
    ([group, paths]) => [group, listOf(paths).map(plainPath)] as const,
  );
  // Only the default targets have sources that hold where no paths are named.
  const paths =
    fields.paths === undefined ? (isDefaultTarget(name) ? undefined : []) : listOf(fields.paths).map(plainPath);
  return {
    name,
    ...(paths === undefined ? {} : { paths }),
    exclude: listOf(fields.exclude ?? []),
    groups: Object.fromEntries(groups),
  };
}

function listOf(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? [value] : [...value];
}
