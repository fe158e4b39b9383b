import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { extractForeignTar } from '../../lib/archive/foreign-extract.ts';
import { detectArchive } from '../../lib/archive/foreign-kind.ts';
import { walkForeignTar } from '../../lib/archive/foreign-tar.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { flipBit, hostileTar, hostileZip } from '../fixtures/hostile-archives.ts';

let folder: string;
let project: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreign-tar-'));
  project = join(folder, 'project');
  mkdirSync(join(project, 'data/empty'), { recursive: true });
  writeFileSync(join(project, 'data/one.txt'), 'one');
  writeFileSync(join(project, 'data/blob.bin'), randomBytes(700_000));
  writeFileSync(join(project, 'data/empty.txt'), '');
  writeFileSync(join(project, `data/${'長い名前'.repeat(15)}.md`), 'long');
  symlinkSync('one.txt', join(project, 'data/link'));
  execFileSync('ln', [join(project, 'data/one.txt'), join(project, 'data/two.txt')]);
  writeFileSync(Buffer.concat([Buffer.from(join(project, 'data/caf')), Buffer.from([0xe9])]), '');
  utimesSync(join(project, 'data/one.txt'), 1_600_000_000, 1_600_000_000);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const inFolder = (name: string): string => join(folder, name);

/** Packs the project as a shell script would. */
function packed(name: string, ...options: string[]): string {
  execFileSync('tar', [...options, '-cf', inFolder(name), '-C', project, '.']);
  return inFolder(name);
}

async function unpacked(file: string): Promise<string> {
  const into = inFolder('unpacked');
  mkdirSync(into);
  await extractForeignTar({ file, into });
  return into;
}

async function damageOf(file: string): Promise<{ message: string; visited: string[] }> {
  const visited: string[] = [];
  const error: unknown = await walkForeignTar({ file }, (entry) => {
    visited.push(entry.path);
  }).catch((thrown: unknown) => thrown);
  if (!isBackupError(error, 'ARCHIVE_DAMAGED')) throw new Error('not told as damaged', { cause: error });
  return { message: error.message, visited };
}

describe('archives that tar made', () => {
  test.each([
    ['plain, GNU format', ['--format=gnu']],
    ['plain, pax format', ['--format=pax']],
    ['plain, old format', ['--format=v7', '--exclude=*長い*']],
    ['gzip', ['-z']],
  ])('%s: what comes out is what went in', async (_story, options) => {
    const into = await unpacked(packed('made.tar', ...options));
    const left = options.includes('--format=v7') ? ['--exclude=*長い*'] : [];
    execFileSync('diff', ['-r', '--no-dereference', ...left, project, into]);
    expect(lstatSync(join(into, 'data/one.txt')).mtimeMs).toBe(1_600_000_000_000);
    expect(lstatSync(join(into, 'data/two.txt')).ino).not.toBe(lstatSync(join(into, 'data/one.txt')).ino);
  });

  test('gzip members one after the other are one tar, and zeros behind them are the tape’s', async () => {
    const tar = readFileSync(packed('made.tar'));
    const half = Math.floor(tar.length / 2);
    const file = inFolder('members.tar.gz');
    writeFileSync(
      file,
      Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half)), Buffer.alloc(10_000)]),
    );
    execFileSync('diff', ['-r', '--no-dereference', project, await unpacked(file)]);
  });

  test('content comes in pieces, and what is not read is passed over', async () => {
    const seen: Record<string, number> = {};
    const totals = await walkForeignTar({ file: packed('made.tar.gz', '-z') }, async (entry, content) => {
      if (entry.path === 'data/one.txt') return;
      let bytes = 0;
      for await (const chunk of content) {
        bytes += chunk.length;
        if (entry.path === 'data/blob.bin' && bytes > 100_000) break;
      }
      seen[entry.path] = bytes;
    });
    expect(totals.bytes).toBe(700_000 + 3 + 4);
    expect(seen['data/blob.bin']).toBeGreaterThan(100_000);
    expect(Object.keys(seen)).toContain('data/caf\udce9');
  });

  test('an empty tar is empty', async () => {
    const file = inFolder('empty.tar');
    writeFileSync(file, hostileTar());
    expect(await walkForeignTar({ file }, () => undefined)).toEqual({ entries: 0, bytes: 0 });
  });

  test('a stop is a stop', async () => {
    const stop = new AbortController();
    const walk = walkForeignTar({ file: packed('made.tar.gz', '-z'), signal: stop.signal }, () =>
      stop.abort(new Error('enough')),
    );
    await expect(walk).rejects.toThrow('enough');
  });

  test('what the visitor throws comes out as it is', async () => {
    const walk = walkForeignTar({ file: packed('made.tar') }, () => {
      throw new RangeError('mine');
    });
    await expect(walk).rejects.toThrow(RangeError);
  });
});

describe('what a file is, by its bytes', () => {
  test.each([
    ['tar', []],
    ['tar.gz', ['-z']],
    ['tar.bz2', ['-j']],
    ['tar.xz', ['-J']],
  ])('%s, whatever its name', async (kind, options) => {
    const file = packed('misnamed.jpg', ...options);
    expect(await detectArchive(file)).toBe(kind);
    await expect(walkForeignTar({ file }, () => undefined)).resolves.toMatchObject({ bytes: 700_007 });
  });

  test('zstd is read where the runtime has it, and named where not', async () => {
    const file = inFolder('made.tar.zst');
    execFileSync('zstd', ['-q', packed('made.tar'), '-o', file]);
    expect(await detectArchive(file)).toBe('tar.zst');
    const walked = walkForeignTar({ file }, () => undefined);
    if ('createZstdDecompress' in (await import('node:zlib')))
      await expect(walked).resolves.toMatchObject({ bytes: 700_007 });
    else
      await expect(walked).rejects.toMatchObject({
        code: 'ARCHIVE_UNKNOWN',
        message: expect.stringContaining('zstd -d'),
      });
  });

  test.each([
    ['a zip', hostileZip({ name: 'a' }), 'zip'],
    ['an empty zip', hostileZip(), 'zip'],
    ['text', Buffer.from('hello\n'.repeat(500)), 'unknown'],
    ['a gzipped log', gzipSync('line\n'.repeat(5000)), 'unknown'],
    ['a short gzipped log', gzipSync('line\n'), 'unknown'],
    ['an empty file', Buffer.alloc(0), 'unknown'],
    ['a file of zeros', Buffer.alloc(100_000), 'unknown'],
    ['a gzip cut off in its first bytes', gzipSync(hostileTar({})).subarray(0, 20), 'tar.gz'],
    ['a gzip damaged in its first bytes', flipBit(gzipSync(hostileTar({ content: 'x'.repeat(9000) })), 12), 'tar.gz'],
  ])('%s', async (_story, bytes, kind) => {
    writeFileSync(inFolder('file'), bytes);
    expect(await detectArchive(inFolder('file'))).toBe(kind);
  });

  test('a file that is not there is the system’s error', async () => {
    await expect(detectArchive(inFolder('missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('damage is told with how far the archive could be read', () => {
  const three = (): Buffer =>
    hostileTar(
      { name: 'a.txt', content: 'a'.repeat(600) },
      { name: 'b.txt', content: 'b'.repeat(600) },
      { name: 'c.txt', content: 'c' },
    );

  test.each([
    ['in a header', 1536 + 100],
    ['in a content', 1536 + 512 + 100],
    ['between two entries', 1536],
    ['before the end mark', 1536 * 2 + 1024],
  ])('cut off %s', async (_story, at) => {
    const file = inFolder('cut.tar');
    writeFileSync(file, three().subarray(0, at));
    const { message, visited } = await damageOf(file);
    expect(message).toMatch(/it is cut off/);
    expect(message).toMatch(/entries are whole, the last one reached is "[abc]\.txt"/);
    expect(visited[0]).toBe('a.txt');
  });

  test('cut off in gzip', async () => {
    const whole = readFileSync(packed('made.tar.gz', '-z'));
    writeFileSync(inFolder('cut.tar.gz'), whole.subarray(0, whole.length - 1000));
    expect((await damageOf(inFolder('cut.tar.gz'))).message).toMatch(/compressed bytes are cut off/);
  });

  test('a flipped bit in gzip', async () => {
    const whole = readFileSync(packed('made.tar.gz', '-z'));
    writeFileSync(inFolder('flipped.tar.gz'), flipBit(whole, whole.length - 6));
    expect((await damageOf(inFolder('flipped.tar.gz'))).message).toMatch(/compressed bytes are damaged/);
  });

  test('a flipped bit in a header', async () => {
    writeFileSync(inFolder('flipped.tar'), flipBit(three(), 1536 + 5));
    expect(await damageOf(inFolder('flipped.tar'))).toMatchObject({
      message: expect.stringMatching(/a header’s checksum is wrong; 1 entries are whole/),
      visited: ['a.txt'],
    });
  });

  test('something behind the end of the tar', async () => {
    writeFileSync(inFolder('more.tar'), Buffer.concat([three(), Buffer.alloc(5000), Buffer.from('more')]));
    expect((await damageOf(inFolder('more.tar'))).message).toMatch(/something follows its end, at byte 10120/);
  });

  test('something behind the end of the gzip', async () => {
    const file = packed('more.tar.gz', '-z');
    appendFileSync(file, 'more of something');
    expect((await damageOf(file)).message).toMatch(/compressed bytes/);
  });

  test('a whole damaged archive leaves nothing at the destination', async () => {
    const whole = readFileSync(packed('made.tar.gz', '-z'));
    writeFileSync(inFolder('cut.tar.gz'), whole.subarray(0, whole.length - 1000));
    await expect(unpacked(inFolder('cut.tar.gz'))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    expect(readdirSync(inFolder('unpacked'))).toEqual([]);
  });
});

test('a destination that is not empty is left alone', async () => {
  const file = packed('made.tar');
  mkdirSync(inFolder('unpacked'));
  writeFileSync(inFolder('unpacked/mine'), 'mine');
  await expect(extractForeignTar({ file, into: inFolder('unpacked') })).rejects.toMatchObject({
    code: 'DESTINATION_BLOCKED',
  });
  expect(readdirSync(inFolder('unpacked'))).toEqual(['mine']);
  expect(existsSync(inFolder('unpacked/data'))).toBe(false);
});
