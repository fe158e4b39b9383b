import type { ExitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import { keyActions, type KeyAction, type KeysOptions } from './keys-options.ts';
import { type CommandContext, defineVerb } from './verb.ts';

/** Which options say something to which action. */
const optionsOf: Record<KeyAction, readonly (keyof KeysOptions)[]> = {
  generate: ['file', 'rsa', 'force'],
  check: [],
  'recovery-kit': ['output', 'with-key', 'without-key', 'force'],
  rotate: ['rewrap'],
};

/** `keys`: makes keys, tries them, prints them, changes them. */
export const keysVerb = defineVerb<KeysOptions>({
  name: 'keys',
  positionals: '[action] [file]',
  describe: (messages) => messages.keys.describe,
  options: (yargs, { keys }) =>
    yargs
      .positional('action', { choices: keyActions, describe: keys.action })
      .positional('file', { type: 'string', describe: keys.file })
      .option('rsa', { alias: 'recipients', type: 'boolean', default: false, describe: keys.rsa })
      .option('force', { type: 'boolean', default: false, describe: keys.force })
      .option('output', { type: 'string', requiresArg: true, describe: keys.output })
      .option('with-key', { type: 'boolean', default: false, describe: keys.withKey })
      .option('without-key', { type: 'boolean', default: false, describe: keys.withoutKey })
      .option('rewrap', { type: 'boolean', default: false, describe: keys.rewrap }),
  run: async (context, options) => {
    const { action } = options;
    if (action === undefined) throw new BackupError('USAGE', { problem: context.messages.keys.noAction });
    refuseOthers(context, action, options);
    const run = await load(action);
    return run(context, options);
  },
});

type Run = (context: CommandContext, options: KeysOptions) => Promise<ExitCode>;

/** Each action's file is loaded when it is used. */
async function load(action: KeyAction): Promise<Run> {
  switch (action) {
    case 'generate':
      return (await import('./keys-generate.ts')).runGenerate;
    case 'check':
      return (await import('./keys-check.ts')).runCheck;
    case 'recovery-kit':
      return (await import('./keys-recovery-kit.ts')).runRecoveryKit;
    case 'rotate':
      return (await import('./keys-rotate.ts')).runRotate;
  }
}

/** An option that does nothing would pass for one that does. */
function refuseOthers({ messages }: CommandContext, action: KeyAction, options: KeysOptions): void {
  const given = (['file', 'rsa', 'force', 'output', 'with-key', 'without-key', 'rewrap'] as const).filter(
    (name) => options[name] !== undefined && options[name] !== false,
  );
  const other = given.find((name) => !optionsOf[action].includes(name));
  if (other !== undefined) {
    const option = other === 'file' ? 'FILE' : `--${other}`;
    throw new BackupError('USAGE', { problem: messages.keys.notOfAction(option, action) });
  }
  if (options['with-key'] && options['without-key'])
    throw new BackupError('USAGE', { problem: messages.keys.bothWays });
}
