import { resolve } from 'node:path';
import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import { defaultLevel, highestLevel, lowestLevel } from '../config/default-settings.ts';
import {
  compressions,
  type BackupMode,
  type Compression,
  type StorageFormat,
  type StorageSettings,
} from '../config/settings.ts';
import type { RunContext } from '../operations/run-context.ts';
import { createBackup } from '../operations/create-backup.ts';
import type { CreateRequest, CreateResult } from '../operations/create-result.ts';
import { planBackup } from '../operations/plan-backup.ts';
import { backupName } from './backup-name.ts';
import { showFindings } from './findings-text.ts';
import { parseDate } from './parse-date.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import { splitList, wordList } from './split-list.ts';
import { plainTable } from './table.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface CreateOptions {
  targets: string[] | undefined;
  name: string | undefined;
  mode: BackupMode | undefined;
  compression: Compression | undefined;
  'compression-level': number | undefined;
  format: StorageFormat | undefined;
  exclude: string[] | undefined;
  'base-backup': string | undefined;
  since: string | undefined;
  output: string | undefined;
  rehash: boolean;
  encrypt: boolean | undefined;
  recipient: string | string[] | undefined;
  'encryption-algorithm': string | undefined;
  'dry-run': boolean;
}

/** `create`: makes a backup. */
export const createVerb = defineVerb<CreateOptions>({
  name: 'create',
  describe: (messages) => messages.create.describe,
  options: (yargs, { create: text }) =>
    yargs
      .option('targets', { type: 'string', describe: text.targets, coerce: splitList, requiresArg: true })
      .option('name', { type: 'string', describe: text.name, requiresArg: true })
      .option('mode', {
        choices: ['full', 'incremental', 'differential'] as const,
        alias: ['type', 't'],
        describe: text.mode,
      })
      .option('compression', { choices: compressions, describe: text.compression })
      .option('compression-level', { type: 'number', describe: text.compressionLevel, requiresArg: true })
      .option('format', { choices: ['tar', 'zip', 'directory'] as const, describe: text.format })
      .option('base-backup', { type: 'string', describe: text.baseBackup, requiresArg: true })
      .option('since', { type: 'string', describe: text.since, requiresArg: true })
      .option('rehash', { type: 'boolean', default: false, describe: text.rehash })
      .option('output', { type: 'string', alias: 'o', describe: text.output, requiresArg: true })
      .option('exclude', { type: 'string', describe: text.exclude, coerce: wordList, requiresArg: true })
      .option('encrypt', { type: 'boolean', describe: text.encrypt })
      .option('recipient', { type: 'string', describe: text.recipient, requiresArg: true })
      .option('encryption-algorithm', {
        choices: ['AES256', 'aes256', 'aes-256-ctr'] as const,
        describe: text.encryptionAlgorithm,
      })
      .option('dry-run', { type: 'boolean', default: false, describe: text.dryRun }),
  run: async (context, options) => {
    const opened = await context.open();
    const storage = storageFor(opened.settings.storage, options);
    if (options.output?.endsWith('.enc') === true && !storage.encrypt && options.recipient === undefined) {
      const expected = 'another ending: the backup is not to be encrypted';
      throw new BackupError('OPTION_INVALID', { option: 'output', value: options.output, expected });
    }
    const run = withRecipients({ ...opened, settings: { ...opened.settings, storage } }, context, options.recipient);
    const request: CreateRequest = {
      type: 'manual',
      ...(options.name === undefined ? {} : { name: backupName(options.name) }),
      ...(options.mode === undefined ? {} : { mode: options.mode }),
      ...(options.targets === undefined ? {} : { targets: options.targets }),
      ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
      ...(options['base-backup'] === undefined ? {} : { baseBackup: options['base-backup'] }),
      ...(options.since === undefined ? {} : { since: sinceDate(options.since, opened.settings.timezone) }),
      ...(options.output === undefined ? {} : { output: resolve(context.workingFolder, options.output) }),
      rehash: options.rehash,
      workingFolder: context.workingFolder,
    };
    if (options['dry-run']) {
      const plan = await planBackup(run, request);
      context.output.document(plan);
      context.output.line(context.messages.create.planned);
      context.output.line();
      showTargets(context, plan.targets, plan, false);
      showFindings(plan.warnings, context);
      return plan.complete ? exitCode.done : exitCode.incomplete;
    }
    const result = await createBackup(run, request);
    context.output.document(result);
    showResult(context, result);
    return result.complete ? exitCode.done : exitCode.incomplete;
  },
});

/** The public keys of the command line stand in place of those of the settings, and ask for encryption. */
function withRecipients(run: RunContext, context: CommandContext, given: string | string[] | undefined): RunContext {
  if (given === undefined) return run;
  const recipients = [given].flat().map((file) => resolve(context.workingFolder, file));
  const storage = { ...run.settings.storage, encrypt: true, recipients };
  return { ...run, settings: { ...run.settings, storage }, keys: run.keys.withRecipients(recipients) };
}

/** What the next commands need of this one: the key, where nothing else tells where it is. */
function keyOption({ common }: CommandContext, { encrypted }: CreateResult): string {
  const file = common['encryption-key'];
  if (encrypted !== true || file === undefined) return '';
  const word = /^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
  return ` --encryption-key ${word}`;
}

/** The settings with what the command line says instead. @throws BackupError OPTION_INVALID */
function storageFor(settings: StorageSettings, options: CreateOptions): StorageSettings {
  const named = formatOfName(options.output);
  const compression = options.compression ?? named?.compression ?? settings.compression;
  const level =
    options['compression-level'] ??
    (compression === settings.compression ? settings.compressionLevel : defaultLevel[compression]);
  const least = lowestLevel[compression];
  const most = highestLevel[compression];
  if (!Number.isInteger(level) || level < least || level > most) {
    throw new BackupError('OPTION_INVALID', {
      option: 'compression-level',
      value: String(level),
      expected: `a whole number from ${least} to ${most} for ${compression}`,
    });
  }
  // Who asks for a compression asks for an archive, also where the settings keep a plain tree.
  const isArchive = options.compression !== undefined || named !== undefined;
  const format =
    options.format ?? named?.format ?? (isArchive && settings.format === 'directory' ? 'tar' : settings.format);
  refuseOtherEnding(options, named, compression, format);
  // Who says how asks for it.
  const encrypt = options.encrypt ?? (options['encryption-algorithm'] !== undefined || settings.encrypt);
  return { ...settings, compression, compressionLevel: level, format, encrypt };
}

/** What the ending of `--output` says about what is in the file; undefined where it says nothing. */
function formatOfName(output = ''): { format: StorageFormat; compression?: Compression } | undefined {
  const ending = /\.(zip|tgz|tbz2?|txz|tzst|tar(?:\.(?:gz|bz2|xz|zst))?)(?:\.enc)?$/.exec(output)?.[1];
  if (ending === undefined) return undefined;
  if (ending === 'zip') return { format: 'zip' };
  const last = ending.replace(/^tar\.?|^t/, '');
  const compression = ({ gz: 'gzip', bz: 'bzip2', bz2: 'bzip2', xz: 'xz', zst: 'zstd' } as const)[last] ?? 'none';
  return { format: 'tar', compression };
}

function refuseOtherEnding(
  { output = '' }: CreateOptions,
  named: ReturnType<typeof formatOfName>,
  compression: Compression,
  format: StorageFormat,
): void {
  const isSame = named?.format === format && (named.compression ?? compression) === compression;
  if (named === undefined || isSame) return;
  const expected = `an ending that fits what is asked for: ${format}, ${compression}`;
  throw new BackupError('OPTION_INVALID', { option: 'output', value: output, expected });
}

/** A date as people write it: a day begins at midnight in the time zone of the settings, else the machine's. */
function sinceDate(text: string, timezone: string | undefined): Date {
  const date = parseDate(text, timezone);
  if (date !== undefined) return date;
  throw new BackupError('OPTION_INVALID', {
    option: 'since',
    value: text,
    expected: 'a date such as 2026-11-20, or a date and time such as 2026-11-20T03:00:00Z',
  });
}

function showResult(context: CommandContext, result: CreateResult): void {
  const { output } = context;
  const text = context.messages.create;
  const { color } = output;
  output.line(
    result.complete
      ? color.green(text.done(color.bold(result.id)))
      : color.yellow(text.incomplete(color.bold(result.id))),
  );
  output.line();
  showTargets(context, result.targets, result, true);
  output.line();
  const ratio = result.size === 0 ? '-' : `${((result.storedSize / result.size) * 100).toFixed(1)} %`;
  const rate = result.duration === 0 ? result.size : (result.size / result.duration) * 1000;
  const stored = result.base === undefined ? text.storedText : text.storedNewText;
  const rows = [
    [text.kind, modeText(context, result)],
    ...(result.encrypted === true ? [[text.encrypted, text.encryptedText]] : []),
    [text.stored, stored(formatBytes(result.storedSize), ratio)],
    [text.took, text.tookText(formatDuration(result.duration), formatBytes(Math.round(rate)))],
    [text.where, printablePath(result.archive ?? result.directory)],
  ];
  output.line(plainTable(output, [], rows));
  output.line();
  for (const line of text.next(result.id, keyOption(context, result)).split('\n')) output.line(color.dim(line));
  showFindings(result.warnings, context);
}

function modeText({ messages: { create: text } }: CommandContext, { mode, base, archive }: CreateResult): string {
  if (base === undefined) return mode;
  return archive === undefined ? text.modeLinked(mode, base) : text.modeText(mode, base);
}

function showTargets(
  context: CommandContext,
  targets: CreateResult['targets'],
  total: { files: number; size: number; duration?: number },
  withTime: boolean,
): void {
  const text = context.messages.create;
  const row = (name: string, one: { files: number; size: number; duration?: number }): string[] => [
    name,
    one.files.toLocaleString('en'),
    formatBytes(one.size),
    ...(withTime ? [formatDuration(one.duration ?? 0)] : []),
  ];
  const rows = Object.entries(targets).map(([name, one]) => row(name, one));
  const head = [text.target, text.files, text.size, ...(withTime ? [text.time] : [])];
  context.output.line(plainTable(context.output, head, [...rows, row(text.total, total)], [1, 2, 3]));
}
