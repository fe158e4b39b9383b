import { createHash, randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FuzzProcess } from './fuzz-process.ts';
import { fuzzTargets } from './fuzz-targets.ts';
import { Random } from './random.ts';

/**
 * Looks for archives, manifests and metadata that do harm: `npm run test:fuzz`, for FUZZ_SECONDS (60) seconds or FUZZ_CASES
 * cases, from FUZZ_SEED on, of FUZZ_TARGETS (all). What is found is kept as a file; `npm run test:fuzz -- --replay FILE` does
 * it again.
 */
const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'fuzz');

async function replay(files: readonly string[]): Promise<boolean> {
  const process = new FuzzProcess();
  let isClean = true;
  try {
    for (const file of files) {
      const { found, isRefused } = await process.run({ kept: resolve(file) });
      console.log(`${file}: ${found ?? (isRefused ? 'refused' : 'taken')}`);
      isClean &&= found === undefined;
    }
  } finally {
    process.close();
  }
  return isClean;
}

interface Tally {
  cases: number;
  refused: number;
  found: number;
}

async function fuzz(): Promise<boolean> {
  const { FUZZ_SECONDS = '60', FUZZ_CASES, FUZZ_SEED, FUZZ_TARGETS, FUZZ_KEEP = fixtures } = process.env;
  const seed = FUZZ_SEED === undefined ? randomInt(2 ** 32) : Number(FUZZ_SEED);
  const most = FUZZ_CASES === undefined ? Number.POSITIVE_INFINITY : Number(FUZZ_CASES);
  const wanted = FUZZ_TARGETS?.split(',');
  const targets = fuzzTargets.filter((one) => wanted?.includes(one.name) ?? true);
  const chosen = targets.flatMap((one) => Array.from({ length: one.share }, () => one.name));
  const random = new Random(seed);
  const tallies = new Map<string, Tally>(targets.map(({ name }) => [name, { cases: 0, refused: 0, found: 0 }]));
  const runner = new FuzzProcess();
  // The honest stores are made before the first case, and are no part of the time.
  let endMs = Number.POSITIVE_INFINITY;
  const known = new Set<string>();
  let memory = 0;
  let isStopped = false;
  // What was done until then is counted all the same.
  process.once('SIGINT', () => (isStopped = true));
  console.log(`seed ${seed}`);
  try {
    for (let number = 0; number < most && performance.now() < endMs && !isStopped; number += 1) {
      const target = random.pick(chosen);
      const outcome = await runner.run({ target, seed, number });
      if (number === 0 && FUZZ_CASES === undefined) endMs = performance.now() + Number(FUZZ_SECONDS) * 1000;
      const tally = tallies.get(target) ?? { cases: 0, refused: 0, found: 0 };
      tally.cases += 1;
      if (outcome.isRefused) tally.refused += 1;
      memory = Math.max(memory, outcome.memory);
      if (outcome.found === undefined) continue;
      tally.found += 1;
      const place = placeOf(outcome.found);
      if (known.has(place)) continue;
      known.add(place);
      const file = join(FUZZ_KEEP, `${target}-${createHash('sha256').update(place).digest('hex').slice(0, 8)}.json`);
      mkdirSync(FUZZ_KEEP, { recursive: true });
      writeFileSync(
        file,
        `${JSON.stringify({ ...(await runner.caseOf({ target, seed, number })), found: outcome.found.slice(0, 500) }, null, 2)}\n`,
      );
      console.log(`FOUND ${target}, case ${number}: ${outcome.found}\n  npm run test:fuzz -- --replay ${file}`);
    }
  } finally {
    runner.close();
  }
  let all = 0;
  for (const [name, { cases, refused, found }] of tallies) {
    all += cases;
    console.log(`${name.padEnd(14)} ${String(cases).padStart(7)} cases, ${refused} refused, ${found} found`);
  }
  console.log(`seed ${seed}: ${all} cases, ${known.size} kinds of findings, ${memory >> 20} MB at the most`);
  return known.size === 0;
}

/** Where in the code it was: what is found a thousand times there is kept once. */
function placeOf(found: string): string {
  const line =
    found.split('\n').find((one) => /\(?(?:file:\/\/)?\/.*\/(?:lib|tests)\//.test(one)) ?? found.replace(/\d+/g, '#');
  return line.replace(/^.*\/(lib|tests)\//, '$1/').slice(0, 200);
}

const [first, ...rest] = process.argv.slice(2);
const isClean = first === '--replay' ? await replay(rest) : await fuzz();
process.exitCode = isClean ? 0 : 1;
