import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceEntry } from '../../lib/core/entry.ts';
import { targetOf } from '../../lib/store/manifest.ts';
import { frameBytes, overwrite, Packing, sourceFile } from '../support/packing.ts';
import { tarEnd } from '../support/tar-end.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('packer');
});
afterEach(() => removeTemporaryFolder(folder));

const file = (path: string, content: Buffer | string): SourceEntry => sourceFile(folder, path, content);

describe('a large file that changes while it is read', () => {
  test('is read again, and nothing of the first reading is left', async () => {
    const before = file('data/before', randomBytes(1_000));
    const large = file('data/large', randomBytes(8 * frameBytes));
    const after = file('data/other', randomBytes(5 * frameBytes));
    const end = Buffer.from('changed at its end');
    let readings = 0;
    const packing = new Packing(folder, (frame) => {
      // Frame 0 holds what came before; 3 is in the middle of the first reading.
      if (frame !== 3) return;
      readings += 1;
      overwrite(large, large.size - end.length, end);
    });
    await packing.add(before, large, after);
    await packing.finish();

    expect(readings).toBe(1);
    expect(packing.findings).toEqual([]);
    const contents = await packing.contents();
    for (const entry of [before, large, after]) {
      const now = readFileSync(entry.readFrom ?? '');
      expect(contents.get(entry.path)?.equals(now)).toBe(true);
      expect(packing.extracted(entry.path).equals(now)).toBe(true);
    }
    expect(packing.listed()).toEqual(['data/before', 'data/large', 'data/other']);
    // The frames of the first reading are gone from the file, too.
    const { frames } = packing.lines;
    const last = frames.at(-1);
    const endOfFrames = (last?.offset ?? 0) + (last?.storedSize ?? 0);
    expect(frames.reduce((sum, frame) => sum + frame.storedSize, 0)).toBe(endOfFrames);
    expect(statSync(packing.archive).size - endOfFrames).toBeLessThan(100);
    expect(gunzipSync(readFileSync(packing.archive)).length).toBe(
      frames.reduce((sum, frame) => sum + frame.size, 0) + tarEnd.length,
    );
  });

  test('is stored with the time of the reading that counts', async () => {
    const large = file('data/large', randomBytes(4 * frameBytes));
    const packing = new Packing(folder, (frame) => {
      if (frame === 1) overwrite(large, 0, Buffer.from('changed'));
    });
    await packing.add(large);
    await packing.finish();
    const { mtimeNs } = statSync(large.readFrom ?? '', { bigint: true });
    expect(packing.lines.entries[0]?.mtimeNs).toBe(mtimeNs);
    expect(mtimeNs).not.toBe(large.mtimeNs);
  });

  test('is kept as it was read last when it never rests, and that is noted', async () => {
    const large = file('data/large', randomBytes(6 * frameBytes));
    let change = 0;
    const packing = new Packing(folder, () => {
      change += 1;
      overwrite(large, large.size - 100, Buffer.alloc(100, change));
    });
    await packing.add(large, file('data/next', 'next'));
    await packing.finish();
    expect(packing.findings).toMatchObject([{ code: 'file-changed', path: 'data/large', target: 'data' }]);
    const contents = await packing.contents();
    expect(contents.get('data/large')?.length).toBe(large.size);
    expect(contents.get('data/next')?.toString()).toBe('next');
    expect(packing.listed()).toEqual(['data/large', 'data/next']);
  });

  test('that is cut each time is filled up with zeros: its header has named its size already', async () => {
    const large = file('data/large', Buffer.alloc(10 * frameBytes, 'x'));
    let length = large.size;
    const packing = new Packing(folder, () => {
      length -= frameBytes;
      truncateSync(large.readFrom ?? '', Math.max(0, length));
    });
    await packing.add(large, file('data/next', 'next'));
    await packing.finish();
    expect(packing.findings.map((one) => one.code)).toEqual(['file-changed']);
    const content = (await packing.contents()).get('data/large');
    expect(content?.length).toBe(packing.lines.entries[0]?.size);
    expect(content?.at(-1)).toBe(0);
    expect(packing.listed()).toEqual(['data/large', 'data/next']);
  });

  test('and vanishes before it is read again leaves nothing behind', async () => {
    const large = file('data/large', randomBytes(6 * frameBytes));
    const packing = new Packing(folder, (frame) => {
      if (frame !== 2) return;
      overwrite(large, 0, Buffer.from('changed'));
      rmSync(large.readFrom ?? '');
    });
    const before = file('data/before', 'before');
    const after = file('data/next', randomBytes(3 * frameBytes));
    await packing.add(before, large, after);
    await packing.finish();
    expect(packing.findings.map((one) => one.code)).toEqual(['file-vanished']);
    expect(packing.listed()).toEqual(['data/before', 'data/next']);
    const contents = await packing.contents();
    expect([...contents.keys()]).toEqual(['data/before', 'data/next']);
    expect(contents.get('data/next')?.equals(readFileSync(after.readFrom ?? ''))).toBe(true);
  });

  test('does not hinder the next large ones: every frame keeps its number', async () => {
    const entries = Array.from({ length: 5 }, (_, at) => file(`data/${at}`, randomBytes((3 + at) * frameBytes + at)));
    const packing = new Packing(folder, (frame) => {
      const entry = entries[frame % entries.length];
      if (entry !== undefined && frame % 3 === 0) overwrite(entry, frame, Buffer.from([frame % 256]));
    });
    await packing.add(...entries);
    await packing.finish();
    expect(packing.lines.frames.map((line) => line.frame)).toEqual(packing.lines.frames.map((_, at) => at));
    const contents = await packing.contents();
    for (const { path } of entries)
      expect(packing.extracted(path).equals(contents.get(path) ?? Buffer.alloc(0))).toBe(true);
  });
});

describe('frames and entries', () => {
  const small = (path: string): SourceEntry => file(path, randomBytes(9_000));

  test('a frame holds entries of one target only', async () => {
    const packing = new Packing(folder);
    const targets = ['config', 'logs', 'state'];
    for (const target of targets) {
      for (let at = 0; at < 12; at += 1) await packing.add(small(`${target}/${at}`));
      await packing.add(file(`${target}/large`, randomBytes(3 * frameBytes + 77)), small(`${target}/zuletzt`));
    }
    await packing.finish();
    const targetsOfFrame = new Map<number, Set<string>>();
    for (const { path, at, size } of packing.lines.entries) {
      let left = size;
      for (let frame = at?.frame ?? 0, offset = at?.offset ?? 0; left > 0; frame += 1, offset = 0) {
        const found = targetsOfFrame.get(frame) ?? new Set();
        targetsOfFrame.set(frame, found.add(targetOf(path)));
        left -= (packing.lines.frames[frame]?.size ?? 0) - offset;
      }
    }
    expect(targetsOfFrame.size).toBe(packing.lines.frames.length);
    expect([...targetsOfFrame.values()].map((one) => one.size)).toEqual(packing.lines.frames.map(() => 1));
  });

  test('an entry is told after all its frames, and with the one in which it ends', async () => {
    const packing = new Packing(folder);
    await packing.add(small('a/1'), small('a/2'), file('a/3', randomBytes(3 * frameBytes)), small('a/4'), small('b/1'));
    await packing.finish();
    expect(packing.lines.order).toEqual([
      'frame 0',
      'a/1',
      'a/2',
      'frame 1',
      'frame 2',
      'frame 3',
      'frame 4',
      'a/3',
      'a/4',
      'frame 5',
      'b/1',
    ]);
  });

  // The header takes 512 bytes: these end a frame exactly, miss it by one, or go one beyond.
  test.each([-513, -512, -511, -1, 0, 1])(
    'a file that ends %d bytes from a frame’s end is told, also as the last one',
    async (more) => {
      for (const whole of [1, 2, 3]) {
        const packing = new Packing(folder);
        const size = whole * frameBytes + more;
        const entry = file('a/exact', randomBytes(size));
        await packing.add(entry);
        await packing.finish();
        expect(packing.lines.entries).toMatchObject([{ path: 'a/exact', size }]);
        expect((await packing.contents()).get('a/exact')?.equals(readFileSync(entry.readFrom ?? ''))).toBe(true);
        rmSync(packing.archive);
        rmSync(join(folder, 'manifest.jsonl.gz'));
      }
    },
  );

  test('a file that ends a frame exactly is not told with the next target’s', async () => {
    const packing = new Packing(folder);
    await packing.add(file('a/exact', randomBytes(2 * frameBytes - 512)), small('b/1'));
    await packing.finish();
    expect(packing.lines.order).toEqual(['frame 0', 'frame 1', 'a/exact', 'frame 2', 'b/1']);
  });

  test('nothing at all gives no frame', async () => {
    const packing = new Packing(folder);
    await packing.finish();
    expect(packing.lines.order).toEqual([]);
  });
});

test('memory does not grow with the number of files, neither in packing nor in reading the manifest', () => {
  const program = `
    import { TarPayload } from '${moduleOf('archive/tar-payload.js')}';
    import { ManifestWriter } from '${moduleOf('store/manifest-writer.js')}';
    import { readManifest, readManifestFile } from '${moduleOf('store/manifest-reader.js')}';
    const [file, manifestFile] = process.argv.slice(1);
    const used = () => {
      gc();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const header = { manifest: 1, backup: 'b', layout: 'tar', compression: 'gzip', archives: [{ backup: 'b', file: 'b' }], targets: [], owner: { uid: 0, gid: 0 } };
    const manifest = new ManifestWriter(manifestFile, header, 0o600);
    const payload = new TarPayload({ file, mode: 0o600, compression: 'gzip', level: 1, parallel: 4, manifest, mtimeNs: 0n });
    const atFirst = {};
    for (let at = 0; at < 200_000; at += 1) {
      if (at === 20_000) atFirst.packing = used();
      const path = 'state/tasks/' + String(at).padStart(8, '0') + '.json';
      const content = Buffer.from('{"task":' + at + '}');
      const entry = { target: 'state', path, origin: path, kind: 'file', mode: 0o600, mtimeNs: BigInt(at), uid: 0, gid: 0, size: content.length, content };
      const added = payload.add(entry);
      if (added instanceof Promise) await added;
    }
    const packing = used() - atFirst.packing;
    await payload.finishEntries();
    await manifest.finish();
    await payload.abort();
    let entries = 0;
    for await (const batch of readManifest(readManifestFile(manifestFile), 'b')) {
      for (const line of batch) if (line.type === 'entry') entries += 1;
      if (atFirst.reading === undefined && entries > 20_000) atFirst.reading = used();
    }
    console.log(JSON.stringify({ packing, reading: used() - atFirst.reading, entries }));
  `;
  const options = ['--expose-gc', '--input-type=module', '-e', program];
  const files = [join(folder, 'many.tar.gz'), join(folder, 'many.jsonl.gz')];
  const said = execFileSync(process.execPath, [...options, ...files], { encoding: 'utf8' });
  const grown = JSON.parse(said) as { packing: number; reading: number; entries: number };
  expect(grown.entries).toBe(200_000);
  // What is kept for each entry, even ten numbers of it, would be more.
  expect(grown.packing).toBeLessThan(15 << 20);
  expect(grown.reading).toBeLessThan(15 << 20);
});

/** A module of the built toolkit. */
const moduleOf = (name: string): string => new URL(`../../dist/lib/${name}`, import.meta.url).href;
