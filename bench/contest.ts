import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { differences, filesBelow } from './compare-trees.ts';
import { measureChild, type ChildCommand, type ChildCost } from './measure/measure-child.ts';
import type { ToolMeasurements } from './measurements.ts';
import type { BenchTool, Place } from './tools/tool.ts';

/** A tool and what was measured of it so far. */
export interface Entrant {
  tool: BenchTool;
  measured: ToolMeasurements;
}

/** What every part of a benchmark has in common. */
export interface Contest {
  entrants: readonly Entrant[];
  /** An existing folder for stores and restores; what is made in it is removed again. */
  workspace: string;
  signal: AbortSignal;
  /** Told after each measurement. */
  onMeasured: (tool: BenchTool, action: string, round: number, cost: ChildCost) => void;
}

/** Enters the tools with nothing measured yet; those that are missing on this machine have failed already. */
export function enter(tools: readonly BenchTool[]): Entrant[] {
  return tools.map((tool) => ({
    tool,
    measured: {
      name: tool.name,
      label: tool.label,
      runs: {},
      ...(tool.missing === undefined ? {} : { failure: tool.missing }),
    },
  }));
}

/**
 * Lets each tool have its turn, beginning with another one each time, so that none always follows the same one. A tool
 * that fails is left out of everything that follows, and says why; only an abort throws.
 */
export async function takeTurns(
  { entrants, signal }: Contest,
  first: number,
  turn: (entrant: Entrant) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < entrants.length; index += 1) {
    const entrant = entrants[(index + first) % entrants.length];
    if (entrant === undefined || entrant.measured.failure !== undefined) continue;
    try {
      await turn(entrant);
    } catch (error) {
      signal.throwIfAborted();
      entrant.measured.failure = error instanceof Error ? error.message : String(error);
    }
  }
}

/** Runs a command without telling of it. Throws ChildFailed when it does not end well. */
export async function runChild({ workspace, signal }: Contest, command: ChildCommand): Promise<ChildCost> {
  return measureChild(command, { scratch: workspace, signal });
}

/** Makes an empty store in `folder` ready for a tool. */
export async function openStore(contest: Contest, { tool }: Entrant, folder: string, host: string): Promise<Place> {
  const place = { host, store: join(folder, 'store'), destination: join(folder, 'restored') };
  mkdirSync(place.store, { recursive: true });
  await tool.begin?.(place, async (command) => {
    await runChild(contest, command);
  });
  return place;
}

/**
 * Restores into an empty folder, which is removed again. With `compare`, it is held against the project first: a tool that
 * restores wrongly loses all its figures, and this throws.
 */
export async function restoreOnce(
  contest: Contest,
  { tool, measured }: Entrant,
  place: Place,
  index: number,
  compare: boolean,
): Promise<ChildCost | undefined> {
  if (tool.restore === undefined) return undefined;
  mkdirSync(place.destination);
  try {
    const cost = await runChild(contest, tool.restore(place, index));
    const wrong = compare ? differences(place.host, place.destination, tool.leavesOut) : [];
    if (wrong.length === 0) return cost;
    measured.runs = {};
    delete measured.addedBytes;
    delete measured.growth;
    throw new Error(`Restored wrongly (${wrong.length}): ${wrong.slice(0, 5).join('; ')}`);
  } finally {
    rmSync(place.destination, { recursive: true, force: true });
  }
}

/** Size of everything in a store. */
export function bytesBelow(folder: string): number {
  return filesBelow(folder).reduce((sum, path) => sum + lstatSync(join(folder, path)).size, 0);
}
