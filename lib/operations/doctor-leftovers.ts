import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { health, type HealthCheck } from '../monitor/health-check.ts';
import { isScratchInUse } from '../store/scratch-folder.ts';
import { openStore, scratchPrefix, stateFolder, temporaryFolder, type Store } from '../store/store.ts';
import { stagingPrefix } from '../targets/scan-folder.ts';
import type { RunContext } from './run-context.ts';

/** What killed runs left in the store and in the project. What a run at work is using is none of it. */
export async function checkLeftovers({
  settings,
  host,
}: Pick<RunContext, 'settings' | 'host'>): Promise<HealthCheck[]> {
  const store = openStore(settings.storage);
  const holder = runAtWork(store, host);
  if (holder !== undefined) return [health('leftovers', 'ok', 'run-at-work', { holder })];
  const checks: HealthCheck[] = [];
  const inStore = await leftIn(temporaryFolder(store));
  if (inStore > 0) {
    checks.push(health('leftovers', 'warning', 'left-in-store', { path: temporaryFolder(store), count: inStore }));
  }
  const staging = namesIn(settings.root).filter((name) => name.startsWith(stagingPrefix) && !isOfRunning(name));
  if (staging.length > 0) {
    const params = { path: join(settings.root, staging[0] ?? ''), count: staging.length };
    checks.push(health('leftovers', 'warning', 'left-by-restore', params));
  }
  return checks.length > 0 ? checks : [health('leftovers', 'ok', 'nothing-left', {})];
}

async function leftIn(folder: string): Promise<number> {
  let left = 0;
  for (const name of namesIn(folder)) {
    const isUsed = name.startsWith(scratchPrefix) && (await isScratchInUse(join(folder, name)));
    if (!isUsed) left += 1;
  }
  return left;
}

/** Who holds the store's lock, as it has noted it: the lock itself is not tried, which would stand in the way of a run that begins. */
function runAtWork(store: Store, host: string): string | undefined {
  try {
    const text = readFileSync(join(stateFolder(store), 'lock-holder.json'), 'utf8');
    const holder = JSON.parse(text) as Record<string, unknown>;
    // On another machine, nobody here can tell.
    if (holder.host === host && !isRunning(Number(holder.pid))) return undefined;
    return `${String(holder.verb)}, ${String(holder.pid)}`;
  } catch (error) {
    if (!(error instanceof SyntaxError) && systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** A staging folder is named after the process that made it. */
const isOfRunning = (name: string): boolean =>
  isRunning(Number(/^(\d+)-/.exec(name.slice(stagingPrefix.length))?.[1] ?? 0));

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function namesIn(folder: string): string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch (error) {
    // That it is closed is what the check of permissions says.
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
