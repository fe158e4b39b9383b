import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { toSystemPath } from '../../lib/core/path-bytes.ts';
import { CopyAcross } from '../../lib/operations/copy-across.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

let folder: string;
let from: string;
let to: string;
beforeEach(() => {
  folder = makeTemporaryFolder('across');
  from = join(folder, 'from');
  to = join(folder, 'to');
  mkdirSync(join(from, 'deep/empty'), { recursive: true });
});
afterEach(() => removeTemporaryFolder(folder));

test('a copy has contents, names, modes, times, links and owners of what was staged', async () => {
  const tool = join(from, 'deep/tool');
  writeFileSync(tool, 'x'.repeat(3 << 20));
  chmodSync(tool, 0o751);
  utimesSync(tool, 1_234_567_890.5, 1_234_567_890.5);
  writeFileSync(toSystemPath(join(from, 'caf\udce9')), '');
  writeFileSync(join(from, 'n'.repeat(255)), 'as long as a name can be');
  symlinkSync('../nowhere', join(from, 'deep/link'));
  chmodSync(join(from, 'deep'), 0o711);
  if (process.getuid?.() === 0) chownSync(tool, 4711, 815);
  await new CopyAcross(new AbortController().signal).copy(from, to);
  // Folders get their times later, when all is in them.
  const differences = treeDifferences(snapshotTree(from), snapshotTree(to));
  expect(differences.filter((line) => !/^"[^"]*": mtimeNs/.test(line) || line.includes('tool'))).toEqual([]);
});

test('holes stay holes', async () => {
  const sparse = join(from, 'sparse');
  writeFileSync(sparse, 'begin');
  truncateSync(sparse, 64 << 20);
  await new CopyAcross(new AbortController().signal).copy(sparse, to);
  expect(statSync(to).size).toBe(64 << 20);
  expect(statSync(to).blocks * 512).toBeLessThan(2 << 20);
  expect(readFileSync(to).subarray(0, 6).toString()).toBe('begin\0');
});

test('a stop is heard', async () => {
  writeFileSync(join(from, 'a'), 'a');
  const stopped = AbortSignal.abort();
  await expect(new CopyAcross(stopped).copy(from, to)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(existsSync(join(to, 'a'))).toBe(false);
});
