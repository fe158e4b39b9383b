/** Builds a benchmark host in a folder, to look at or to measure by hand. See docs/benchmarks.md. */
import yargs from 'yargs';
import { buildHost } from './build-host.ts';
import { buildManyFiles, manyFiles } from './build-many-files.ts';
import { changeDay } from './change-day.ts';

const folder = { type: 'string', demandOption: true } as const;
const scale = { type: 'number', default: 1, describe: 'Part of the whole host, such as 0.01' } as const;

await yargs(process.argv.slice(2))
  .scriptName('tsx bench/make-host.ts')
  .command(
    'host <folder>',
    'Builds the host project: about 600 MB in 23,000 files',
    (command) => command.positional('folder', folder).option('scale', scale),
    (options) => console.log(buildHost(options.folder, { scale: options.scale })),
  )
  .command(
    'day <folder>',
    'Lets one ordinary day pass in a host',
    (command) =>
      command.positional('folder', folder).option('scale', scale).option('day', { type: 'number', default: 1 }),
    (options) => console.log(changeDay(options.folder, { scale: options.scale, day: options.day })),
  )
  .command(
    'many <folder>',
    'Builds a project of many small files',
    (command) => command.positional('folder', folder).option('count', { type: 'number', default: manyFiles }),
    (options) => console.log({ bytes: buildManyFiles(options.folder, options.count) }),
  )
  .demandCommand(1)
  .strict()
  .parseAsync();
