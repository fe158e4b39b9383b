import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openStore, runChild, takeTurns, type Contest, type Entrant } from './contest.ts';
import type { ChildCommand } from './measure/measure-child.ts';
import type { Place } from './tools/tool.ts';

export interface HistoryOptions extends Contest {
  /** The project as it was built; it is copied and left as it is. */
  host: string;
  /** The scale that it was built with. */
  scale: number;
}

/** A copy of the project that lives through days, and a store for each tool that makes backups of it. */
export interface History {
  /** Lets the next ordinary day pass in the project, for all tools alike. */
  passDay(): Promise<void>;
  /** Lets each tool have its turn with its own store (see takeTurns). */
  eachTool(first: number, turn: (entrant: Entrant, place: Place) => Promise<void>): Promise<void>;
}

/**
 * Gives `live` a history in which each tool that can build on earlier backups has made its first, full one. Stores and
 * project are removed afterwards.
 */
export async function withHistory(options: HistoryOptions, live: (history: History) => Promise<void>): Promise<void> {
  const folder = join(options.workspace, 'history');
  const host = join(folder, 'host');
  const contest = { ...options, entrants: options.entrants.filter(({ tool }) => tool.next !== undefined) };
  const places = new Map<Entrant, Place>();
  let days = 0;
  try {
    await runChild(contest, { argv: ['mkdir', folder] });
    await runChild(contest, { argv: ['cp', '-a', options.host, host] });
    await takeTurns(contest, 0, async (entrant) => {
      const place = await openStore(contest, entrant, join(folder, entrant.tool.name), host);
      await runChild(contest, entrant.tool.backup(place, 0));
      places.set(entrant, place);
    });
    await live({
      passDay: async () => {
        days += 1;
        await runChild(contest, makeHost('day', host, '--day', String(days), '--scale', String(options.scale)));
      },
      eachTool: (first, turn) =>
        takeTurns(contest, first, async (entrant) => {
          const place = places.get(entrant);
          if (place !== undefined) await turn(entrant, place);
        }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes or changes a project in a process of its own, which an interruption can end at once. */
export function makeHost(...argv: string[]): ChildCommand {
  const script = fileURLToPath(new URL('make-host.ts', import.meta.url));
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { argv: [process.execPath, '--import', loader, script, ...argv] };
}
