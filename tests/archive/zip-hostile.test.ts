import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ForeignListing } from '../../lib/archive/foreign-check.ts';
import { extractZip, inspectZip, readZipEntry, walkZip, type ExtractZipRules } from '../../lib/archive/zip-reader.ts';
import { flipBit, hostileZip, unicodePathField, type ZipPart } from '../fixtures/hostile-archives.ts';
import { HostileRoom, type Refusal } from '../support/hostile-room.ts';

let room: HostileRoom;
beforeEach(() => {
  room = new HostileRoom();
});
afterEach(() => room.remove());

function zip(...parts: ZipPart[]): void {
  room.write(hostileZip(...parts));
}
const extract = (rules: ExtractZipRules = {}): Promise<ForeignListing> => extractZip(room.file, room.into, rules);

const refused = (code: Refusal, says: RegExp, rules: ExtractZipRules = {}): Promise<void> =>
  room.expectRefusedAtOnce(extract(rules), code, says);

const refusedWhile = (code: Refusal, says: RegExp, rules: ExtractZipRules = {}): Promise<void> =>
  room.expectRefused(extract(rules), code, says);

const good: ZipPart = { name: 'good.txt', content: 'harmless' };
const link = (name: string, target: string): ZipPart => ({ name, content: target, mode: 0o120777 });

describe('names that lead out of the destination', () => {
  test.each([
    ['a parent', '../outside/evil.txt', /"\.\."/],
    ['a parent further down', 'a/../../outside/evil.txt', /"\.\."/],
    ['a parent in Windows’ spelling', '..\\outside\\evil.txt', /"\.\."/],
    ['an absolute path', '/tmp/evil.txt', /absolute path/],
    ['an absolute Windows path', 'C:\\evil.txt', /absolute Windows path/],
    ['a path on a Windows drive', 'C:evil.txt', /absolute Windows path/],
    ['a Windows share', '\\\\server\\share\\evil.txt', /absolute/],
    ['NUL', 'a\0b', /NUL in the name/],
    ['nothing', '', /empty name/],
  ])('%s', async (_story, name, says) => {
    zip(good, { name, content: 'evil' });
    await refused('UNSAFE_ENTRY', says);
  });

  test('a name in Info-ZIP’s Unicode field', async () => {
    zip(good, { name: 'shown.txt', extra: unicodePathField('shown.txt', '../outside/evil.txt') });
    await refused('UNSAFE_ENTRY', /outside\/evil/);
  });

  test('a dangerous name behind a harmless Unicode field', async () => {
    const name = '../outside/evil.txt';
    zip(good, { name, extra: unicodePathField(name, 'shown.txt') });
    await refused('UNSAFE_ENTRY', /"\.\."/);
  });

  test('another name in the local header', async () => {
    zip(good, { name: 'shown.txt', localName: 'other.txt', content: 'evil' });
    await refused('ARCHIVE_DAMAGED', /another name in its local header/);
  });
});

describe('links', () => {
  test.each([
    ['an absolute target', '/etc'],
    ['a parent', '../outside'],
    ['a way down and out', 'a/../../outside'],
  ])('a link out: %s', async (_story, target) => {
    zip(good, link('link', target));
    await refused('UNSAFE_ENTRY', /a link that leads out/);
  });

  test('a link out through another link', async () => {
    zip(link('out', 'a/b/up/../..'), link('a/b/up', '../..'));
    await refused('UNSAFE_ENTRY', /leads out/);
  });

  test('links inside are kept; links out where the caller says so', async () => {
    zip(good, link('in', 'good.txt'), link('out', room.outside));
    const listing = await extract({ outsideLinks: 'keep' });
    expect(readlinkSync(join(room.into, 'in'))).toBe('good.txt');
    expect(readlinkSync(join(room.into, 'out'))).toBe(room.outside);
    expect(listing).toMatchObject({ files: 1, links: 2, bytes: 8 });
  });

  test.each([
    ['below it', 'link/evil.txt'],
    ['below it, in another case', 'LINK/evil.txt'],
    ['below it, as a folder', 'link/made/'],
    ['in its place', 'link'],
    ['in its place, in another case', 'Link'],
  ])('nothing is written through a link: %s', async (_story, name) => {
    zip(link('link', room.outside), { name, content: name.endsWith('/') ? '' : 'evil' });
    await refused('UNSAFE_ENTRY', /link/, { outsideLinks: 'keep' });
  });

  test('a folder that becomes a link afterwards', async () => {
    zip({ name: 'x/a.txt' }, link('x', room.outside), { name: 'x/b.txt', content: 'evil' });
    await refused('UNSAFE_ENTRY', /link/, { outsideLinks: 'keep' });
  });

  test('a link of a megabyte', async () => {
    zip(link('link', 'x'.repeat(1 << 20)));
    await refused('ARCHIVE_DAMAGED', /longer than any path/);
  });

  test('a link with NUL in it', async () => {
    zip(link('link', 'a\0b'));
    await refused('UNSAFE_ENTRY', /NUL in the link/);
  });
});

describe('entries that claim what is not so', () => {
  test('a bomb is stopped at the size that it declares', async () => {
    zip({ name: 'bomb', content: Buffer.alloc(20 << 20), deflate: true, size: 1000 });
    await refusedWhile('ARCHIVE_DAMAGED', /too many bytes/);
    expect(lstatSync(join(room.into, 'bomb')).size).toBeLessThanOrEqual(1000);
  });

  test('less than is declared', async () => {
    zip({ name: 'short', content: 'short', deflate: true, size: 1000 });
    await refusedWhile('ARCHIVE_DAMAGED', /not enough bytes/);
  });

  test('stored bytes of two sizes', async () => {
    zip({ name: 'x', content: 'content', size: 1000 });
    await refused('ARCHIVE_DAMAGED', /size mismatch/);
  });

  test('two entries that share their bytes', async () => {
    zip({ name: 'a', content: 'x'.repeat(1000) }, { name: 'b', content: 'x'.repeat(1000), sameBytesAs: 0 });
    await refused('ARCHIVE_DAMAGED', /another name in its local header|claim more bytes/);
  });

  test('a wrong CRC-32', async () => {
    zip({ ...good, crc: 1 });
    await refusedWhile('ARCHIVE_DAMAGED', /"good.txt" does not have its CRC-32/);
  });

  test('a flipped bit in a stored content', async () => {
    const bytes = hostileZip(good);
    room.write(flipBit(bytes, bytes.indexOf('harmless')));
    await refusedWhile('ARCHIVE_DAMAGED', /does not have its CRC-32/);
    await expect(readZipEntry(room.file, 'good.txt')).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  });

  test('a flipped bit in a deflated content', async () => {
    const bytes = hostileZip({ name: 'good.txt', content: 'harmless '.repeat(500), deflate: true });
    room.write(flipBit(bytes, 30 + 8 + 12));
    await refusedWhile('ARCHIVE_DAMAGED', /good.txt|invalid|bytes/);
  });

  test('a folder with content', async () => {
    zip({ name: 'folder/', content: 'hidden', mode: 0o040755 });
    await refused('ARCHIVE_DAMAGED', /claims to have content/);
  });

  test.each([
    ['encrypted', { flags: 0x801, deflate: true }, /is encrypted/],
    ['compressed with bzip2', { method: 12 }, /method 12/],
  ])('%s', async (_story, fields, says) => {
    zip({ ...good, ...fields });
    await refused('ARCHIVE_UNKNOWN', says);
  });

  test('a truncated zip', async () => {
    const bytes = hostileZip(good, good);
    room.write(bytes.subarray(0, bytes.length - 30));
    await refused('ARCHIVE_DAMAGED', /its directory/);
  });

  test('no zip at all', async () => {
    room.write(Buffer.from('hello\n'.repeat(100)));
    await refused('ARCHIVE_UNKNOWN', /its directory/);
  });

  test('something behind the end', async () => {
    room.write(Buffer.concat([hostileZip(good), Buffer.from('more')]));
    await refused('ARCHIVE_DAMAGED', /its directory/);
  });
});

describe('two names for one place', () => {
  test('the same name twice', async () => {
    zip(good, { name: 'good.txt', content: 'another' });
    await refused('ARCHIVE_DAMAGED', /two entries of one name/);
  });

  test('the same place by two spellings', async () => {
    zip({ name: 'a/good.txt', content: 'a' }, { name: 'a\\.\\good.txt', content: 'b' });
    await refused('ARCHIVE_DAMAGED', /two entries of one name/);
  });

  test('a file that is a folder as well', async () => {
    zip({ name: 'x', content: 'x' }, { name: 'x/y', content: 'y' });
    await refused('ARCHIVE_DAMAGED', /a file and a folder/);
  });

  test.each([
    ['case', 'Notes.md', 'notes.MD'],
    ['Unicode form', 'ガ.md'.normalize('NFC'), 'ガ.md'.normalize('NFD')],
  ])('%s: told', async (_story, first, second) => {
    zip({ name: first }, { name: second });
    const seen: boolean[] = [];
    for await (const entry of inspectZip(room.file)) seen.push(entry.looksLikeAnother);
    expect(seen).toEqual([false, true]);
    expect((await extract()).lookAlikes).toHaveLength(1);
  });
});

describe('what is no file', () => {
  test.each([
    ['a FIFO', 0o010644],
    ['a character device', 0o020666],
    ['a block device', 0o060660],
    ['a socket', 0o140755],
  ])('%s is counted and not made', async (_story, mode) => {
    zip({ name: 'odd', mode }, good);
    expect(await extract()).toMatchObject({ files: 1, special: 1 });
    expect(readdirSync(room.into)).toEqual(['good.txt']);
  });

  test('setuid and setgid are dropped', async () => {
    zip({ ...good, mode: 0o106755 });
    await extract();
    expect(lstatSync(join(room.into, 'good.txt')).mode & 0o7777).toBe(0o755);
  });

  test('a folder that may not be written to is filled first', async () => {
    zip({ name: 'd/', mode: 0o040500 }, { name: 'd/x', content: 'x' });
    await extract();
    expect(lstatSync(join(room.into, 'd')).mode & 0o7777).toBe(0o500);
    expect(readFileSync(join(room.into, 'd/x'), 'utf8')).toBe('x');
  });
});

test('a walk gives contents, checks those that are read, and passes over the others', async () => {
  zip(
    good,
    { name: 'bad.txt', content: 'bad', crc: 1 },
    { name: 'large.txt', content: 'x'.repeat(300_000), deflate: true },
  );
  const seen: string[] = [];
  await walkZip({ file: room.file }, async (entry, content) => {
    if (entry.path === 'bad.txt') return;
    let bytes = 0;
    for await (const chunk of content) bytes += chunk.length;
    seen.push(`${entry.path} ${bytes}`);
  });
  expect(seen).toEqual(['good.txt 8', 'large.txt 300000']);
  const reading = walkZip({ file: room.file }, async (_entry, content) => {
    for await (const _chunk of content);
  });
  await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('bad.txt') });
});
