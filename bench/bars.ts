import { medianOf, peakOf, type Action, type ToolMeasurements } from './measurements.ts';

/** One promise about speed or memory, and what came of it. */
export interface Bar {
  name: string;
  /** The number that must not be above `limit`; absent where something it needs was not measured. */
  value?: number;
  limit: number;
  unit: 'ratio' | 'seconds' | 'megabytes';
}

export interface MeasuredRun {
  tools: readonly ToolMeasurements[];
  /** Ours, on a project of very many files. */
  manyFiles?: ToolMeasurements;
}

const megabyte = 1_000_000;

/** Holds a run's medians against what the toolkit promises. */
export function judge(run: MeasuredRun): Bar[] {
  const tool = (name: string): ToolMeasurements | undefined => run.tools.find((one) => one.name === name);
  const ratio = (name: string, ours: string, other: string, action: Action, limit: number): Bar => {
    const mine = medianOf(tool(ours), action, 'wallSeconds');
    const theirs = medianOf(tool(other), action, 'wallSeconds');
    return bar(name, mine === undefined || theirs === undefined ? undefined : mine / theirs, limit, 'ratio');
  };
  const ours = run.tools.filter((one) => one.name.startsWith('ours-'));
  return [
    ratio('full gzip -6, against tar | pigz -6', 'ours-gzip', 'tar-pigz', 'full', 1),
    ratio('full zstd -3, against restic', 'ours-zstd', 'restic', 'full', 0.5),
    ratio("verify gzip, against restic's check --read-data", 'ours-gzip', 'restic', 'verify', 0.4),
    ratio("verify zstd, against restic's check --read-data", 'ours-zstd', 'restic', 'verify', 0.4),
    ratio("restore gzip, against restic's", 'ours-gzip', 'restic', 'restore', 0.8),
    ratio("restore zstd, against restic's", 'ours-zstd', 'restic', 'restore', 0.8),
    bar('list, with start-up', largest(ours.map((one) => medianOf(one, 'list', 'wallSeconds'))), 0.5, 'seconds'),
    bar('peak memory of any action', inMegabytes(largest(ours.map(peakOf))), 256, 'megabytes'),
    bar('peak memory on very many files', inMegabytes(peakOf(run.manyFiles)), 512, 'megabytes'),
  ];
}

/** Whether a bar was reached; undefined where it was not measured. */
export function isReached({ value, limit }: Bar): boolean | undefined {
  return value === undefined ? undefined : value <= limit;
}

function bar(name: string, value: number | undefined, limit: number, unit: Bar['unit']): Bar {
  return { name, limit, unit, ...(value === undefined ? {} : { value }) };
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function inMegabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / megabyte;
}
