import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { manyFiles } from './build-many-files.ts';
import { actions, type Action } from './measurements.ts';

export interface BenchOptions {
  rounds: number;
  scale: number;
  actions: Action[];
  /** For how many days the stores are watched as they grow; absent where they are not. */
  growthDays?: number;
  /** How many files the projects of small files have, from few to many; none where they are not measured. */
  fileCounts: number[];
  /** Names of tools, or their beginnings; all where absent. */
  tools?: string[];
  listedBackups: number;
  /** A host that was built before; it is left as it is. */
  host?: string;
  /** Where the benchmark's own folder is made. */
  workspace: string;
  jsonFile?: string;
  /** Where the drawing of the stores' growth is written. */
  plotFile?: string;
  toolkit: string;
  /** A toolkit whose better-sqlite3 was built for `node`. */
  zstdToolkit: string;
  node: string;
}

const full = {
  rounds: 3,
  scale: 1,
  listedBackups: 100,
  growthDays: 30,
  fileCounts: [1_000, 10_000, 100_000, manyFiles],
};
const quick = { rounds: 1, scale: 0.05, listedBackups: 10, growthDays: 9, fileCounts: [1_000, 10_000] };
const toolkitFolder = fileURLToPath(new URL('..', import.meta.url));
const memoryFilesystem = '/dev/shm';

/** Reads the command line. Ends the process with a usage message where it makes no sense. */
export async function readBenchOptions(argv: readonly string[]): Promise<BenchOptions> {
  const choices = [...actions, 'growth', 'files'];
  const given = await yargs([...argv])
    .scriptName('npm run bench --')
    .usage('$0 [options]\n\nMeasures backup tools side by side on a project that is built for it.')
    .option('quick', { type: 'boolean', default: false, describe: 'A twentieth of the project, one round' })
    .option('rounds', { type: 'number', describe: `Rounds, of which medians are taken (${full.rounds})` })
    .option('scale', { type: 'number', describe: 'Part of the whole project, such as 0.1 (1)' })
    .option('only', { type: 'string', describe: `Actions, of ${choices.join(',')} (all)` })
    .option('tools', { type: 'string', describe: 'Names of tools or their beginnings, such as ours,restic (all)' })
    .option('backups', { type: 'number', describe: `Backups that list lists (${full.listedBackups})` })
    .option('days', { type: 'number', describe: `Days of growth (${full.growthDays})` })
    .option('files', { type: 'string', describe: `Numbers of small files, rising (${full.fileCounts.join(',')})` })
    .option('host', { type: 'string', describe: 'A project built by bench/make-host.ts, to save building it' })
    .option('workspace', { type: 'string', describe: `Where to work (${memoryFilesystem}, else the temporary folder)` })
    .option('json', { type: 'string', describe: 'Writes every figure into this file' })
    .option('plot', { type: 'string', describe: 'Draws the growth of the stores into this SVG file' })
    .option('ours', { type: 'string', default: toolkitFolder, describe: 'The built toolkit to measure' })
    .option('node', { type: 'string', default: process.execPath, describe: 'The Node that runs ours with zstd' })
    .option('ours-zstd', {
      type: 'string',
      describe: 'A built toolkit whose better-sqlite3 fits --node (that of --ours)',
    })
    .check((options) => {
      const unknown = list(options.only).filter((action) => !choices.includes(action));
      if (unknown.length > 0)
        throw new Error(`--only: unknown action ${unknown.join(', ')}; known: ${choices.join(', ')}`);
      for (const name of ['rounds', 'scale', 'backups', 'days'] as const) {
        if (options[name] !== undefined && !(options[name] > 0)) throw new Error(`--${name} must be above 0`);
      }
      const counts = fileCounts(options.files);
      if (!counts.every((count, index) => Number.isInteger(count) && count > (counts[index - 1] ?? 0)))
        throw new Error('--files must be whole numbers above 0, each larger than the one before it');
      return true;
    })
    .strict()
    .parseAsync();
  const size = given.quick ? quick : full;
  const only = list(given.only);
  const wanted = (action: string): boolean => only.length === 0 || only.includes(action);
  return {
    rounds: given.rounds ?? size.rounds,
    scale: given.scale ?? size.scale,
    actions: actions.filter(wanted),
    ...(wanted('growth') ? { growthDays: given.days ?? size.growthDays } : {}),
    fileCounts: !wanted('files') ? [] : given.files === undefined ? size.fileCounts : fileCounts(given.files),
    ...(given.tools === undefined ? {} : { tools: list(given.tools) }),
    listedBackups: given.backups ?? size.listedBackups,
    ...(given.host === undefined ? {} : { host: given.host }),
    workspace: given.workspace ?? (existsSync(memoryFilesystem) ? memoryFilesystem : tmpdir()),
    ...(given.json === undefined ? {} : { jsonFile: given.json }),
    ...(given.plot === undefined ? {} : { plotFile: given.plot }),
    toolkit: given.ours,
    zstdToolkit: given.oursZstd ?? given.ours,
    node: given.node,
  };
}

function fileCounts(text: string | undefined): number[] {
  return list(text).map(Number);
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((part) => part !== '');
}
