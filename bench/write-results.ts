import { writeFileSync } from 'node:fs';
import { judge } from './bars.ts';
import type { BenchOptions } from './bench-options.ts';
import type { Machine } from './machine.ts';
import type { FileCountMeasurements, ToolMeasurements } from './measurements.ts';
import { drawGrowth } from './plot/growth-plot.ts';
import { barTable, failureLines, fileCountTable, historyTable, medianTable, shareOfOthers } from './report.ts';
import { maxIncrementals } from './tools/ours.ts';

export interface Results {
  options: BenchOptions;
  machine: Machine;
  tools: readonly ToolMeasurements[];
  fileCounts: readonly FileCountMeasurements[];
}

/** Above this share of other work on the machine, figures are not to be believed. */
const tolerableShareOfOthers = 0.05;

/** Writes the files that the options ask for, and returns the lines to print. */
export function writeResults({ options, machine, tools, fileCounts }: Results): string[] {
  const bars = judge({ tools, fileCounts });
  const everything = [...tools, ...fileCounts.map(({ measured }) => measured)];
  const others = shareOfOthers(everything, machine.processors);
  if (options.jsonFile !== undefined) {
    const document = { machine, options, otherWorkShare: others, tools, fileCounts, bars };
    writeFileSync(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  }
  const lines = [
    `Medians of ${options.rounds} interleaved round(s), scale ${options.scale}; list of ${options.listedBackups} backups; wall time of whole processes`,
    ...medianTable(tools),
    ...historyTable(tools),
    ...fileCountTable(fileCounts),
    barTable(bars),
    ...writePlot(options, tools),
    ...failureLines(tools),
    ...fileCounts.flatMap(({ files, measured }) =>
      failureLines([{ ...measured, label: `${measured.label}, ${files} files` }]),
    ),
  ];
  if (options.scale !== 1) lines.push('The bars are meant for scale 1: at another one, start-up weighs differently.');
  if (others > tolerableShareOfOthers) {
    lines.push(
      `Other processes used ${(others * 100).toFixed(0)} % of the machine meanwhile: measure again when it is quiet.`,
    );
  }
  return lines;
}

function writePlot({ plotFile }: BenchOptions, tools: readonly ToolMeasurements[]): string[] {
  if (plotFile === undefined) return [];
  const lines = tools
    .filter(({ growth, failure }) => growth !== undefined && growth.length > 1 && failure === undefined)
    .map(({ label, growth }) => ({ label, bytes: (growth ?? []).map(({ storedBytes }) => storedBytes) }));
  if (lines.length === 0) return ['No growth was measured, so nothing was drawn.'];
  const note = `A backup a day; nothing is pruned or cleaned up. Ours makes a full backup after each ${maxIncrementals} incremental ones.`;
  writeFileSync(plotFile, drawGrowth(lines, 'How the stores grow, a backup a day', note));
  return [`The growth of the stores is drawn in ${plotFile}.`];
}
