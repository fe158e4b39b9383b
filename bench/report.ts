import Table from 'cli-table3';
import { isReached, type Bar } from './bars.ts';
import {
  medianAdded,
  medianOf,
  peakOf,
  roundActions,
  type Action,
  type FileCountMeasurements,
  type ToolMeasurements,
} from './measurements.ts';

const megabyte = 1_000_000;
const absent = '-';

/** The medians of all tools' full backups, side by side; nothing where none was measured. */
export function medianTable(tools: readonly ToolMeasurements[]): string[] {
  const table = plainTable(['tool', 'full s', 'cpu s', 'restore s', 'verify s', 'list s', 'stored MB', 'peak MB'], 1);
  for (const tool of tools) {
    if (!roundActions.some((action) => tool.runs[action] !== undefined)) continue;
    table.push([
      tool.label,
      decimals(medianOf(tool, 'full', 'wallSeconds'), 2),
      decimals(processorSeconds(tool, 'full'), 2),
      decimals(medianOf(tool, 'restore', 'wallSeconds'), 2),
      decimals(medianOf(tool, 'verify', 'wallSeconds'), 2),
      decimals(medianOf(tool, 'list', 'wallSeconds'), 3),
      inMegabytes(tool.storedBytes),
      inMegabytes(peakOf(tool)),
    ]);
  }
  return linesOf(table);
}

/** What days of changes, and none, cost each tool, side by side; nothing where none was measured. */
export function historyTable(tools: readonly ToolMeasurements[]): string[] {
  const days = Math.max(0, ...tools.map(({ growth }) => growth?.at(-1)?.day ?? 0));
  const grown = days === 0 ? 'grown MB' : `${days} days MB`;
  const head = ['tool', 'day s', 'cpu s', 'added MB', 'no change s', 'added MB', 'chain restore s', grown];
  const table = plainTable(head, 1);
  for (const tool of tools) {
    const { day, nochange, chain } = tool.runs;
    if (day === undefined && nochange === undefined && chain === undefined && tool.growth === undefined) continue;
    table.push([
      tool.label,
      decimals(medianOf(tool, 'day', 'wallSeconds'), 2),
      decimals(processorSeconds(tool, 'day'), 2),
      inMegabytes(medianAdded(tool, 'day'), 2),
      decimals(medianOf(tool, 'nochange', 'wallSeconds'), 2),
      inMegabytes(medianAdded(tool, 'nochange'), 2),
      decimals(medianOf(tool, 'chain', 'wallSeconds'), 2),
      inMegabytes(tool.growth?.find((one) => one.day === days)?.storedBytes),
    ]);
  }
  return linesOf(table);
}

/** Time and peak memory of one tool on projects of more and more files; nothing where none was measured. */
export function fileCountTable(counts: readonly FileCountMeasurements[]): string[] {
  const shown = ['full', 'nochange', 'verify', 'restore'] as const;
  const titles = shown.flatMap((action) => [action === 'nochange' ? 'no change s' : `${action} s`, 'peak MB']);
  const table = plainTable(['files', ...titles], 0);
  for (const { files, measured } of counts) {
    const figures = shown.flatMap((action) => [
      decimals(medianOf(measured, action, 'wallSeconds'), 2),
      inMegabytes(medianOf(measured, action, 'peakBytes')),
    ]);
    table.push([files, ...figures]);
  }
  return linesOf(table);
}

/** What became of each bar. */
export function barTable(bars: readonly Bar[]): string {
  const table = plainTable(['bar', 'at most', 'measured', ''], 1);
  for (const bar of bars) {
    const reached = isReached(bar);
    const verdict = reached === undefined ? 'not measured' : reached ? 'reached' : 'NOT REACHED';
    table.push([bar.name, inUnit(bar.limit, bar.unit), inUnit(bar.value, bar.unit), verdict]);
  }
  return table.toString();
}

/** Tools that gave no figures or stopped giving them, one line each. */
export function failureLines(tools: readonly ToolMeasurements[]): string[] {
  return tools.flatMap((tool) => (tool.failure === undefined ? [] : [`${tool.label}: ${tool.failure}`]));
}

/** Share of the machine's processors that others used while tools were measured, from 0 to 1. */
export function shareOfOthers(tools: readonly ToolMeasurements[], processors: number): number {
  const costs = tools.flatMap(({ runs, growth }) => [
    ...Object.values(runs).flat(),
    ...(growth ?? []).flatMap(({ cost }) => cost ?? []),
  ]);
  const wall = costs.reduce((sum, cost) => sum + cost.wallSeconds, 0);
  const others = costs.reduce((sum, cost) => sum + cost.otherCpuSeconds, 0);
  return wall === 0 ? 0 : others / (wall * processors);
}

/** The median of processor time that an action took, its own and the system's. */
function processorSeconds(tool: ToolMeasurements, action: Action): number | undefined {
  const user = medianOf(tool, action, 'userSeconds');
  const system = medianOf(tool, action, 'systemSeconds');
  return user === undefined || system === undefined ? undefined : user + system;
}

function linesOf(table: Table.Table): string[] {
  return table.length === 0 ? [] : [table.toString()];
}

function plainTable(head: string[], numbersFrom: number): Table.Table {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((title, column) => (column < numbersFrom || title === '' ? 'left' : 'right')),
  });
}

function decimals(value: number | undefined, digits: number): string {
  return value === undefined ? absent : value.toFixed(digits);
}

function inMegabytes(bytes: number | undefined, digits = 0): string {
  return decimals(bytes === undefined ? undefined : bytes / megabyte, digits);
}

function inUnit(value: number | undefined, unit: Bar['unit']): string {
  if (value === undefined) return absent;
  // An eighth is 0.125, which two digits would make something else.
  if (unit === 'ratio') return decimals(value, value < 0.2 ? 3 : 2);
  return unit === 'seconds' ? `${decimals(value, 2)} s` : `${decimals(value, 0)} MB`;
}
