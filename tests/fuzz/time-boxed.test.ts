import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..', '..');

/** A minute where nobody waits for it; the same cases each time, as far as the machine gets. Longer: `npm run test:fuzz`. */
const seconds = process.env.FUZZ_SECONDS ?? (process.env.CI === undefined ? '10' : '60');
const seed = process.env.FUZZ_SEED ?? '2026';

test(`nothing is found in ${seconds} s`, async () => {
  const kept = mkdtempSync(join(tmpdir(), 'ai-backup-fuzz-'));
  try {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'tests/fuzz/run-fuzz.ts'], {
      cwd: repository,
      env: { ...process.env, FUZZ_SECONDS: seconds, FUZZ_SEED: seed, FUZZ_KEEP: kept },
    });
    console.log(stdout);
    expect(Number(/: (\d+) cases, 0 kinds of findings/.exec(stdout)?.[1])).toBeGreaterThan(5);
    expect(readdirSync(kept)).toEqual([]);
  } finally {
    rmSync(kept, { recursive: true, force: true });
  }
});
