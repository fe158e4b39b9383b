/** A zip that is encrypted as a whole: what openssl and unzip make of it, and reading it at random. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openZipFile } from '../../lib/archive/zip-file-reader.ts';
import { ZipWriter } from '../../lib/archive/zip-writer.ts';
import { fileKeyOf, openerOf, opensslOpened, sealerOf } from '../support/file-key.ts';
import { sourceFile } from '../support/packing.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const key = fileKeyOf(21);
let folder: string;
let file: string;
beforeEach(() => {
  folder = makeTemporaryFolder('sealed-zip');
  file = join(folder, 'archive.zip.enc');
});
afterEach(() => removeTemporaryFolder(folder));

/** Small files, and two that flow through in pieces; so many that the directory at the end is larger than one reading. */
async function write(): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>([
    ['data/empty', Buffer.alloc(0)],
    ['data/noise', randomBytes(3_000_001)],
    ['data/text', Buffer.from('again and '.repeat(300_000))],
  ]);
  for (let at = 0; at < 1_200; at += 1)
    contents.set(`data/small-${'long-name-'.repeat(10)}${at}`, Buffer.from(`content ${at}`));
  const zip = new ZipWriter({ file, level: 3, sealer: sealerOf(key) });
  for (const [path, content] of contents) await zip.add(sourceFile(folder, path, content));
  const { bytes, sha256 } = await zip.finish();
  const stored = readFileSync(file);
  expect({ bytes, sha256 }).toEqual({
    bytes: stored.length,
    sha256: createHash('sha256').update(stored).digest('hex'),
  });
  return contents;
}

test('an encrypted zip is opened by openssl and unzip, and read entry by entry in place', async () => {
  const contents = await write();
  expect(readFileSync(file).subarray(0, 16).equals(sealerOf(key).head)).toBe(true);
  expect(readFileSync(file).includes('data/')).toBe(false);

  const opened = join(folder, 'archive.zip');
  writeFileSync(opened, opensslOpened(file, key));
  execFileSync('unzip', ['-tqq', opened]);
  expect(
    execFileSync('unzip', ['-p', opened, 'data/noise'], { maxBuffer: 1 << 26 }).equals(
      contents.get('data/noise') ?? Buffer.alloc(0),
    ),
  ).toBe(true);

  const zip = await openZipFile(file, openerOf(key));
  const found = new Map<string, Buffer>();
  try {
    for await (const entry of zip.eachEntry()) {
      found.set(entry.fileName.toString(), await buffer(await zip.openReadStreamPromise(entry)));
    }
  } finally {
    zip.close();
  }
  expect([...found.keys()].sort()).toEqual([...contents.keys()].sort());
  for (const [path, content] of contents) expect(found.get(path)?.equals(content)).toBe(true);
});

test('with another key, or cut short, or of nothing but a head, it is no zip', async () => {
  await write();
  await expect(openZipFile(file, openerOf(fileKeyOf(22)))).rejects.toThrow();
  truncateSync(file, statSync(file).size - 1);
  await expect(openZipFile(file, openerOf(key))).rejects.toThrow();
  for (const size of [16, 15, 0]) {
    truncateSync(file, size);
    await expect(openZipFile(file, openerOf(key))).rejects.toThrow();
  }
});
