import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entriesOnly, type ManifestLine } from '../../lib/store/manifest.ts';
import { formatEntry } from '../../lib/store/manifest-lines.ts';
import { readManifest, readManifestFile } from '../../lib/store/manifest-reader.ts';
import { ManifestWriter } from '../../lib/store/manifest-writer.ts';
import { frameLine, hash, header, owner, plainEntry } from '../support/sample-manifest.ts';

/** The text of a whole manifest. */
function manifestText(lines: readonly string[], end: { entries: number; frames: number }): string {
  return [JSON.stringify(header), ...lines, JSON.stringify({ end })].map((line) => `${line}\n`).join('');
}

async function* chunks(bytes: Buffer, cuts: readonly number[] = []): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield await Promise.resolve(bytes.subarray(from, cut));
    from = cut;
  }
  yield bytes.subarray(from);
}

async function readAll(bytes: AsyncIterable<Buffer>, checksum?: string): Promise<ManifestLine[]> {
  const all: ManifestLine[] = [];
  for await (const batch of readManifest(bytes, 'the backup', checksum)) all.push(...batch);
  return all;
}

describe('a manifest is read', () => {
  const some = ['a/1', 'a/2', 'a/名前', 'b/\udce9'].map((path) => formatEntry(plainEntry(path), owner));
  const lines = [JSON.stringify(frameLine(0)), ...some.slice(0, 3), JSON.stringify(frameLine(1)), some[3] ?? ''];
  const bytes = Buffer.from(manifestText(lines, { entries: 4, frames: 2 }), 'utf8');

  test('whole, byte by byte, and in any pieces alike', async () => {
    const whole = await readAll(chunks(bytes));
    expect(whole.map((line) => line.type)).toEqual([
      'header',
      'frame',
      'entry',
      'entry',
      'entry',
      'frame',
      'entry',
      'end',
    ]);
    expect(await readAll(chunks(bytes, [...bytes.keys()]))).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (cuts) => {
        expect(await readAll(chunks(bytes, cuts))).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test('and proven by its checksum at its end', async () => {
    const checksum = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect(await readAll(chunks(bytes), checksum)).toHaveLength(8);
    await expect(readAll(chunks(bytes), `sha256:${hash}`)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
  });

  test('for its entries alone', async () => {
    const paths: string[] = [];
    for await (const batch of entriesOnly(readManifest(chunks(bytes), 'b'), (one) => one.path !== 'a/2')) {
      paths.push(...batch.map((one) => one.path));
    }
    expect(paths).toEqual(['a/1', 'a/名前', 'b/\udce9']);
  });
});

describe('a damaged manifest', () => {
  const first = formatEntry(plainEntry('a/1'), owner);
  const second = formatEntry(plainEntry('a/2'), owner);
  const [zero, one] = [JSON.stringify(frameLine(0)), JSON.stringify(frameLine(1))];
  const all = { entries: 2, frames: 2 };
  const whole = manifestText([zero, first, one, second], all);
  const checksum = `sha256:${createHash('sha256').update(whole).digest('hex')}`;

  const read = (text: string | Buffer): Promise<ManifestLine[]> => readAll(chunks(Buffer.from(text)), checksum);

  const damages: [string, string, RegExp][] = [
    ['is empty', '', /cut short/],
    ['has a header only', `${JSON.stringify(header)}\n`, /cut short/],
    ['has no header', whole.slice(whole.indexOf('\n') + 1), /does not begin with a header/],
    ['has its header later', manifestText([], all).replace(/^(.*\n)(.*\n)$/s, '$2$1'), /begin with a header|goes on/],
    ['has two headers', manifestText([JSON.stringify(header), zero, first], { entries: 1, frames: 1 }), /two headers/],
    ['has a second header at its end', `${whole}${JSON.stringify(header)}\n`, /goes on after its end/],
    ['goes on after its end', `${whole}${first}\n`, /goes on after its end/],
    ['is there twice', `${whole}${whole}`, /goes on after its end/],
    ['ends in the middle of a line', whole.slice(0, -3), /cut short/],
    ['lacks its last line', manifestText([zero, first, one, second], all).replace(/.*\n$/, ''), /cut short/],
    ['lacks an entry', manifestText([zero, first, one], all), /names 2 entries and 2 frames; it holds 1 and 2/],
    ['repeats an entry', manifestText([zero, first, first, one, second], all), /it holds 3 and 2/],
    ['repeats an entry in the place of another', manifestText([zero, first, one, first], all), /checksum/],
    ['has its entries in another order', manifestText([zero, second, one, first], all), /checksum/],
    ['lacks a frame', manifestText([zero, first, second], all), /it holds 2 and 1/],
    ['has a frame twice', manifestText([zero, zero, first, second], all), /frame 0 stands where 1 is expected/],
    ['has its frames in another order', manifestText([one, first, zero, second], all), /frame 1 stands where 0/],
    ['begins with the second frame', manifestText([one, first, second], all), /frame 1 stands where 0/],
    ['claims more entries at its end', manifestText([zero, first, one, second], { entries: 3, frames: 2 }), /names 3/],
    [
      'claims no frames at its end',
      manifestText([zero, first, one, second], { entries: 2, frames: 0 }),
      /names 2 entries and 0/,
    ],
    ['holds an empty line', whole.replace('\n', '\n\n'), /manifest of the backup is damaged/],
    ['holds bytes of nothing', `${JSON.stringify(header)}\n\0\0\0\n`, /damaged/],
    ['holds a line without an end', `${JSON.stringify(header)}\n${'x'.repeat(3_000_000)}`, /a line has no end/],
    [
      'names a frame of an archive that it does not name',
      manifestText([JSON.stringify(frameLine(0, { archive: 7 })), first, one, second], all),
      /archive 7/,
    ],
  ];
  test.each(damages)('that %s is refused with its reason', async (_, text, reason) => {
    const failure: unknown = await read(text).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'MANIFEST_DAMAGED', exitCode: 4, message: expect.stringMatching(reason) });
  });

  test('with any one byte changed is refused', async () => {
    const bytes = Buffer.from(whole);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ change;
        await expect(read(flipped)).rejects.toMatchObject({ name: 'BackupError', exitCode: 4 });
      }),
      { numRuns: 300 },
    );
  });

  test('that leads out of the destination is refused as what it is', async () => {
    const evil = first.replace('a/1', '../../.ssh/authorized_keys');
    const failure: unknown = await readAll(chunks(Buffer.from(manifestText([evil], all)))).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'UNSAFE_ENTRY', params: { path: '../../.ssh/authorized_keys' } });
  });
});

describe('manifest.jsonl.gz', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ai-backup-manifest-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let count = 0;
  const newFile = (): string => join(folder, String((count += 1)));

  test('is written and read as it came, in pieces, in flat order', async () => {
    const file = newFile();
    const writer = new ManifestWriter(file, header, 0o600);
    const expected: ManifestLine[] = [{ type: 'header', header }];
    for (let frame = 0; frame < 40; frame += 1) {
      writer.frame(frameLine(frame));
      expected.push({ type: 'frame', frame: frameLine(frame) });
      for (let at = 0; at < 500; at += 1) {
        const entry = plainEntry(`state/${frame}/${String(at).padStart(4, '0')}`);
        writer.entry(entry);
        expected.push({ type: 'entry', entry });
      }
      if (writer.isFull) await writer.flush();
    }
    const { size, sha256, entries, frames } = await writer.finish();
    expect([entries, frames]).toEqual([20_000, 40]);
    expected.push({ type: 'end', end: { entries, frames } });
    expect(await readAll(readManifestFile(file), `sha256:${sha256}`)).toEqual(expected);
    let bytes = 0;
    for await (const chunk of readManifestFile(file)) bytes += chunk.length;
    expect(bytes).toBe(size);
  });

  test.each([0o000, 0o077, 0o777])('has the store’s mode, with the umask %o', async (umask) => {
    const before = process.umask(umask);
    try {
      const file = newFile();
      await new ManifestWriter(file, header, 0o640).finish();
      expect(statSync(file).mode & 0o7777).toBe(0o640);
    } finally {
      process.umask(before);
    }
  });

  test('is never written over another one', () => {
    const file = newFile();
    writeFileSync(file, 'of somebody');
    expect(() => new ManifestWriter(file, header, 0o600)).toThrow('EEXIST');
    expect(readFileSync(file, 'utf8')).toBe('of somebody');
  });

  test('that is cut short anywhere is refused', async () => {
    const file = newFile();
    const writer = new ManifestWriter(file, header, 0o600);
    for (let at = 0; at < 200; at += 1) writer.entry(plainEntry(`state/${at}`));
    await writer.finish();
    const { size } = statSync(file);
    for (let cut = size - 1; cut >= 0; cut -= Math.ceil(size / 40)) {
      truncateSync(file, cut);
      await expect(readAll(readManifestFile(file))).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
    }
  });

  test('that is missing is told as missing, not as damaged', async () => {
    await expect(readAll(readManifestFile(join(folder, 'nowhere')))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that is no gzip is damaged', async () => {
    const file = newFile();
    writeFileSync(file, 'not compressed');
    await expect(readAll(readManifestFile(file))).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
  });

  test('that unpacks to gigabytes without a line’s end takes no memory', async () => {
    const file = newFile();
    writeFileSync(file, gzipSync(Buffer.alloc(200 << 20, 'x')));
    const before = process.memoryUsage().arrayBuffers;
    await expect(readAll(readManifestFile(file))).rejects.toThrow('a line has no end');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60 << 20);
  });

  test('may be let go at any line', async () => {
    const file = newFile();
    const writer = new ManifestWriter(file, header, 0o600);
    for (let at = 0; at < 5_000; at += 1) writer.entry(plainEntry(`state/${at}`));
    await writer.finish();
    const reading = readManifest(readManifestFile(file), 'b');
    expect((await reading.next()).done).toBe(false);
    await reading.return(undefined);
  });
});
