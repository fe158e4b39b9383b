import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { extractZip, inspectZip, readZipEntry, type ZipEntry } from '../../lib/archive/zip-reader.ts';
import { ZipWriter } from '../../lib/archive/zip-writer.ts';
import type { SourceEntry } from '../../lib/core/entry.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zip-writer-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = 1_781_870_400_000_000_000n;
const zipFile = (): string => join(folder, 'made.zip');
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

function entry(path: string, fields: Partial<SourceEntry> = {}): SourceEntry {
  return { target: 'data', path, kind: 'file', mode: 0o640, mtimeNs: at, uid: 0, gid: 0, size: 0, ...fields };
}

function fileEntry(path: string, content: string | Buffer): SourceEntry {
  const readFrom = join(folder, `source-${path.replaceAll('/', '-').replaceAll(/[^\w-]/g, '_')}`);
  writeFileSync(readFrom, content);
  const stat = statSync(readFrom, { bigint: true });
  return entry(path, { readFrom, size: Number(stat.size), mtimeNs: stat.mtimeNs });
}

async function listed(): Promise<ZipEntry[]> {
  const all: ZipEntry[] = [];
  for await (const one of inspectZip(zipFile(), { outsideLinks: 'keep' })) all.push(one);
  return all;
}

async function unpacked(): Promise<string> {
  const into = join(folder, 'out');
  mkdirSync(into);
  await extractZip(zipFile(), into, { outsideLinks: 'keep', isOurs: true });
  return into;
}

describe('what goes in comes out', () => {
  const large = Buffer.from('large and compressible '.repeat(200_000));

  test.each([0, 1, 6])('files, folders, links, modes and times, at level %d', async (level) => {
    const zip = new ZipWriter({ file: zipFile(), level });
    const small = await zip.add(fileEntry('data/small.txt', 'small'));
    const big = await zip.add(fileEntry('data/large.txt', large));
    await zip.add(fileEntry('data/empty.txt', ''));
    await zip.add(entry('data/made.json', { content: Buffer.from('{}') }));
    await zip.add(entry('data/folder', { kind: 'directory', mode: 0o550 }));
    await zip.add(entry('data/日本語', { kind: 'directory', mode: 0o700 }));
    await zip.add(entry('data/link', { kind: 'symlink', mode: 0o777, linkTarget: '../elsewhere\\x' }));
    const { bytes, sha256: whole } = await zip.finish();

    expect(small).toMatchObject({ outcome: 'stored', size: 5, sha256: sha256('small') });
    expect(big).toMatchObject({ outcome: 'stored', size: large.length, sha256: sha256(large) });
    expect(statSync(zipFile()).size).toBe(bytes);
    expect(statSync(zipFile()).mode & 0o7777).toBe(0o600);
    expect(sha256(readFileSync(zipFile()))).toBe(whole);
    execFileSync('unzip', ['-tq', zipFile()]);

    const out = await unpacked();
    expect(readFileSync(join(out, 'data/large.txt')).equals(large)).toBe(true);
    expect(readFileSync(join(out, 'data/made.json'), 'utf8')).toBe('{}');
    expect(lstatSync(join(out, 'data/made.json'))).toMatchObject({ mode: 0o100640, mtimeMs: Number(at / 1_000_000n) });
    expect(lstatSync(join(out, 'data/folder')).mode & 0o7777).toBe(0o550);
    expect(readlinkSync(join(out, 'data/link'))).toBe('../elsewhere\\x');
  });

  test('unzip restores the same, modes and links included', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 6 });
    await zip.add(entry('data/tool', { content: Buffer.from('#!'), mode: 0o755 }));
    await zip.add(entry('data/empty', { kind: 'directory', mode: 0o750 }));
    await zip.add(entry('data/link', { kind: 'symlink', mode: 0o777, linkTarget: 'tool' }));
    await zip.add(entry('data/日本語.md', { content: Buffer.from('メモ') }));
    await zip.finish();
    execFileSync('unzip', ['-q', zipFile(), '-d', join(folder, 'out')], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    expect(lstatSync(join(folder, 'out/data/tool'))).toMatchObject({
      mode: 0o100755,
      mtimeMs: Number(at / 1_000_000n),
    });
    expect(lstatSync(join(folder, 'out/data/empty')).mode & 0o7777).toBe(0o750);
    expect(readlinkSync(join(folder, 'out/data/link'))).toBe('tool');
    expect(readFileSync(join(folder, 'out/data/日本語.md'), 'utf8')).toBe('メモ');
  });

  test('names that a zip cannot hold get another one, and come back', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 6 });
    const names = [
      'data/caf\udce9',
      'data/caf%E9',
      'data/100%',
      'data/a\\b',
      'data/a/b',
      'data/\udcff/in it',
      'data/ x ',
    ];
    const stored: string[] = [];
    for (const name of names)
      stored.push((await zip.add(entry(name, { content: Buffer.from(name, 'utf16le') }))).storedPath);
    await zip.add(entry('data/\udcff', { kind: 'directory', mode: 0o500 }));
    await zip.add(entry('data/link', { kind: 'symlink', linkTarget: 'caf\udce9' }));
    await zip.finish();
    expect(new Set(stored).size).toBe(names.length);
    expect((await listed()).map((one) => one.path).slice(0, names.length)).toEqual(stored);
    const out = await unpacked();
    const bytesOf = (...parts: Array<string | number>): Buffer =>
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));
    expect(readFileSync(bytesOf(out, '/data/caf', 0xe9))).toEqual(Buffer.from(names[0] ?? '', 'utf16le'));
    expect(readFileSync(join(out, 'data/caf%E9'))).toEqual(Buffer.from(names[1] ?? '', 'utf16le'));
    expect(readFileSync(join(out, 'data/a\\b'))).toEqual(Buffer.from(names[3] ?? '', 'utf16le'));
    expect(readFileSync(bytesOf(out, '/data/', 0xff, '/in it'))).toEqual(Buffer.from(names[5] ?? '', 'utf16le'));
    expect(lstatSync(bytesOf(out, '/data/', 0xff)).mode & 0o7777).toBe(0o500);
    chmodSync(bytesOf(out, '/data/', 0xff), 0o700);
  });

  test('a member made as a stream is found again', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 6 });
    await zip.add(entry('data/x', { content: Buffer.from('x') }));
    async function* lines(): AsyncGenerator<Buffer> {
      for (let line = 0; line < 5_000; line += 1) yield Buffer.from(`{"line":${line}}\n`);
    }
    const size = await zip.addMember({ path: '.backup/manifest.jsonl', mtimeNs: at, chunks: lines() });
    await zip.finish();
    const manifest = await readZipEntry(zipFile(), '.backup/manifest.jsonl');
    expect(manifest).toHaveLength(size);
    expect(manifest?.toString('utf8').endsWith('{"line":4999}\n')).toBe(true);
    expect(await readZipEntry(zipFile(), '.backup/other')).toBeUndefined();
    await expect(readZipEntry(zipFile(), '.backup/manifest.jsonl', { maxBytes: 1000 })).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
    });
  });

  test('more than 65,535 entries', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 0 });
    for (let count = 0; count < 65_600; count += 1) await zip.add(entry(`data/${count}`, { kind: 'directory' }));
    await zip.finish();
    expect(execFileSync('unzip', ['-Z', '-h', '-t', zipFile()], { encoding: 'utf8' })).toMatch(/65600 files/);
    let count = 0;
    for await (const one of inspectZip(zipFile())) count += one.kind === 'directory' ? 1 : 0;
    expect(count).toBe(65_600);
  });
});

describe('sources that do not hold still', () => {
  test('a file that vanished, and one that may not be read, are told and left out', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 6 });
    const gone = fileEntry('data/gone', 'gone');
    rmSync(gone.readFrom ?? '');
    const isFolder = entry('data/folder', { readFrom: folder });
    expect(await zip.add(gone)).toMatchObject({ outcome: 'vanished', problem: { reason: 'ENOENT' } });
    expect(await zip.add(isFolder)).toMatchObject({ outcome: 'vanished' });
    await zip.finish();
    expect(await listed()).toEqual([]);
  });

  test('a small file that grew since the scan is stored as it is now', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 6 });
    const grown = fileEntry('data/grown', 'short');
    appendFileSync(grown.readFrom ?? '', ' and longer');
    expect(await zip.add(grown)).toMatchObject({ outcome: 'stored', size: 16, sha256: sha256('short and longer') });
    await zip.finish();
    expect((await listed())[0]).toMatchObject({ path: 'data/grown', size: 16 });
  });

  test('a large file that shrinks while it is read is stored as it was read, and told', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 0 });
    const shrinking = fileEntry('data/shrinking', Buffer.alloc(8 << 20, 'x'));
    const adding = zip.add(shrinking);
    truncateSync(shrinking.readFrom ?? '', 1 << 20);
    const added = await adding;
    await zip.finish();
    expect(added.outcome).toBe('changed');
    expect(added.size).toBeLessThan(8 << 20);
    expect((await listed())[0]).toMatchObject({ size: added.size });
    execFileSync('unzip', ['-tq', zipFile()]);
  });
});

describe('an output that fails', () => {
  test('a zip that is there already is not overwritten', () => {
    writeFileSync(zipFile(), 'mine');
    expect(() => new ZipWriter({ file: zipFile(), level: 6 })).toThrow(
      expect.objectContaining({ code: 'WRITE_FAILED' }),
    );
    expect(readFileSync(zipFile(), 'utf8')).toBe('mine');
  });

  test('an aborted zip can be removed, and nothing waits for it', async () => {
    const zip = new ZipWriter({ file: zipFile(), level: 6 });
    await zip.add(fileEntry('data/x', Buffer.alloc(3 << 20)));
    await zip.abort();
    rmSync(zipFile());
  });
});
