import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBackupError, reasonOf } from '../../lib/core/errors.ts';
import { keep, unkeep, type FuzzCase, type FuzzTarget, type KeptCase } from './fuzz-case.ts';
import { FuzzRoom } from './fuzz-room.ts';
import { targetCalled } from './fuzz-targets.ts';
import { forgetPeak, peakMemory } from './peak-memory.ts';
import { Random } from './random.ts';
import { makeSeeds, type Seeds } from './seed-backups.ts';

/** What the process is asked to do: a case that follows from its numbers, or one that was kept. */
export type WorkerRequest =
  { id: number; target: string; seed: number; number: number; isToKeep?: boolean } | { id: number; kept: string };

export interface WorkerReply {
  id: number;
  /** What is wrong; absent where nothing is. */
  found?: string;
  /** The case was refused by an error of ours. */
  isRefused: boolean;
  /** Bytes, the most so far. */
  memory: number;
}

/**
 * The process in which cases are run, one after the other, in a folder of its own. Asked to keep a case, it writes it to
 * `kept.json` there, and does not run it.
 */
const [folder = ''] = process.argv.slice(2);
process.env.TMPDIR = join(folder, 'room', 'around', 'temporary');
mkdirSync(join(folder, 'room'));
const room = new FuzzRoom(join(folder, 'room'));
let seeds: Seeds | undefined;

async function seedsOnce(): Promise<Seeds> {
  if (seeds === undefined) {
    mkdirSync(process.env.TMPDIR ?? '', { recursive: true });
    mkdirSync(join(folder, 'seeds'));
    seeds = await makeSeeds(join(folder, 'seeds'));
  }
  return seeds;
}

async function caseFor(request: WorkerRequest): Promise<{ target: FuzzTarget; fuzzed: FuzzCase }> {
  if ('kept' in request) {
    const kept = JSON.parse(readFileSync(request.kept, 'utf8')) as KeptCase;
    return { target: targetCalled(kept.target), fuzzed: unkeep(kept) };
  }
  const target = targetCalled(request.target);
  const random = new Random(request.seed, request.number);
  return {
    target,
    fuzzed: target.make(random, target.share === 0 ? { stores: [], encrypted: [] } : await seedsOnce()),
  };
}

/** Nothing but an error of ours may come out; and nothing else may have come of it. */
async function run(request: WorkerRequest): Promise<WorkerReply> {
  const { target, fuzzed } = await caseFor(request);
  if ('isToKeep' in request && request.isToKeep === true) {
    writeFileSync(join(folder, 'kept.json'), JSON.stringify(keep(target.name, '', fuzzed)));
    return { id: request.id, isRefused: false, memory: 0 };
  }
  room.begin(fuzzed);
  process.send?.({ id: request.id, isBegun: true });
  forgetPeak();
  let found: string | undefined;
  let isRefused = false;
  try {
    await target.run(fuzzed, room);
  } catch (error) {
    isRefused = isBackupError(error) && error.code !== 'UNEXPECTED';
    if (!isRefused) found = error instanceof Error ? (error.stack ?? error.message) : reasonOf(error);
  }
  const touched = room.touched();
  if (touched !== undefined) found = `outside was touched: ${touched}`;
  const memory = peakMemory();
  return { id: request.id, isRefused, memory, ...(found === undefined ? {} : { found }) };
}

process.on('message', (request: WorkerRequest) => {
  run(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => {
      process.send?.({
        id: request.id,
        isRefused: false,
        memory: 0,
        found: `the suite itself: ${String((error as Error).stack)}`,
      });
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ id: -1, isReady: true });
