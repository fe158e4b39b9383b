import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytesBelow, openStore, restoreOnce, runChild, takeTurns, type Contest, type Entrant } from './contest.ts';
import type { ChildCost } from './measure/measure-child.ts';
import type { RoundAction } from './measurements.ts';
import type { Place } from './tools/tool.ts';

export interface RoundsOptions extends Contest {
  actions: readonly RoundAction[];
  rounds: number;
  /** The project that is backed up and restored. */
  host: string;
  /** A project of a few files, of which the backups for `list` are made. */
  smallHost: string;
  /** How many backups `list` is to list. */
  listedBackups: number;
}

/**
 * Measures all tools in interleaved rounds, so that a machine that slows down meanwhile slows all of them. Each round's
 * backups are full ones, each into an empty store.
 */
export async function runRounds(options: RoundsOptions): Promise<void> {
  const listed = new Map<Entrant, Place>();
  for (let round = 0; round < options.rounds; round += 1) {
    await takeTurns(options, round, async (entrant) => {
      if (options.actions.some((action) => action !== 'list')) await runMainActions(options, entrant, round);
      if (options.actions.includes('list')) await runList(options, entrant, round, listed);
    });
  }
}

async function runMainActions(options: RoundsOptions, entrant: Entrant, round: number): Promise<void> {
  const { tool, measured } = entrant;
  const folder = join(options.workspace, tool.name);
  try {
    const place = await openStore(options, entrant, folder, options.host);
    record(options, entrant, round, 'full', await runChild(options, tool.backup(place, 0)));
    const storedBytes = bytesBelow(place.store);
    if (storedBytes > 0) measured.storedBytes = storedBytes;
    if (options.actions.includes('verify') && tool.verify !== undefined)
      record(options, entrant, round, 'verify', await runChild(options, tool.verify(place)));
    if (!options.actions.includes('restore')) return;
    const cost = await restoreOnce(options, entrant, place, 0, round === 0);
    if (cost !== undefined) record(options, entrant, round, 'restore', cost);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runList(
  options: RoundsOptions,
  entrant: Entrant,
  round: number,
  listed: Map<Entrant, Place>,
): Promise<void> {
  const { tool } = entrant;
  if (tool.list === undefined) return;
  let place = listed.get(entrant);
  if (place === undefined) {
    place = await openStore(options, entrant, join(options.workspace, `${tool.name}-list`), options.smallHost);
    for (let index = 0; index < options.listedBackups; index += 1) await runChild(options, tool.backup(place, index));
    listed.set(entrant, place);
  }
  record(options, entrant, round, 'list', await runChild(options, tool.list(place)));
}

function record(
  options: RoundsOptions,
  { tool, measured }: Entrant,
  round: number,
  action: RoundAction,
  cost: ChildCost,
): void {
  if (!options.actions.includes(action)) return;
  (measured.runs[action] ??= []).push(cost);
  options.onMeasured(tool, action, round, cost);
}
