import Table from 'cli-table3';
import { isReached, type Bar } from './bars.ts';
import { medianOf, peakOf, type ToolMeasurements } from './measurements.ts';

const megabyte = 1_000_000;
const absent = '-';

/** The medians of all tools, side by side. */
export function medianTable(tools: readonly ToolMeasurements[]): string {
  const table = plainTable(['tool', 'full s', 'cpu s', 'restore s', 'verify s', 'list s', 'stored MB', 'peak MB'], 1);
  for (const tool of tools) {
    if (Object.keys(tool.runs).length === 0) continue;
    const cpu = medianOf(tool, 'full', 'userSeconds');
    const system = medianOf(tool, 'full', 'systemSeconds');
    table.push([
      tool.label,
      decimals(medianOf(tool, 'full', 'wallSeconds'), 2),
      decimals(cpu === undefined || system === undefined ? undefined : cpu + system, 2),
      decimals(medianOf(tool, 'restore', 'wallSeconds'), 2),
      decimals(medianOf(tool, 'verify', 'wallSeconds'), 2),
      decimals(medianOf(tool, 'list', 'wallSeconds'), 3),
      inMegabytes(tool.storedBytes),
      inMegabytes(peakOf(tool)),
    ]);
  }
  return table.toString();
}

/** The peaks of memory of one tool, action by action. */
export function memoryLine(tool: ToolMeasurements): string {
  const peak = (action: 'full' | 'verify' | 'restore'): string => {
    const seconds = decimals(medianOf(tool, action, 'wallSeconds'), 1);
    return `${action} ${inMegabytes(medianOf(tool, action, 'peakBytes'))} MB in ${seconds} s`;
  };
  return `${tool.label}: ${peak('full')}, ${peak('verify')}, ${peak('restore')}`;
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
  const costs = tools.flatMap((tool) => Object.values(tool.runs).flat());
  const wall = costs.reduce((sum, cost) => sum + cost.wallSeconds, 0);
  const others = costs.reduce((sum, cost) => sum + cost.otherCpuSeconds, 0);
  return wall === 0 ? 0 : others / (wall * processors);
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

function inMegabytes(bytes: number | undefined): string {
  return decimals(bytes === undefined ? undefined : bytes / megabyte, 0);
}

function inUnit(value: number | undefined, unit: Bar['unit']): string {
  if (value === undefined) return absent;
  if (unit === 'ratio') return decimals(value, 2);
  return unit === 'seconds' ? `${decimals(value, 2)} s` : `${decimals(value, 0)} MB`;
}
