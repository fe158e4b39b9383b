/** An encrypted manifest: written, read back, opened by hand, and changed by somebody who has no key. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isBackupError } from '../../lib/core/errors.ts';
import { readManifest, readManifestFile } from '../../lib/store/manifest-reader.ts';
import { ManifestWriter, type FinishedManifest } from '../../lib/store/manifest-writer.ts';
import type { ManifestLine } from '../../lib/store/manifest.ts';
import { fileKeyOf, openerOf, opensslOpened, sealerOf } from '../support/file-key.ts';
import { frameLine, header, plainEntry } from '../support/sample-manifest.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const key = fileKeyOf(5);
const macKey = Buffer.alloc(32, 3);
const mac = (): ReturnType<typeof createHmac> => createHmac('sha256', macKey);

let folder: string;
let file: string;
let readable: string;
beforeEach(() => {
  folder = makeTemporaryFolder('sealed-manifest');
  file = join(folder, 'manifest.jsonl.gz.enc');
  readable = join(folder, 'readable.jsonl.gz');
});
afterEach(() => removeTemporaryFolder(folder));

/** With so many entries, in pieces of a mebibyte. */
async function write(entries: number): Promise<FinishedManifest> {
  const writer = new ManifestWriter(file, header, 0o600, { sealer: sealerOf(key), mac: mac() }, readable);
  writer.frame(frameLine(0));
  for (let at = 0; at < entries; at += 1) {
    writer.entry(plainEntry(`state/${'long-name-'.repeat(10)}${at}`));
    if (writer.isFull) await writer.flush();
  }
  return writer.finish();
}

async function linesOf(bytes: AsyncIterable<Buffer>, checksum?: string, withMac = true): Promise<ManifestLine[]> {
  const lines: ManifestLine[] = [];
  for await (const batch of readManifest(bytes, 'a backup', checksum, withMac ? mac() : undefined))
    lines.push(...batch);
  return lines;
}

/** Small enough for one piece, and large enough for several. */
const sizes = [0, 1, 25_000];

describe('an encrypted manifest', () => {
  test.each(sizes)('is read as it was written: %i entries', async (entries) => {
    const finished = await write(entries);
    const lines = await linesOf(readManifestFile(file, openerOf(key)), `sha256:${finished.sha256}`);
    expect(lines[0]).toEqual({ type: 'header', header });
    expect(lines.filter(({ type }) => type === 'entry')).toHaveLength(entries);
    expect(lines.at(-1)).toMatchObject({ type: 'end', end: { entries, frames: 1 } });
  });

  test.each(sizes)(
    'is opened by openssl and gunzip; its last line is the MAC of all others: %i entries',
    async (entries) => {
      const finished = await write(entries);
      const text = gunzipSync(opensslOpened(file, key));
      expect(text.length).toBe(finished.size);
      expect(createHash('sha256').update(text).digest('hex')).toBe(finished.sha256);
      const from = text.lastIndexOf('\n', text.length - 2) + 1;
      const end = { end: { entries, frames: 1 }, mac: mac().update(text.subarray(0, from)).digest('hex') };
      expect(text.subarray(from).toString()).toBe(`${JSON.stringify(end)}\n`);
    },
  );

  test.each(sizes)(
    'has the size and hash that are told, and its readable copy the same content: %i entries',
    async (entries) => {
      const { stored } = await write(entries);
      const bytes = readFileSync(file);
      expect(stored).toEqual({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
      expect(bytes.subarray(0, 8).toString()).toBe('Salted__');
      expect(readFileSync(readable).equals(opensslOpened(file, key))).toBe(true);
      expect(statSync(readable).mode & 0o7777).toBe(0o600);
    },
  );

  test('tells nothing to who has no key', async () => {
    await write(100);
    expect(readFileSync(file).includes('long-name')).toBe(false);
    await expect(linesOf(readManifestFile(file))).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
    await expect(linesOf(readManifestFile(file, openerOf(fileKeyOf(6))))).rejects.toMatchObject({
      code: 'MANIFEST_DAMAGED',
    });
  });

  test('that is not encrypted has no MAC, and tells its stored size and hash as well', async () => {
    const writer = new ManifestWriter(file, header, 0o600);
    const { stored } = await writer.finish();
    const bytes = readFileSync(file);
    expect(stored).toEqual({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    expect(gunzipSync(bytes).toString().split('\n').at(-2)).toBe('{"end":{"entries":0,"frames":0}}');
  });
});

describe('a manifest that somebody changed, its checksum computed anew', () => {
  const changes: [string, (lines: string[]) => string[]][] = [
    ['a name', (lines) => lines.map((line) => line.replace('long-name-0', 'long-name-1'))],
    [
      'a line is missing',
      (lines) => [...lines.slice(0, 2), ...lines.slice(3, -1), withEnd(lines, (end) => ({ ...end, entries: 2 }))],
    ],
    ['two lines have changed places', ([a = '', b = '', c = '', d = '', ...rest]) => [a, b, d, c, ...rest]],
    ['the MAC is missing', (lines) => [...lines.slice(0, -1), JSON.stringify({ end: endOf(lines).end })]],
    [
      'the MAC is another one',
      (lines) => [...lines.slice(0, -1), JSON.stringify({ ...endOf(lines), mac: 'ab'.repeat(32) })],
    ],
    [
      'the MAC is that of a text with its last line',
      (lines) => [...lines.slice(0, -1), JSON.stringify({ ...endOf(lines), mac: macOf(lines) })],
    ],
    ['a space is in the header', ([first = '', ...rest]) => [first.replace('{', '{ '), ...rest]],
  ];
  const endOf = (lines: string[]): { end: Record<string, number>; mac: string } =>
    JSON.parse(lines.at(-1) ?? '') as ReturnType<typeof endOf>;
  const withEnd = (lines: string[], change: (end: Record<string, number>) => object): string =>
    JSON.stringify({ ...endOf(lines), end: change(endOf(lines).end) });
  const macOf = (lines: string[]): string =>
    mac()
      .update(`${lines.join('\n')}\n`)
      .digest('hex');

  test.each(changes)('is not authentic: %s', async (_story, change) => {
    await write(3);
    const before = gunzipSync(opensslOpened(file, key)).toString();
    const after = Buffer.from(`${change(before.trimEnd().split('\n')).join('\n')}\n`);
    expect(after.toString()).not.toBe(before);
    const sealer = sealerOf(key);
    writeFileSync(file, Buffer.concat([sealer.head, sealer.seal(gzipSync(after))]));
    const checksum = `sha256:${createHash('sha256').update(after).digest('hex')}`;
    const failure = await linesOf(readManifestFile(file, openerOf(key)), checksum).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isBackupError(failure, 'NOT_AUTHENTIC')).toBe(true);
    // All the rest of it is as it should be.
    expect(await linesOf(readManifestFile(file, openerOf(key)), checksum, false)).not.toEqual([]);
  });

  test('is authentic where nothing was changed but how it is compressed', async () => {
    const { sha256 } = await write(3);
    const sealer = sealerOf(key);
    const text = gunzipSync(opensslOpened(file, key));
    writeFileSync(file, Buffer.concat([sealer.head, sealer.seal(gzipSync(text, { level: 1 }))]));
    expect(await linesOf(readManifestFile(file, openerOf(key)), `sha256:${sha256}`)).toHaveLength(6);
  });

  test('is as little authentic with another MAC key', async () => {
    await write(3);
    const reading = async (): Promise<void> => {
      const other = createHmac('sha256', Buffer.alloc(32, 4));
      for await (const _ of readManifest(readManifestFile(file, openerOf(key)), 'a backup', undefined, other));
    };
    await expect(reading()).rejects.toMatchObject({ code: 'NOT_AUTHENTIC' });
  });
});
