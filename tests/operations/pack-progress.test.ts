/** A run must not look as if it hung while it reads one very large file. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSource, SourceFile } from '../../lib/archive/source-file.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { RunEvents } from '../../lib/core/events.ts';
import { PackProgress } from '../../lib/operations/pack-progress.ts';

const mb = 1 << 20;
let scratch: string;
let told: number[];
let progress: PackProgress;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pack-progress-'));
  told = [];
  const events = new RunEvents();
  events.on('progress', ({ bytes }) => told.push(bytes / mb));
  progress = new PackProgress(events, {});
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function entryOf(megabytes: number): SourceEntry {
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  truncateSync(file, megabytes * mb);
  const about = { target: 'logs', path: 'logs/file', kind: 'file', mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0 } as const;
  return { ...about, size: megabytes * mb, readFrom: file };
}

function read(entry: SourceEntry): void {
  const source = openSource(entry);
  if (!(source instanceof SourceFile)) throw new Error(source.reason);
  const buffer = Buffer.alloc(8 * mb);
  for (let left = entry.size; left > 0; left -= buffer.length) source.readInto(buffer, 0, buffer.length);
  source.close();
}

test('a large file is told of while it is read, and counted once also when it is read twice', () => {
  progress.count(2 * mb);
  const entry = progress.follow(entryOf(32));
  read(entry);
  expect(told).toEqual([2, 10, 18, 26, 34]);
  read(entry);
  expect(Math.max(...told)).toBe(34);
  progress.forgetReading();
  progress.count(entry.size);
  expect(told.at(-1)).toBe(34);
  expect(progress).toMatchObject({ files: 2, bytes: 34 * mb });
});

test('what was read of a file that could not be stored is not counted', () => {
  read(progress.follow(entryOf(32)));
  progress.forgetReading();
  progress.count(2 * mb);
  expect(told.at(-1)).toBe(2);
});

test('a small file is counted when it is stored', () => {
  read(progress.follow(entryOf(16)));
  expect(told).toEqual([]);
});
