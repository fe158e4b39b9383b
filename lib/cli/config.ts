import { relative, resolve } from 'node:path';
import { describeSettings, type SettingRow } from '../config/describe-settings.ts';
import { readSettings, type ReadSettings, type SettingsRequest } from '../config/read-settings.ts';
import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { changeSettings, type SettingChange } from '../operations/change-settings.ts';
import { changeAudited } from './change-audited.ts';
import { type CommandContext, defineVerb } from './verb.ts';

interface ConfigOptions {
  'show-config': boolean;
  check: boolean;
  'set-option': string[] | undefined;
  'config-file': string | undefined;
}

/** `config`: shows the settings that hold, checks them, changes them. */
export const configVerb = defineVerb<ConfigOptions>({
  name: 'config',
  describe: (messages) => messages.config.describe,
  options: (yargs, messages) =>
    yargs
      .option('show-config', { type: 'boolean', default: false, describe: messages.config.showConfig })
      .option('check', { type: 'boolean', default: false, describe: messages.config.check })
      .option('set-option', { type: 'string', array: true, nargs: 1, describe: messages.config.setOption })
      .option('config-file', { type: 'string', requiresArg: true, describe: messages.config.configFile }),
  run: async (context, options) => {
    const named = options['config-file'];
    const file = named === undefined ? context.configFile : resolve(context.workingFolder, named);
    const request = { root: context.root, environment: context.environment, ...(file === undefined ? {} : { file }) };
    const changes = (options['set-option'] ?? []).map((text) => parseChange(text, context));
    if (changes.length > 0) await change(context, request, changes);
    const read = await readSettings(request);
    const { settings, rows, holdsKeyItself } = describeSettings(read);
    context.output.document({ file: read.source?.file, settings, ...(options.check ? { ok: true } : {}) });
    if (options.check) showValid(context, read);
    if (options['show-config'] || (!options.check && changes.length === 0)) showRows(context, read, rows);
    if (holdsKeyItself) context.output.notice(context.messages.config.keyInFile);
    return exitCode.done;
  },
});

/** Names with dots between them; a target may be called in any language. */
const keyLike = /^[\p{L}\p{N}_.$ -]{1,200}$/u;

function parseChange(text: string, { messages }: CommandContext): SettingChange {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(at, 0)).trim();
  if (key === '' || !keyLike.test(key)) {
    // What is no key may be a value that was given alone, and is not repeated.
    const value = keyLike.test(text) ? text : '…';
    throw new BackupError('OPTION_INVALID', { option: 'set-option', value, expected: messages.config.keyAndValue });
  }
  return { key, valueText: text.slice(at + 1) };
}

async function change(
  context: CommandContext,
  request: SettingsRequest,
  changes: readonly SettingChange[],
): Promise<void> {
  const { config } = context.messages;
  const keys = changes.map(({ key }) => key);
  const { file, created } = await changeAudited(context, request, keys, () => changeSettings(request, changes));
  const name = shortName(context, file);
  if (created) context.output.line(config.fileMade(name));
  for (const { key, valueText } of changes) {
    context.output.line(valueText.trim() === 'null' ? config.isTakenOut(key, name) : config.isSet(key, name));
  }
}

function showValid({ output, messages, ...context }: CommandContext, { source, settings }: ReadSettings): void {
  const { config } = messages;
  output.line(
    source === undefined
      ? config.validDefaults
      : config.valid(shortName(context, source.file), settings.targets.length, settings.schedules.length),
  );
}

function showRows(
  { output, messages, ...context }: CommandContext,
  { source, settings }: ReadSettings,
  rows: SettingRow[],
): void {
  const { config } = messages;
  output.line(output.color.bold(config.heading(settings.root)));
  output.line(
    output.color.dim(source === undefined ? config.allDefault : config.fromFile(shortName(context, source.file))),
  );
  output.line();
  const texts = rows.map(({ key, value, line }) => ({ key, value: JSON.stringify(value), line }));
  const keyWidth = Math.max(...texts.map(({ key }) => key.length));
  // A long list must not push the last column out of the window.
  const valueWidth = Math.min(Math.max(...texts.map(({ value }) => value.length)), 40);
  for (const { key, value, line } of texts) {
    const origin = line === undefined ? output.color.dim(config.byDefault) : config.atLine(line);
    output.line(`${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${origin}`);
  }
}

/** Below the root where it is there; else whole. */
function shortName({ root }: Pick<CommandContext, 'root'>, file: string): string {
  const name = relative(root, file);
  return name === '' || name.startsWith('..') ? file : name;
}
