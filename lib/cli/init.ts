import { exitCode } from '../core/error-catalogue.ts';
import { initializeProject } from '../operations/initialize-project.ts';
import { showInitialization } from './init-report.ts';
import { defineVerb } from './verb.ts';

/** `init`: sets a host project up. */
export const initVerb = defineVerb<{ 'dry-run': boolean }>({
  name: 'init',
  describe: (messages) => messages.init.describe,
  options: (yargs, messages) =>
    yargs.option('dry-run', { type: 'boolean', default: false, describe: messages.init.dryRun }),
  run: async ({ configFile, root, output, messages, signal }, options) => {
    const result = await initializeProject({
      root,
      ...(configFile === undefined ? {} : { settingsFile: configFile }),
      dryRun: options['dry-run'],
      signal,
    });
    output.document(result);
    showInitialization(result, output, messages.init);
    return exitCode.done;
  },
});
