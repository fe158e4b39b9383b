import * as z from 'zod';
import { defaultLevel, defaultSettings, highestLevel, levelBounds, lowestLevel } from './default-settings.ts';
import {
  compression,
  flag,
  patterns,
  permissionBits,
  projectPath,
  projectPaths,
  text,
  timeZone,
  wholeNumber,
} from './field-types.ts';
import type { Compression } from './settings.ts';

/*
 * The one description of the key `backup`. It checks the settings, it is what `config.schema.json` is made from, and the
 * nearest known key of a mistake is looked for in it. What spans several keys is in `check-meaning.ts`.
 */

const modePhrase = '"full", "incremental" or "differential"';
const backupMode = z.enum(['full', 'incremental', 'differential'], modePhrase);

const cron = (): z.ZodString => text('a cron expression such as "0 2 * * *"');

const scheduleObject = z.strictObject(
  {
    cron: cron().meta({ description: 'Cron expression: five fields, or six with seconds first.' }),
    mode: backupMode.optional().meta({ description: 'Mode of the backups that this schedule makes.' }),
    type: backupMode.optional().meta({ description: 'The same as mode.' }),
    targets: z
      .array(text("a target's name"), "a list of targets' names")
      .min(1, 'at least one target')
      .optional()
      .meta({ description: 'Names of the targets to back up; all that are on where absent.' }),
    timezone: timeZone()
      .optional()
      .meta({ description: 'Time zone of this schedule; that of the settings where absent.' }),
  },
  'a cron expression, or an object with cron, mode, targets and timezone',
);

const scheduleEntry = z.union(
  [cron(), scheduleObject],
  'a cron expression, or an object with cron, mode, targets and timezone',
);

const tier = (unit: string): z.ZodOptional<z.ZodNumber> =>
  wholeNumber(0)
    .optional()
    .meta({ description: `Keeps the newest backup of each of so many ${unit}.` });

const retentionObject = z.strictObject(
  {
    days: wholeNumber(1).optional().meta({ description: 'Backups older than this many days go.' }),
    count: wholeNumber(1).optional().meta({ description: 'At most so many backups are kept.' }),
    hourly: tier('hours'),
    daily: tier('days'),
    weekly: tier('weeks'),
    monthly: tier('months'),
    yearly: tier('years'),
  },
  'a number of days, or an object with days, count, hourly, daily, weekly, monthly and yearly',
);

const targetFields = {
  enabled: flag().optional().meta({ description: 'false leaves the target out.', default: true }),
  paths: z
    .union([projectPath(), projectPaths()], 'a path or a list of paths')
    .optional()
    .meta({ description: 'Files, folders and globs below the project root.' }),
  exclude: patterns().optional().meta({ description: 'Gitignore-like patterns of what is left out.', default: [] }),
  groups: z
    .record(
      z.string(),
      z.union([projectPath(), projectPaths()], 'a path or a list of paths'),
      'an object of group names and paths',
    )
    .optional()
    .meta({ description: 'Named parts of the target that a command can pick: name and paths.' }),
};

const targetPhrase = 'a path, a list of paths, or an object with paths, exclude, groups and enabled';
const targetObject = z.strictObject(targetFields, targetPhrase);

const defaultTarget = (description: string) =>
  z
    .union([flag(), projectPath(), projectPaths(), targetObject], `true, false, ${targetPhrase}`)
    .optional()
    .meta({ description, default: true });

/** A user's own target has no sources but those it names, so that neither `true` nor `false` means anything there. */
const ownTarget = z
  .union([projectPath(), projectPaths(), targetObject], targetPhrase)
  .meta({ description: 'A target of your own.' });

const targets = z
  .object(
    {
      config: defaultTarget('config/, .poppo/ and the masked environment.'),
      database: defaultTarget('Every SQLite database outside node_modules, as a checked hot copy.'),
      logs: defaultTarget('logs/**/*.gz.'),
      agents: defaultTarget('data/ccla/, data/ccag/, data/ccpm/ and agents/.'),
      state: defaultTarget('state/, queue/ and status/.'),
      security: defaultTarget('.env files (encrypted, where a key is given), access logs, references to certificates.'),
    },
    'an object of target names',
  )
  .catchall(ownTarget);

const levelsOf = (codec: Compression): string =>
  `${lowestLevel[codec]} to ${highestLevel[codec]} for ${codec} (${defaultLevel[codec]}`;

const keyFiles = () => z.array(text('the path of a key file'), 'a list of key files');

const storage = z.strictObject(
  {
    type: z
      .literal('local', '"local"; copies off this machine are not available in this version')
      .optional()
      .meta({ description: 'Where the store is.', default: defaultSettings.storage.type }),
    path: text('a folder').optional().meta({
      description: "The store's folder: below the project root, absolute, or ~/ for the home folder.",
      default: defaultSettings.storage.path,
    }),
    compress: flag().optional().meta({
      description: 'true: one archive a backup. false: a plain folder, unchanged files hard-linked.',
      default: defaultSettings.storage.compress,
    }),
    compression: compression().optional().meta({
      description:
        'Codec of the archive. bzip2 and xz need the programs of these names, zstd needs Node 22.15 or newer.',
      default: defaultSettings.storage.compression,
    }),
    compressionLevel: wholeNumber(levelBounds.lowest, levelBounds.highest)
      .optional()
      .meta({
        description: `${levelsOf('gzip')} where absent), ${levelsOf('bzip2')}), ${levelsOf('xz')}), ${levelsOf('zstd')}).`,
      }),
    format: z.enum(['tar', 'zip', 'directory'], '"tar", "zip" or "directory"').optional().meta({
      description: 'How a backup rests; directory where compress is false.',
      default: defaultSettings.storage.format,
    }),
    encrypt: flag().optional().meta({
      description: 'Encrypts what is stored.',
      default: defaultSettings.storage.encrypt,
    }),
    encryptionKey: text("the secret, better as '${BACKUP_ENCRYPTION_KEY}'")
      .optional()
      .meta({ description: 'The secret. Never write it here: name a variable, as in ${BACKUP_ENCRYPTION_KEY}.' }),
    recipients: keyFiles()
      .optional()
      .meta({ description: 'Files of RSA public keys (PEM): backups are encrypted to them, and no secret is needed.' }),
    oldKeyFiles: keyFiles()
      .optional()
      .meta({ description: 'Files of keys that older backups were encrypted with, so that they stay readable.' }),
    archiveName: text('a file name made of {id}, {date}, {time} and {name}').optional().meta({
      description: "The archive's file name without its ending, made of {id}, {date}, {time} and {name}.",
      default: defaultSettings.storage.archiveName,
    }),
    fileMode: permissionBits('0640', 0o600).optional().meta({
      description: 'Permission bits of files in the store, octal.',
      default: defaultSettings.storage.fileMode,
    }),
    folderMode: permissionBits('0750', 0o700).optional().meta({
      description: 'Permission bits of folders in the store, octal.',
      default: defaultSettings.storage.folderMode,
    }),
    allowOthersToWrite: flag().optional().meta({
      description:
        'true: backups are made also where others than folderMode says can write to the store, or own it; for filesystems without permissions.',
      default: defaultSettings.storage.allowOthersToWrite,
    }),
  },
  'an object with path, compression, format and others',
);

export const settingsSchema = z.strictObject(
  {
    enabled: flag().optional().meta({
      description: 'false stops the schedules; a backup asked for by hand is still made.',
      default: defaultSettings.enabled,
    }),
    schedule: z
      .union([cron(), z.record(z.string(), scheduleEntry)], 'a cron expression, or an object of named schedules')
      .optional()
      .meta({ description: 'When backups are made: a cron expression, or several with a name each.' }),
    timezone: timeZone()
      .optional()
      .meta({ description: "Time zone of the schedules; the machine's own where absent." }),
    retention: z
      .union(
        [wholeNumber(1, undefined, 'of days '), retentionObject],
        'a number of days of 1 or more, or an object with days, count, hourly, daily, weekly, monthly and yearly',
      )
      .optional()
      .meta({ description: 'How long backups are kept: days, or rules.', default: defaultSettings.retention }),
    maxBackups: wholeNumber(1).optional().meta({
      description: 'At most so many backups are kept.',
      default: defaultSettings.maxBackups,
    }),
    incremental: z
      .strictObject(
        {
          enabled: flag().optional().meta({ default: defaultSettings.incremental.enabled }),
          maxIncrementals: wholeNumber(1).optional().meta({
            description: 'So many incremental backups, then a full one.',
            default: defaultSettings.incremental.maxIncrementals,
          }),
        },
        'an object with enabled and maxIncrementals',
      )
      .optional()
      .meta({ description: 'Backups that hold only what changed.' }),
    storage: storage.optional().meta({ description: 'Where and how backups rest.' }),
    targets: targets.optional().meta({ description: 'What is protected: the six default targets and your own.' }),
    exclude: patterns()
      .optional()
      .meta({
        description: 'Gitignore-like patterns that hold for every target.',
        default: [...defaultSettings.exclude],
      }),
  },
  'an object of settings',
);

/** The key `backup` of a settings file once it is checked. */
export type GivenSettings = z.infer<typeof settingsSchema>;
export type GivenTarget = z.infer<typeof ownTarget> | boolean;
export type GivenSchedule = z.infer<typeof scheduleEntry>;
