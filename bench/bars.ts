import {
  medianAdded,
  medianOf,
  peakOf,
  type Action,
  type FileCountMeasurements,
  type ToolMeasurements,
} from './measurements.ts';

/** One promise about speed, size or memory, and what came of it. */
export interface Bar {
  name: string;
  /** The number that must not be above `limit`; absent where something it needs was not measured. */
  value?: number;
  limit: number;
  unit: 'ratio' | 'seconds' | 'megabytes';
}

export interface MeasuredRun {
  tools: readonly ToolMeasurements[];
  /** Ours, on projects of more and more small files. */
  fileCounts?: readonly FileCountMeasurements[];
}

type Figure = (tool: ToolMeasurements | undefined) => number | undefined;

const megabyte = 1_000_000;
const wall =
  (action: Action): Figure =>
  (tool) =>
    medianOf(tool, action, 'wallSeconds');
const dayBytes: Figure = (tool) => medianAdded(tool, 'day');

/** Holds a run's medians against what the toolkit promises. */
export function judge(run: MeasuredRun): Bar[] {
  const tool = (name: string): ToolMeasurements | undefined => run.tools.find((one) => one.name === name);
  const ratio = (name: string, ours: string, other: string, figure: Figure, limit: number): Bar =>
    bar(name, quotient(figure(tool(ours)), figure(tool(other))), limit, 'ratio');
  /** One bar for each of our two compressions. */
  const bothAgainstRestic = (name: (codec: string) => string, figure: Figure, limit: number): Bar[] =>
    ['gzip', 'zstd'].map((codec) => ratio(name(codec), `ours-${codec}`, 'restic', figure, limit));
  const lastDay = largest(run.tools.map(({ growth }) => growth?.at(-1)?.day));
  const grownBytes: Figure = (one) => one?.growth?.find(({ day }) => day === lastDay)?.storedBytes;
  const grownDays = lastDay === undefined ? 'many days' : `${lastDay} days`;
  const ours = run.tools.filter((one) => one.name.startsWith('ours-'));
  return [
    ratio('full gzip -6, against tar | pigz -6', 'ours-gzip', 'tar-pigz', wall('full'), 1),
    ratio('full zstd -3, against restic', 'ours-zstd', 'restic', wall('full'), 0.5),
    ratio("full zstd -3, against tar -I 'zstd -3 -T0'", 'ours-zstd', 'tar-zstd', wall('full'), 1.5),
    ...bothAgainstRestic((codec) => `verify ${codec}, against restic's check --read-data`, wall('verify'), 0.4),
    ...bothAgainstRestic((codec) => `restore ${codec}, against restic's`, wall('restore'), 0.8),
    bar('list, with start-up', largest(ours.map(wall('list'))), 0.5, 'seconds'),
    ...bothAgainstRestic((codec) => `bytes added by a day, ${codec}, against restic's`, dayBytes, 1 / 8),
    ...bothAgainstRestic((codec) => `time of a day's backup, ${codec}, against restic's`, wall('day'), 0.6),
    ...bothAgainstRestic((codec) => `backup without changes, ${codec}, against restic's`, wall('nochange'), 0.4),
    ...bothAgainstRestic((codec) => `restore of a chain, ${codec}, against restic's`, wall('chain'), 0.9),
    ...bothAgainstRestic((codec) => `store after ${grownDays}, ${codec}, against restic's`, grownBytes, 1 / 2),
    ...(['full', 'day', 'nochange', 'restore'] as const).map((action) =>
      ratio(`${action}, encrypted, against not encrypted`, 'ours-encrypted', 'ours-gzip', wall(action), 1.25),
    ),
    bar('peak memory of any action', inMegabytes(largest(ours.map(peakOf))), 256, 'megabytes'),
    ...fileCountBars(run.fileCounts ?? []),
  ];
}

/** Flat memory and linear time are told from the largest project and the one before it. */
function fileCountBars(counts: readonly FileCountMeasurements[]): Bar[] {
  const most = counts.at(-1);
  const fewer = counts.at(-2);
  const peaks = counts.map(({ measured }) => peakOf(measured));
  const secondsPerFile = (one: FileCountMeasurements | undefined): number | undefined =>
    quotient(wall('nochange')(one?.measured), one?.files);
  const many = most === undefined ? 'very many files' : `${most.files} files`;
  const few = fewer === undefined ? 'fewer' : String(fewer.files);
  return [
    bar(`peak memory, up to ${many}`, inMegabytes(largest(peaks)), 512, 'megabytes'),
    bar(`peak memory on ${many}, against ${few}`, quotient(peaks.at(-1), peaks.at(-2)), 1.25, 'ratio'),
    bar(`backup without changes of ${many}`, wall('nochange')(most?.measured), 20, 'seconds'),
    bar(`its time a file, against ${few}`, quotient(secondsPerFile(most), secondsPerFile(fewer)), 1.1, 'ratio'),
  ];
}

/** Whether a bar was reached; undefined where it was not measured. */
export function isReached({ value, limit }: Bar): boolean | undefined {
  return value === undefined ? undefined : value <= limit;
}

function bar(name: string, value: number | undefined, limit: number, unit: Bar['unit']): Bar {
  return { name, limit, unit, ...(value === undefined ? {} : { value }) };
}

function quotient(ours: number | undefined, theirs: number | undefined): number | undefined {
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function inMegabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / megabyte;
}
