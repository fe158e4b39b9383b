import type { Argv } from 'yargs';
import type { ExitCode } from '../core/error-catalogue.ts';
import type { Settings } from '../config/settings.ts';
import type { Language, Messages } from '../messages/messages.ts';
import type { RunContext } from '../operations/run-context.ts';
import type { Output } from './output.ts';

/** The options that every verb has. */
export interface CommonOptions {
  root?: string;
  config?: string;
  /** The file of a key, as it was given. */
  'encryption-key'?: string;
  json: boolean;
  progress: boolean;
  quiet: boolean;
  verbose: boolean;
  /** Seconds, as they were given. */
  retryLock: string;
}

/** What a verb works with. */
export interface CommandContext {
  common: CommonOptions;
  language: Language;
  messages: Messages;
  output: Output;
  /** The project root, absolute. */
  root: string;
  /** The settings file of `--config`, absolute. */
  configFile: string | undefined;
  /** Where relative paths on the command line begin. */
  workingFolder: string;
  environment: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** Loads and checks the settings; throws CONFIG_… errors. */
  loadSettings(): Promise<Settings>;
  /** Loads the settings and wires an operation's context, its events shown as progress. */
  open(): Promise<RunContext>;
}

/** One command: yargs options → one operation → text or JSON. `O` is what its options parse to. */
export interface Verb<O> {
  name: string;
  /** Positional arguments in yargs' form, such as `[backup]`. */
  positionals?: string;
  describe: (messages: Messages) => string;
  options: (yargs: Argv<CommonOptions>, messages: Messages) => Argv<CommonOptions & O>;
  run: (context: CommandContext, options: CommonOptions & O) => Promise<ExitCode>;
}

/** A verb whose options' type is closed over, so that verbs of different options stand in one list. */
export type AnyVerb = (program: Argv<CommonOptions>, start: VerbStarter, messages: Messages) => Argv<CommonOptions>;

/** Runs one verb's body with its parsed options. */
export type VerbStarter = (
  options: CommonOptions,
  body: (context: CommandContext) => Promise<ExitCode>,
) => Promise<void>;

/** Closes over a verb's option type. */
export function defineVerb<O>(verb: Verb<O>): AnyVerb {
  return (program, start, messages) =>
    program.command({
      command: verb.positionals === undefined ? verb.name : `${verb.name} ${verb.positionals}`,
      describe: verb.describe(messages),
      builder: (yargs: Argv) => verb.options(yargs as Argv<CommonOptions>, messages),
      handler: (options) =>
        start(options as unknown as CommonOptions, (context) =>
          verb.run(context, options as unknown as CommonOptions & O),
        ),
    });
}
