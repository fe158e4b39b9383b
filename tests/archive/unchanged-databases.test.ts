import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryPayload, type PreviousFile } from '../../lib/archive/directory-payload.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { ManifestWriter } from '../../lib/store/manifest-writer.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-backup-unchanged-'));
  for (const name of ['previous/database', 'next']) mkdirSync(join(folder, name), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Stores a database whose own file looks as it did at the previous backup. */
async function storeAfter(previousContent: string, copiedContent: string): Promise<{ previous: string; next: string }> {
  const previous = join(folder, 'previous', 'database', 'app.db');
  const copy = join(folder, 'copy');
  writeFileSync(previous, previousContent);
  writeFileSync(copy, copiedContent);
  const entry: SourceEntry = {
    target: 'database',
    path: 'database/app.db',
    origin: 'app.db',
    kind: 'file',
    mode: 0o644,
    mtimeNs: 1n,
    ctimeNs: 1n,
    inode: 7n,
    uid: 0,
    gid: 0,
    size: copiedContent.length,
    readFrom: copy,
    database: 'sqlite',
  };
  const sha256 = createHash('sha256').update(previousContent).digest('hex');
  const noted: PreviousFile = {
    entry: { ...entry, size: previousContent.length, sha256 },
    file: previous,
    begunAtNs: 60_000_000_000n,
  };
  const header = { manifest: 1, backup: 'b', layout: 'directory', compression: 'none', archives: [] } as const;
  const manifest = new ManifestWriter(
    join(folder, 'manifest.jsonl.gz'),
    { ...header, archives: [], owner: { uid: 0, gid: 0 }, targets: [] },
    0o600,
  );
  const payload = new DirectoryPayload({
    folder: join(folder, 'next'),
    modes: { file: 0o600, folder: 0o700 },
    manifest,
    previous: () => Promise.resolve(noted),
  });
  const { stored } = await payload.add(entry);
  const next = join(folder, 'next', 'database', 'app.db');
  expect(stored?.sha256).toBe(createHash('sha256').update(copiedContent).digest('hex'));
  expect(readFileSync(next, 'utf8')).toBe(copiedContent);
  await manifest.finish();
  return { previous, next };
}

const inodeOf = (path: string): number => lstatSync(path).ino;

test('a database whose file looks untouched, but whose log holds new rows, is stored anew', async () => {
  const { previous, next } = await storeAfter('rows: 1', 'rows: 2');
  expect(inodeOf(next)).not.toBe(inodeOf(previous));
});

test('a database whose copy is that of the previous backup costs a link', async () => {
  const { previous, next } = await storeAfter('rows: 1', 'rows: 1');
  expect(inodeOf(next)).toBe(inodeOf(previous));
});
