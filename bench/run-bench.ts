/** `npm run bench`: ours side by side with tar, pigz, zstd, rsync, restic and borg. See docs/benchmarks.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judge } from './bars.ts';
import { readBenchOptions, type BenchOptions } from './bench-options.ts';
import { buildHost } from './build-host.ts';
import { filesBelow } from './compare-trees.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measureChild } from './measure/measure-child.ts';
import type { ToolMeasurements } from './measurements.ts';
import { barTable, failureLines, medianTable, memoryLine, shareOfOthers } from './report.ts';
import { runRounds, type RoundsOptions } from './run-rounds.ts';
import { chooseTools } from './tools/all-tools.ts';

const tiniestScale = 0.0005;
/** Above this share of other work on the machine, figures are not to be believed. */
const tolerableShareOfOthers = 0.05;
const interruptedExitCode = 130;

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function runBench(options: BenchOptions, workspace: string, signal: AbortSignal): Promise<void> {
  const machine = describeMachine();
  const tools = chooseTools(options);
  say(
    `${machine.processors} × ${machine.model}, ${machine.system}, Node ${machine.node}, load ${machine.load.toFixed(2)}`,
  );
  for (const tool of tools) if (tool.missing !== undefined) say(`Left out: ${tool.label}: ${tool.missing}`);

  const smallHost = join(workspace, 'small-host');
  buildHost(smallHost, { scale: tiniestScale });
  const common = {
    smallHost,
    workspace,
    signal,
    listedBackups: options.listedBackups,
    onMeasured: ((tool, action, round, cost) => {
      say(`round ${round + 1}  ${tool.label}  ${action}  ${cost.wallSeconds.toFixed(2)} s`);
    }) satisfies RoundsOptions['onMeasured'],
  };
  let measured: ToolMeasurements[] = [];
  if (options.actions.length > 0) {
    const host = options.host === undefined ? join(workspace, 'host') : resolve(options.host);
    if (options.host === undefined) {
      say(`Building the project in ${host}`);
      await makeHost(['host', host, '--scale', String(options.scale)], common);
      say(`${filesBelow(host).length} files`);
    }
    measured = await runRounds({
      ...common,
      tools,
      actions: options.actions,
      rounds: options.rounds,
      host,
      compare: true,
    });
    if (options.host === undefined) rmSync(host, { recursive: true });
  }
  const manyFiles = await measureManyFiles(options, { ...common, tools });
  report(options, machine, measured, manyFiles);
}

/** One run of ours alone on very many files: its memory is the question, and its medians would take an hour. */
async function measureManyFiles(
  options: BenchOptions,
  common: Omit<RoundsOptions, 'actions' | 'rounds' | 'host' | 'compare'>,
): Promise<ToolMeasurements | undefined> {
  const tool = common.tools.find(({ name, missing }) => name === 'ours-gzip' && missing === undefined);
  if (options.manyFiles === undefined || tool === undefined) return undefined;
  const host = join(common.workspace, 'many-files');
  say(`Building ${options.manyFiles} small files in ${host}`);
  try {
    await makeHost(['many', host, '--count', String(options.manyFiles)], common);
    const [measured] = await runRounds({
      ...common,
      tools: [tool],
      actions: ['full', 'verify', 'restore'],
      rounds: 1,
      host,
      compare: false,
    });
    return measured;
  } finally {
    rmSync(host, { recursive: true, force: true });
  }
}

/** Builds in a process of its own, which an interruption can end at once. */
async function makeHost(
  argv: string[],
  { workspace, signal }: { workspace: string; signal: AbortSignal },
): Promise<void> {
  const script = fileURLToPath(new URL('make-host.ts', import.meta.url));
  await measureChild(
    { argv: [process.execPath, ...process.execArgv, script, ...argv] },
    { scratch: workspace, signal },
  );
}

function report(
  options: BenchOptions,
  machine: Machine,
  tools: ToolMeasurements[],
  manyFiles: ToolMeasurements | undefined,
): void {
  const bars = judge({ tools, ...(manyFiles === undefined ? {} : { manyFiles }) });
  const others = shareOfOthers(tools, machine.processors);
  if (options.jsonFile !== undefined) {
    const document = { machine, options, otherWorkShare: others, tools, manyFiles, bars };
    writeFileSync(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  }
  const lines = [
    `Medians of ${options.rounds} interleaved round(s), scale ${options.scale}; list of ${options.listedBackups} backups; wall time of whole processes`,
    ...(tools.length === 0 ? [] : [medianTable(tools)]),
    ...(manyFiles === undefined ? [] : [`${options.manyFiles} files, ${memoryLine(manyFiles)}`]),
    barTable(bars),
    ...failureLines([...tools, ...(manyFiles === undefined ? [] : [manyFiles])]),
  ];
  if (options.scale !== 1) lines.push('The bars are meant for scale 1: at another one, start-up weighs differently.');
  if (others > tolerableShareOfOthers) {
    lines.push(
      `Other processes used ${(others * 100).toFixed(0)} % of the machine meanwhile: measure again when it is quiet.`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
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
