import { resolve } from 'node:path';
import yargs from 'yargs';
import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { BackupError, isBackupError, reasonOf } from '../core/errors.ts';
import { RunEvents } from '../core/events.ts';
import { toolkitVersion } from '../core/version.ts';
import { en } from '../messages/en/index.ts';
import type { Language, Messages } from '../messages/messages.ts';
import { showError } from './error-text.ts';
import { Output, type TextStream } from './output.ts';
import { followProgress } from './progress.ts';
import type { CommandContext, CommonOptions } from './verb.ts';
import { verbs } from './verbs.ts';

/** What the process gives to a command. */
export interface ProcessWorld {
  argv: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  workingFolder: string;
  stdout: TextStream;
  stderr: TextStream;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}

/**
 * Runs one command line to its end, and says what there is to say. Never throws.
 * @returns the exit code.
 */
export async function runCommandLine(world: ProcessWorld): Promise<ExitCode> {
  const language = languageOf(world);
  const messages = await messagesIn(language);
  const wantsJson = world.argv.includes('--json');
  const isVerbose = world.argv.includes('--verbose');
  let code: ExitCode = exitCode.done;
  let isVerbRun = false;
  try {
    const program = await buildProgram(world, language, messages, async (options, body) => {
      isVerbRun = true;
      code = await runVerb(world, language, messages, options, body);
    });
    const text = await parse(program, world.argv);
    if (text !== '') world.stdout.write(`${text}\n`);
    // A bare `ai-backup` shows its help and is a wrong usage all the same.
    if (!isVerbRun && text === '') throw new BackupError('USAGE', { problem: messages.common.noCommand });
    return code;
  } catch (error) {
    // Loaded only here: a run that ends well needs none of it.
    const { hideSecrets } = await import('./hide-secrets.ts');
    return showError(asBackupError(error, world.signal), error, {
      hide: hideSecrets(rootOf(world), world.environment),
      language,
      json: wantsJson,
      verbose: isVerbose,
      output: new Output({
        json: wantsJson,
        progress: false,
        quiet: false,
        verbose: isVerbose,
        color: usesColor(world),
        stdout: world.stdout,
        stderr: world.stderr,
      }),
    });
  }
}

type StartVerb = (options: CommonOptions, body: (context: CommandContext) => Promise<ExitCode>) => Promise<void>;

async function buildProgram(
  world: ProcessWorld,
  language: Language,
  messages: Messages,
  start: StartVerb,
): Promise<unknown> {
  const text = messages.common;
  let program = yargs()
    .scriptName('ai-backup')
    .locale(language)
    .usage(text.usage)
    .exitProcess(false)
    .strict()
    .recommendCommands()
    .demandCommand(1, text.noCommand)
    .version(toolkitVersion)
    .help()
    .wrap(Math.min(110, world.stdout.columns ?? 100))
    .option('root', { type: 'string', describe: text.root, requiresArg: true })
    .option('config', { type: 'string', describe: text.config, requiresArg: true })
    .option('encryption-key', { type: 'string', describe: text.encryptionKey, requiresArg: true })
    .option('json', { type: 'boolean', default: false, describe: text.json })
    .option('progress', { type: 'boolean', default: false, describe: text.progress })
    .option('quiet', { type: 'boolean', default: false, describe: text.quiet })
    .option('verbose', { type: 'boolean', default: false, describe: text.verbose })
    .option('lang', { choices: ['en', 'ja'] as const, describe: text.lang })
    .option('color', { type: 'boolean', describe: text.color })
    .option('retry-lock', { type: 'string', default: '0', describe: text.retryLock, requiresArg: true })
    .fail((problem: string | undefined, error: Error | undefined) => {
      // What yargs throws by itself is about the command line; everything else came out of the command.
      if (error instanceof Error && error.name !== 'YError') throw error;
      throw new BackupError('USAGE', { problem: problem ?? error?.message ?? text.noCommand });
    }) as unknown as Parameters<Awaited<ReturnType<(typeof verbs)[string]>>>[0];
  // A verb's name can be an option's value as well: whichever of these words is the verb, it is among them.
  const mentioned = Object.keys(verbs).filter((name) => world.argv.includes(name));
  for (const name of mentioned.length === 0 ? Object.keys(verbs) : mentioned) {
    const verb = await verbs[name]?.();
    if (verb !== undefined) program = verb(program, start, messages);
  }
  withoutHelpAhead(program);
  return program;
}

/** What of yargs' own is touched; nothing is lost where a later version has it no more. */
interface YargsInternals {
  getInternalMethods?: () => { getUsageInstance?: () => { cacheHelpMessage?: () => void } };
}

/**
 * Before it runs a command, yargs writes that command's help, in case somebody asks for it from within. Nobody does, and
 * measuring its words took a sixth of the start-up.
 */
function withoutHelpAhead(program: unknown): void {
  const usage = (program as YargsInternals).getInternalMethods?.().getUsageInstance?.();
  if (usage?.cacheHelpMessage !== undefined) usage.cacheHelpMessage = () => undefined;
}

/** The project's root as far as it can be told before the options are read. */
function rootOf({ argv, environment, workingFolder }: ProcessWorld): string {
  const at = argv.indexOf('--root');
  const given =
    argv.find((word) => word.startsWith('--root='))?.slice('--root='.length) ?? (at === -1 ? undefined : argv[at + 1]);
  return resolve(workingFolder, given ?? environment.BACKUP_ROOT ?? '.');
}

/** yargs hands help and version to a callback, so that what is written where stays ours. */
async function parse(program: unknown, argv: readonly string[]): Promise<string> {
  let shown = '';
  const parser = program as {
    parseAsync(
      argv: readonly string[],
      context: object,
      done: (error: unknown, argv: unknown, output: string) => void,
    ): Promise<unknown>;
  };
  await parser.parseAsync(argv, {}, (_error, _argv, output) => {
    shown = output;
  });
  return shown;
}

async function runVerb(
  world: ProcessWorld,
  language: Language,
  messages: Messages,
  options: CommonOptions,
  body: (context: CommandContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  refuseRepeated(options, messages);
  const retryLockSeconds = secondsOf('retry-lock', options.retryLock, messages);
  const root = resolve(world.workingFolder, options.root ?? world.environment.BACKUP_ROOT ?? '.');
  const output = new Output({ ...options, color: usesColor(world), stdout: world.stdout, stderr: world.stderr });
  const keyFile = options['encryption-key'];
  const toolkitOptions = {
    root,
    environment: world.environment,
    ...(options.config === undefined ? {} : { config: resolve(world.workingFolder, options.config) }),
  };
  const stopFollowing: (() => void)[] = [];
  try {
    return await body({
      common: options,
      language,
      messages,
      output,
      root,
      configFile: toolkitOptions.config,
      workingFolder: world.workingFolder,
      environment: world.environment,
      signal: world.signal,
      loadSettings: async () => {
        const { loadSettings } = await import('../config/load-settings.ts');
        const { config, ...rest } = toolkitOptions;
        return loadSettings({ ...rest, ...(config === undefined ? {} : { file: config }) });
      },
      open: async () => {
        const { openContext } = await import('../open-context.ts');
        const events = new RunEvents();
        stopFollowing.push(await followProgress(events, output, messages, options));
        const key = keyFile === undefined ? {} : { keyFile: resolve(world.workingFolder, keyFile) };
        return openContext({ ...toolkitOptions, ...key, events, signal: world.signal, retryLockSeconds });
      },
    });
  } finally {
    for (const stop of stopFollowing) stop();
  }
}

/** Options that name several things; of any other, two values mean that one of them is a mistake. */
const repeatable = new Set(['_', 'targets', 'include', 'exclude', 'set-option', 'setOption', 'recipient']);

function refuseRepeated(options: object, messages: Messages): void {
  const repeated = Object.entries(options).find(([name, value]) => Array.isArray(value) && !repeatable.has(name));
  if (repeated !== undefined) throw new BackupError('USAGE', { problem: messages.common.givenTwice(repeated[0]) });
}

function secondsOf(option: string, value: string, messages: Messages): number {
  if (/^\d{1,9}(\.\d+)?$/.test(value)) return Number(value);
  throw new BackupError('OPTION_INVALID', { option, value, expected: messages.common.seconds });
}

function asBackupError(error: unknown, signal: AbortSignal): BackupError {
  if (isBackupError(error)) return error;
  if (signal.aborted) return new BackupError('INTERRUPTED', {}, { cause: error });
  return new BackupError('UNEXPECTED', { problem: reasonOf(error) }, { cause: error });
}

/** `--lang`, else BACKUP_LANG, else the locale; English where that is neither. */
function languageOf(world: ProcessWorld): Language {
  const { argv, environment } = world;
  const at = argv.indexOf('--lang');
  const asked =
    argv.find((word) => word.startsWith('--lang='))?.slice('--lang='.length) ?? (at === -1 ? undefined : argv[at + 1]);
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  const named = asked ?? (environment.BACKUP_LANG || locale);
  return /^ja\b|^ja_/i.test(named) ? 'ja' : 'en';
}

async function messagesIn(language: Language): Promise<Messages> {
  return language === 'ja' ? (await import('../messages/ja/index.ts')).ja : en;
}

function usesColor(world: ProcessWorld): boolean {
  const { argv, environment } = world;
  if (argv.includes('--no-color') || (environment.NO_COLOR ?? '') !== '') return false;
  if ((environment.FORCE_COLOR ?? '') !== '' && environment.FORCE_COLOR !== '0') return true;
  // Both streams get the same words: where one of them goes into a file, escape codes would.
  return Boolean(world.stdout.isTTY && world.stderr.isTTY) && environment.TERM !== 'dumb';
}
