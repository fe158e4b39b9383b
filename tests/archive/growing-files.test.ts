import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BlockHasher, plainBlockBytes } from '../../lib/archive/block-hashes.ts';
import { codecOf } from '../../lib/archive/codecs.ts';
import { FrameContent } from '../../lib/archive/frame-content.ts';
import { FrameReader } from '../../lib/archive/frame-reader.ts';
import { IncrementalPayload } from '../../lib/archive/incremental-payload.ts';
import type { AddOutcome } from '../../lib/archive/payload.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { BaseBlocks } from '../../lib/operations/base-blocks.ts';
import { BaseManifest } from '../../lib/store/base-manifest.ts';
import { BlockCache } from '../../lib/store/block-cache.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import { entriesOnly } from '../../lib/store/manifest.ts';
import { readManifest, readManifestFile } from '../../lib/store/manifest-reader.ts';
import { ManifestWriter } from '../../lib/store/manifest-writer.ts';
import { openStore, prepareStore } from '../../lib/store/store.ts';
import { PayloadRoom } from '../support/payload-room.ts';
import { seededBytes } from '../support/seeded-bytes.ts';

const { signal } = new AbortController();
const name = 'logs/service.log';
const logBytes = 3 << 20;

let room: PayloadRoom;
beforeEach(() => {
  room = new PayloadRoom({ name: 'tar.gz', layout: 'tar', compression: 'gzip' });
});
afterEach(() => room.remove());

/** A base that holds the log, with the hashes of its blocks in a store's cache. */
async function makeBase(log: Buffer): Promise<{ base: BaseManifest; blocks: () => BaseBlocks }> {
  await room.add(room.file(name, log));
  await room.finish();
  const manifest = gunzipSync(readFileSync(room.manifestFile));
  const base = await BaseManifest.open({
    backup: room.header.backup,
    checksum: `sha256:${createHash('sha256').update(manifest).digest('hex')}`,
    open: () => readManifestFile(room.manifestFile),
  });
  const store = openStore({ path: join(room.folder, 'store'), fileMode: 0o600, folderMode: 0o700 });
  prepareStore(store);
  const cache = new BlockCache(store);
  const hasher = new BlockHasher(plainBlockBytes, log.length);
  hasher.update(log);
  cache.write(createHash('sha256').update(log).digest('hex'), hasher.finish());
  cache.publish({ removesUnused: true });
  return { base, blocks: () => new BaseBlocks(new BlockCache(store), undefined, signal) };
}

/** Stores the log in a backup that builds on the base. */
async function addNext(log: Buffer, entryOf: (entry: SourceEntry) => SourceEntry): Promise<Added> {
  const { base, blocks } = await makeBase(log);
  appendFileSync(room.source(name), 'a line that came since the base\n');
  const file = join(room.folder, 'next.tar.gz');
  const manifestFile = join(room.folder, 'next.jsonl.gz');
  const archives = [{ backup: 'next', file: 'next.tar.gz' }, ...room.header.archives];
  const manifest = new ManifestWriter(manifestFile, { ...room.header, backup: 'next', archives }, 0o600);
  const writer = { file, mode: 0o600, compression: 'gzip', level: 1, parallel: 2, manifest, mtimeNs: 0n } as const;
  const payload = new IncrementalPayload({ ...writer, base, baseBegunAtNs: 0n, rehash: false, blocks: blocks() });
  const outcome = await payload.add(entryOf(room.scanned(name)));
  await payload.finishEntries();
  await manifest.finish();
  const storedBytes = statSync(file).size;
  await payload.abort();
  return { outcome, storedBytes, content: await readBack(file, manifestFile) };
}

interface Added {
  outcome: AddOutcome;
  storedBytes: number;
  content: Buffer;
}

async function readBack(file: string, manifestFile: string): Promise<Buffer> {
  const frames = new FrameTable();
  const lines = (): ReturnType<typeof readManifest> => readManifest(readManifestFile(manifestFile), 'next');
  for await (const batch of lines()) for (const line of batch) if (line.type === 'frame') frames.add(line.frame);
  const openArchive = (index: number): FrameReader =>
    new FrameReader(index === 0 ? file : room.place, codecOf('gzip', 'decompress'));
  const reader = new FrameContent({ frames, openArchive, parallel: 2, archives: 2, signal });
  const parts: Buffer[] = [];
  await reader.read(entriesOnly(lines()), {
    begin: () => undefined,
    bytes: (_, bytes) => void parts.push(Buffer.from(bytes)),
    end: () => undefined,
    failed: (_, error) => {
      throw error;
    },
  });
  reader.close();
  return Buffer.concat(parts);
}

test('a log that grows at each reading is stored as what is new in it, and noted', async () => {
  const log = seededBytes(1, logBytes);
  const grow = (): void => appendFileSync(room.source(name), 'one more line\n');
  const { outcome, storedBytes, content } = await addNext(log, (entry) => ({ ...entry, onRead: grow }));
  expect(outcome.finding).toMatchObject({ code: 'file-changed', path: name });
  expect(outcome.stored?.extents).toBeDefined();
  expect(storedBytes).toBeLessThan(200_000);
  expect(createHash('sha256').update(content).digest('hex')).toBe(outcome.stored?.sha256);
  expect(content.equals(readFileSync(room.source(name)).subarray(0, content.length))).toBe(true);
  expect(content.length).toBeGreaterThan(logBytes);
  // Older than the file is now: the next backup reads it again.
  expect(outcome.stored?.size).toBeLessThan(statSync(room.source(name)).size);
});

test('a log that is cut short at each reading is stored whole', async () => {
  const log = seededBytes(2, logBytes);
  const cut = (): void => truncateSync(room.source(name), statSync(room.source(name)).size - 100_000);
  const { outcome, content } = await addNext(log, (entry) => ({ ...entry, onRead: cut }));
  expect(outcome.stored?.extents).toBeUndefined();
  expect(createHash('sha256').update(content).digest('hex')).toBe(outcome.stored?.sha256);
});

test('a log that is left alone while it is read is noted as nothing', async () => {
  const { outcome, storedBytes } = await addNext(seededBytes(3, logBytes), (entry) => entry);
  expect(outcome.finding).toBeUndefined();
  expect(storedBytes).toBeLessThan(200_000);
});
