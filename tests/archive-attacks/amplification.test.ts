import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readEmbeddedMetadata } from '../../lib/archive/embedded-manifest.ts';
import { ForeignNames } from '../../lib/archive/foreign-names.ts';
import { longestPath } from '../../lib/core/safe-path.ts';
import { DatabaseStaging } from '../../lib/operations/staged-databases.ts';
import { rememberManifest } from '../../lib/operations/remember-manifest.ts';
import { ContentPieces } from '../../lib/store/content-pieces.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import { bounded } from '../../lib/store/manifest-bounds.ts';
import { readManifest } from '../../lib/store/manifest-reader.ts';
import type { ManifestLine } from '../../lib/store/manifest.ts';
import { parseMetadata } from '../../lib/store/metadata.ts';
import { AttackRoom, lineOf } from '../support/attack-room.ts';
import type { ManifestJson } from '../support/forge-manifest.ts';
import { frameLine, header, plainEntry } from '../support/sample-manifest.ts';
import { sampleMetadata } from '../support/sample-metadata.ts';

/** Few bytes that stand for many: of disk, of memory, of time. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

describe('room on the disk', () => {
  test('extents that repeat a frame a million times are refused before the first byte is written', async () => {
    const { id } = await room.forged((lines) => repeated(lines, 2 ** 30));
    const before = room.around();
    const restored = await room.restore(id);
    expect([restored.code, restored.stderr]).toEqual([
      1,
      expect.stringMatching(/takes \d{13,} bytes, and the filesystem/),
    ]);
    room.expectUntouched(before);
  });

  test('so are they in a verification, which has nowhere to put them', async () => {
    const { id } = await room.forged((lines) =>
      repeated(lines, 2 ** 30).map((line) =>
        'path' in line && 'extents' in line ? { ...line, database: 'sqlite' } : line,
      ),
    );
    const before = room.around();
    expect((await room.project.tool('verify', id, '--check-content')).code).toBe(4);
    room.expectUntouched(before);
  });

  test('a database that declares more than there is room for is not unpacked', () => {
    const staging = new DatabaseStaging(room.outside);
    const entry = { ...plainEntry('state/x'), size: 2 ** 50 };
    expect(() => staging.begin(entry)).toThrow(/takes 1125899906842624 bytes/);
    expect(readdirSync(room.outside).sort()).toEqual(['state', 'theirs']);
  });

  test('a zip that declares terabytes is not unpacked', async () => {
    const file = room.zip(
      ...Array.from({ length: 900 }, (_, at) => ({
        name: `zeros-${at}`,
        content: deflated,
        method: 8,
        size: 0xfffffffe,
      })),
    );
    const before = room.around();
    expect((await room.restore(file)).code).toBe(4);
    room.expectUntouched(before);
  });
});

const deflated = deflateRawSync(Buffer.alloc(1 << 16));

/** The first file in one extent of 2⁵³ bytes at the most, a thousand times. */
function repeated(lines: ManifestJson[], length: number): ManifestJson[] {
  const at = lines.findIndex((line) => line['path'] === 'state/queue.json');
  const { at: _, ...entry } = lineOf(lines, 'state/queue.json');
  const extents = Array.from({ length: 1024 }, () => [0, 512, length]).flat();
  const forged = { ...entry, size: 4 * 1024 * length, extents: 4 * 1024 };
  return [...lines.slice(0, at), ...Array.from({ length: 4 }, () => ({ extents })), forged, ...lines.slice(at + 1)];
}

async function* bytesOf(...lines: readonly object[]): AsyncGenerator<Buffer> {
  for (const line of lines) yield await Promise.resolve(Buffer.from(`${JSON.stringify(line)}\n`));
}

async function readThrough(lines: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of readManifest(lines, 'b'));
}

describe('memory', () => {
  test('a manifest of a megabyte that unpacks to ten gigabytes is given up early', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        given += 1 << 20;
        yield await Promise.resolve(Buffer.alloc(1 << 20, '\n'));
      }
    }
    const read = async (): Promise<void> => {
      for await (const _ of bounded(endless(), 1 << 20));
    };
    await expect(read()).rejects.toThrow(/it unpacks to more than 256 times/);
    expect(given).toBeLessThan(400 << 20);
  });

  test('that holds for the file in a store, too', async () => {
    const { id, directory } = await room.forged((lines) => lines);
    const file = join(directory, 'manifest.jsonl.gz');
    writeFileSync(file, Buffer.concat([readFileSync(file), gzipSync(Buffer.alloc(150 << 20, '\n'))]));
    await room.expectRefused(id, /it unpacks to more than|goes on after its end|JSON/);
  });

  test('a line without an end is given up after a megabyte', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield* bytesOf(header);
      for (;;) yield await Promise.resolve(Buffer.alloc(1 << 18, 'x'));
    }
    await expect(readThrough(endless())).rejects.toThrow(/a line has no end/);
  });

  test('entries of no content with a million extents of nothing are refused', async () => {
    const lines = bytesOf(
      header,
      frameLine(0),
      { extents: [0, 0, 0] },
      { ...entryJson('state/x'), size: 0, extents: 1 },
    );
    await expect(readThrough(lines)).rejects.toThrow(/an extent of nothing/);
  });

  test('lines of a megabyte each are not kept for the next reading', async () => {
    let readings = 0;
    const long = {
      type: 'entry',
      entry: { ...plainEntry('state/x'), linkTarget: 'x'.repeat(1 << 20) },
    } as ManifestLine;
    const lines = rememberManifest(async function* () {
      readings += 1;
      for (let batch = 0; batch < 60; batch += 1) yield await Promise.resolve([long]);
    });
    for (let time = 0; time < 2; time += 1) for await (const _ of lines());
    expect(readings).toBe(2);
  });

  test('extents that each go through all frames have no more pieces than the manifest has lines', () => {
    const frames = new FrameTable();
    for (let frame = 0; frame < 1000; frame += 1) frames.add(frameLine(frame, { size: 1 }));
    const extents = Float64Array.from(Array.from({ length: 1000 }, () => [0, 0, 1000]).flat());
    expect(new ContentPieces({ extents, size: 1_000_000 }, frames).length).toBeLessThanOrEqual(2000);
  });

  test('a metadata.json of a gigabyte is not read', async () => {
    const { id, directory } = await room.forged((lines) => lines);
    const file = join(directory, 'metadata.json');
    writeFileSync(file, '[');
    truncateSync(file, 2 ** 30);
    const shown = await room.project.tool('show', id);
    expect([shown.code, shown.stderr]).toEqual([4, expect.stringMatching(/are more than the 16777216/)]);
  });

  test('names are counted, and links', () => {
    const names = new ForeignNames();
    const links = Array.from({ length: 10_000 }, (_, at) =>
      names.add({ path: `${at}`, kind: 'symlink', linkTarget: 'x'.repeat(8000) }),
    );
    expect(links.find((one) => one !== undefined)).toMatchObject({ kind: 'conflict', reason: 'too many links' });
  });

  test('a path is no longer than two of the longest that a system takes', () => {
    const names = new ForeignNames();
    expect(names.add({ path: 'a'.repeat(longestPath), kind: 'file' })).toBeUndefined();
    expect(names.add({ path: 'a/'.repeat(longestPath), kind: 'file' })).toMatchObject({ kind: 'unsafe' });
  });
});

const entryJson = (path: string): object => ({
  path,
  kind: 'file',
  mode: '0644',
  mtime: '1.000000000',
  size: 3,
  sha256: 'ab'.repeat(32),
});

describe('the stack, and prototypes', () => {
  test('metadata of ten thousand levels is refused, wherever they are', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    const text = JSON.stringify(sampleMetadata());
    expect(() => parseMetadata(deep, 'b')).toThrow(/metadata\.json/);
    expect(() => parseMetadata(text.replace(/\}$/, `,"new":${deep}}`), 'b')).toThrow(/metadata\.json/);
  });

  test('a manifest’s line of ten thousand levels is no line', async () => {
    async function* lines(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from(`{"path":${'['.repeat(100_000)}\n`));
    }
    await expect(readThrough(lines())).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a target called %j is a target like any other',
    async (name) => {
      const { id, directory } = await room.forged((lines) => [
        ...lines,
        { ...lineOf(lines, 'state/queue.json'), path: `${name}/x`, origin: 'state/x' },
      ]);
      const file = join(directory, 'metadata.json');
      const metadata = readFileSync(file, 'utf8').replace(
        '"targets":{',
        `"targets":{${JSON.stringify(name)}:{"files":1,"size":10},`,
      );
      writeFileSync(file, metadata.replace(new RegExp(`,"${name}":\\{[^}]*\\}`), ''));
      for (const args of [['list'], ['show', id, '--files'], ['verify', id], ['diff', id]]) {
        const { stdout, stderr } = await room.project.tool(...args);
        expect(stdout + stderr).not.toMatch(/undefined|UNEXPECTED|\[native code\]|\[object/);
      }
    },
  );
});

describe('time', () => {
  test('an archive’s end is not looked for at a million places', async () => {
    const member = gzipSync(Buffer.alloc(8 << 20));
    const start = member.subarray(0, member.length - 8);
    const file = room.give('ends.tar.gz', Buffer.concat(Array.from({ length: 2000 }, () => start)));
    // All of them would unpack to 16 GB in each of three windows: longer than a test may take.
    expect(await readEmbeddedMetadata(file, 'gzip')).toBeUndefined();
  });

  test.each(['zero', 'random', 'tty'])('an archive is not read that is /dev/%s', async (file) => {
    const { id, directory } = await room.forged((lines) => lines);
    const metadataFile = join(directory, 'metadata.json');
    const metadata = JSON.parse(readFileSync(metadataFile, 'utf8')) as { archive: object };
    metadata.archive = { ...metadata.archive, folder: '/dev', file };
    rmSync(room.project.path(`backups/${id}.tar.gz`));
    writeFileSync(metadataFile, JSON.stringify(metadata));
    expect((await room.project.tool('verify', id, '--check-content')).code).toBe(4);
    expect((await room.restore(id)).code).toBe(4);
  });

  test('a manifest is not waited for where a FIFO lies in its place', async () => {
    const { id, directory } = await room.forged((lines) => lines);
    for (const name of ['manifest.jsonl.gz', 'metadata.json']) {
      execFileSync('sh', ['-c', `rm -f "$1" && mkfifo "$1"`, 'sh', join(directory, name)]);
      expect((await room.project.tool('verify', id)).code).toBe(4);
    }
  });
});
