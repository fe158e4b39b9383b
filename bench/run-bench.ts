/** `npm run bench`: ours side by side with tar, pigz, zstd, rsync, restic and borg. See docs/benchmarks.md. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readBenchOptions, type BenchOptions } from './bench-options.ts';
import { buildHost } from './build-host.ts';
import { filesBelow } from './compare-trees.ts';
import { enter, runChild, type Contest } from './contest.ts';
import { makeHost } from './history.ts';
import { describeMachine } from './machine.ts';
import { historyActions, roundActions, type FileCountMeasurements } from './measurements.ts';
import { runChain } from './run-chain.ts';
import { runDays } from './run-days.ts';
import { runFileCounts } from './run-file-counts.ts';
import { runGrowth } from './run-growth.ts';
import { runRounds } from './run-rounds.ts';
import { chooseTools } from './tools/all-tools.ts';
import { maxIncrementals } from './tools/ours.ts';
import { writeResults } from './write-results.ts';

const tiniestScale = 0.0005;
const interruptedExitCode = 130;
/** Whose stores are watched as they grow. The others' settings of the same tools would draw the same lines again. */
const growingTools = ['restic', 'borg-zstd', 'ours-gzip', 'ours-zstd'];

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function runBench(options: BenchOptions, workspace: string, signal: AbortSignal): Promise<void> {
  const machine = describeMachine();
  const contest: Contest = {
    entrants: enter(chooseTools(options)),
    workspace,
    signal,
    onMeasured: (tool, action, round, cost) => {
      say(`round ${round + 1}  ${tool.label}  ${action}  ${cost.wallSeconds.toFixed(2)} s`);
    },
  };
  say(
    `${machine.processors} × ${machine.model}, ${machine.system}, Node ${machine.node}, load ${machine.load.toFixed(2)}`,
  );
  for (const { tool } of contest.entrants)
    if (tool.missing !== undefined) say(`Left out: ${tool.label}: ${tool.missing}`);
  if (options.actions.length > 0 || options.growthDays !== undefined) await measureOnHost(options, contest);
  const fileCounts = await measureFileCounts(options, contest);
  const tools = contest.entrants.map(({ measured }) => measured);
  process.stdout.write(`${writeResults({ options, machine, tools, fileCounts }).join('\n')}\n`);
}

/** Everything that is measured on the project of ordinary files. */
async function measureOnHost(options: BenchOptions, contest: Contest): Promise<void> {
  const { rounds, scale, actions, growthDays } = options;
  const host = options.host === undefined ? join(contest.workspace, 'host') : resolve(options.host);
  if (options.host === undefined) {
    say(`Building the project in ${host}`);
    await runChild(contest, makeHost('host', host, '--scale', String(scale)));
    say(`${filesBelow(host).length} files`);
  }
  const inRounds = roundActions.filter((action) => actions.includes(action));
  if (inRounds.length > 0) {
    const smallHost = join(contest.workspace, 'small-host');
    buildHost(smallHost, { scale: tiniestScale });
    const { listedBackups } = options;
    await runRounds({ ...contest, actions: inRounds, rounds, host, smallHost, listedBackups });
  }
  const inDays = historyActions.filter((action) => action !== 'chain').filter((action) => actions.includes(action));
  if (inDays.length > 0) await runDays({ ...contest, actions: inDays, rounds, host, scale });
  if (actions.includes('chain')) await runChain({ ...contest, rounds, host, scale, days: maxIncrementals });
  if (growthDays !== undefined) {
    const entrants = contest.entrants.filter(({ tool }) => growingTools.includes(tool.name));
    await runGrowth({ ...contest, entrants, host, scale, days: growthDays });
  }
  if (options.host === undefined) rmSync(host, { recursive: true });
}

/** Ours alone, in one of its settings: how memory and time grow is the question, and all tools would take an hour. */
async function measureFileCounts(options: BenchOptions, contest: Contest): Promise<FileCountMeasurements[]> {
  const ours = contest.entrants.find(({ tool }) => tool.name === 'ours-gzip' && tool.missing === undefined);
  if (ours === undefined) return [];
  const { fileCounts, rounds } = options;
  return runFileCounts({
    ...contest,
    tool: ours.tool,
    fileCounts,
    unchangedRuns: Math.min(rounds, maxIncrementals),
    onCount: (files) => say(`Building ${files} small files`),
  });
}

const options = await readBenchOptions(process.argv.slice(2));
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => interrupted.abort(new Error(`Ended by ${name}`)));
}
mkdirSync(options.workspace, { recursive: true });
const workspace = mkdtempSync(join(resolve(options.workspace), 'ai-backup-bench-'));
try {
  await runBench(options, workspace, interrupted.signal);
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = interruptedExitCode;
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
