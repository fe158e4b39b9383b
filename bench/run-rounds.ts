import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { differences, filesBelow } from './compare-trees.ts';
import { measureChild, type ChildCommand, type ChildCost } from './measure/measure-child.ts';
import type { Action, ToolMeasurements } from './measurements.ts';
import type { BenchTool, Place } from './tools/tool.ts';

export interface RoundsOptions {
  tools: readonly BenchTool[];
  actions: readonly Action[];
  rounds: number;
  /** The project that is backed up and restored. */
  host: string;
  /** A project of a few files, of which the backups for `list` are made. */
  smallHost: string;
  /** How many backups `list` is to list. */
  listedBackups: number;
  /** An existing folder for stores and restores; what is made in it is removed again. */
  workspace: string;
  /** Whether the first restore of each tool is compared with the host. */
  compare: boolean;
  signal: AbortSignal;
  /** Told after each measurement. */
  onMeasured: (tool: BenchTool, action: Action, round: number, cost: ChildCost) => void;
}

/**
 * Measures all tools in interleaved rounds, so that a machine that slows down meanwhile slows all of them. Each round
 * begins with another tool, so that none always follows the same one. A tool that fails is left out of what follows, and
 * says why; only an abort throws.
 */
export async function runRounds(options: RoundsOptions): Promise<ToolMeasurements[]> {
  const results = options.tools.map((tool): { tool: BenchTool; measured: ToolMeasurements } => ({
    tool,
    measured: {
      name: tool.name,
      label: tool.label,
      runs: {},
      ...(tool.missing === undefined ? {} : { failure: tool.missing }),
    },
  }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (let turn = 0; turn < results.length; turn += 1) {
      const result = results[(turn + round) % results.length];
      if (result === undefined || result.measured.failure !== undefined) continue;
      try {
        await runTool(result.tool, result.measured, round, options);
      } catch (error) {
        options.signal.throwIfAborted();
        result.measured.failure = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return results.map(({ measured }) => measured);
}

async function runTool(
  tool: BenchTool,
  measured: ToolMeasurements,
  round: number,
  options: RoundsOptions,
): Promise<void> {
  const measure = async (action: Action, command: ChildCommand): Promise<void> => {
    const cost = await measureChild(command, { scratch: options.workspace, signal: options.signal });
    if (!options.actions.includes(action)) return;
    (measured.runs[action] ??= []).push(cost);
    options.onMeasured(tool, action, round, cost);
  };
  if (options.actions.some((action) => action !== 'list'))
    await runMainActions(tool, measured, round, options, measure);
  if (options.actions.includes('list') && tool.list !== undefined) {
    const place = placeOf(join(options.workspace, `${tool.name}-list`), options.smallHost);
    if (round === 0) await makeListedBackups(tool, place, options);
    await measure('list', tool.list(place));
  }
}

async function runMainActions(
  tool: BenchTool,
  measured: ToolMeasurements,
  round: number,
  options: RoundsOptions,
  measure: (action: Action, command: ChildCommand) => Promise<void>,
): Promise<void> {
  const folder = join(options.workspace, tool.name);
  const place = placeOf(folder, options.host);
  try {
    await begin(tool, place, options);
    await measure('full', tool.backup(place, 0));
    const storedBytes = bytesBelow(place.store);
    if (storedBytes > 0) measured.storedBytes = storedBytes;
    if (options.actions.includes('verify') && tool.verify !== undefined) await measure('verify', tool.verify(place));
    if (options.actions.includes('restore') && tool.restore !== undefined) {
      mkdirSync(place.destination);
      await measure('restore', tool.restore(place, 0));
      if (options.compare && round === 0) {
        const wrong = differences(place.host, place.destination, tool.leavesOut);
        if (wrong.length > 0) throw new Error(`Restored wrongly (${wrong.length}): ${wrong.slice(0, 5).join('; ')}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeListedBackups(tool: BenchTool, place: Place, options: RoundsOptions): Promise<void> {
  await begin(tool, place, options);
  for (let index = 0; index < options.listedBackups; index += 1) {
    await measureChild(tool.backup(place, index), { scratch: options.workspace, signal: options.signal });
  }
}

async function begin(tool: BenchTool, place: Place, options: RoundsOptions): Promise<void> {
  mkdirSync(place.store, { recursive: true });
  await tool.begin?.(place, async (command) => {
    await measureChild(command, { scratch: options.workspace, signal: options.signal });
  });
}

function placeOf(folder: string, host: string): Place {
  return { host, store: join(folder, 'store'), destination: join(folder, 'restored') };
}

function bytesBelow(folder: string): number {
  return filesBelow(folder).reduce((sum, path) => sum + lstatSync(join(folder, path)).size, 0);
}
