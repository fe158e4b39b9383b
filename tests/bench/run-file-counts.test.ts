import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFileCounts } from '../../bench/run-file-counts.ts';
import { pipeline, type BenchTool } from '../../bench/tools/tool.ts';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'bench-counts-'));
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

/** Fails on a project that has not as many files as it says in its store's second backup. */
const lister: BenchTool = {
  name: 'lister',
  label: 'find',
  backup: (place, index) => pipeline(`find "$HOST/many" -type f > "$STORE/${index}"`, place),
  next: (place, index) => pipeline(`find "$HOST/many" -type f > "$STORE/${index}"`, place),
  restore: (place, index) =>
    pipeline(`cp "$STORE/${index}" "$DESTINATION" && test "$(wc -l < "$STORE/0")" != 30`, place),
};

test('each project of many files is measured on its own, and one that fails keeps no other from it', async () => {
  const told: string[] = [];
  const built: number[] = [];
  const results = await runFileCounts({
    tool: lister,
    fileCounts: [20, 30, 300],
    unchangedRuns: 2,
    workspace,
    signal: new AbortController().signal,
    onMeasured: (_tool, action, round) => told.push(`${round} ${action}`),
    onCount: (files) => built.push(files),
  });
  expect(built).toEqual([20, 30, 300]);
  expect(told.slice(0, 4)).toEqual([
    ...['0 full of 20 files', '0 nochange of 20 files', '1 nochange of 20 files', '0 restore of 20 files'],
  ]);
  expect(results.map(({ files, measured }) => [files, measured.failure === undefined])).toEqual([
    [20, true],
    [30, false],
    [300, true],
  ]);
  expect(results[2]?.measured.runs).toMatchObject({ full: [{}], nochange: [{}, {}], restore: [{}] });
  expect(readdirSync(workspace)).toEqual([]);
});
