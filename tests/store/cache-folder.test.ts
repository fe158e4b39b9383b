/** Caches in `.state` are tidied up: what is behind a link that somebody put in their place stays. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlockCache } from '../../lib/store/block-cache.ts';
import { ReadableManifest } from '../../lib/store/readable-manifest.ts';
import { openStore, prepareStore, stateFolder, type Store } from '../../lib/store/store.ts';
import { sampleId, sampleMetadata } from '../support/sample-metadata.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let documents: string;
let store: Store;
beforeEach(() => {
  folder = makeTemporaryFolder('cache-folder');
  documents = join(folder, 'documents');
  mkdirSync(documents);
  writeFileSync(join(documents, 'letter'), 'mine');
  store = openStore({ path: join(folder, 'backups'), fileMode: 0o600, folderMode: 0o700 });
  prepareStore(store);
});
afterEach(() => removeTemporaryFolder(folder));

const linked = (name: string): string => {
  const path = join(stateFolder(store), name);
  symlinkSync(documents, path);
  return path;
};

const blocks = { blockSize: 16_384, size: 16_384, hashes: Buffer.alloc(16, 1) };

test('block hashes, with some to write and without', () => {
  const path = linked('blocks');
  new BlockCache(store).publish({ removesUnused: true });
  expect(readdirSync(documents)).toEqual(['letter']);
  linked('blocks');
  const cache = new BlockCache(store);
  cache.write('a'.repeat(64), blocks);
  cache.publish({ removesUnused: true });
  expect(readdirSync(documents)).toEqual(['letter']);
  expect(lstatSync(path).isDirectory()).toBe(true);
  expect(new BlockCache(store).read('a'.repeat(64), 16_384, 16_384)).toEqual(blocks);
});

test('block hashes, through a link that waits for their file', () => {
  const sha256 = 'b'.repeat(64);
  mkdirSync(join(stateFolder(store), 'blocks'));
  symlinkSync(join(documents, 'new letter'), join(stateFolder(store), 'blocks', `${sha256}-16384.new`));
  const cache = new BlockCache(store);
  cache.write(sha256, blocks);
  cache.publish({ removesUnused: true });
  expect(readdirSync(documents)).toEqual(['letter']);
  expect(new BlockCache(store).read(sha256, 16_384, 16_384)).toEqual(blocks);
});

test('manifests that are kept readable', () => {
  const path = linked('manifests');
  const readable = new ReadableManifest(store, sampleId, folder);
  writeFileSync(readable.file, 'manifest');
  readable.publish([{ id: sampleId, metadata: sampleMetadata() }]);
  expect(readdirSync(documents)).toEqual(['letter']);
  expect(readdirSync(path)).toEqual([`${sampleId}.jsonl.gz`]);
});
