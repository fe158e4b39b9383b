import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestProject, type Created, type Verified } from '../support/make-project.ts';

interface Partly extends Verified {
  totalBytes?: number;
}

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  for (let at = 0; at < 20; at += 1) project.write(`state/${String(at).padStart(2, '0')}.bin`, randomBytes(1 << 20));
});

afterEach(() => project.remove());

const isVerified = ({ directory }: Created): boolean =>
  readFileSync(join(directory, 'metadata.json'), 'utf8').includes('"verifiedAt"');

function overwrite(file: string, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(16), 0, 16, at);
  closeSync(fd);
}

describe.each(['tar', 'zip', 'directory'])('verify --read-data-subset of a %s', (format) => {
  let created: Created;
  beforeEach(async () => {
    created = await project.done<Created>('create', '--format', format);
  });

  test('reads about as much as asked, says how much, and does not pass for a whole verification', async () => {
    for (const [asked, from, to] of [
      ['10%', 2, 4],
      ['5M', 5, 7],
      ['2/4', 4, 7],
    ] as const) {
      const result = await project.done<Partly>('verify', '--read-data-subset', asked);
      expect(result).toMatchObject({ ok: true, level: 'subset', problems: [] });
      expect(result.bytes / 2 ** 20).toBeGreaterThanOrEqual(from);
      expect(result.bytes / 2 ** 20).toBeLessThan(to);
      // Each is a mebibyte; in a tar, one of which a frame was not read does not count.
      expect(result.files).toBeGreaterThanOrEqual(format === 'tar' ? 0 : 2);
      expect(result.files).toBeLessThanOrEqual(result.bytes / 2 ** 20 + 1);
      expect(result.totalBytes).toBeGreaterThanOrEqual(20 * 2 ** 20);
    }
    expect(isVerified(created)).toBe(false);
  });

  test('finds in its groups together what is damaged anywhere, and takes the mark of a verified backup away', async () => {
    await project.done('verify');
    expect(isVerified(created)).toBe(true);
    if (created.archive === undefined) writeFileSync(join(created.directory, 'state/07.bin'), randomBytes(1 << 20));
    else overwrite(created.archive, Math.floor(statSync(created.archive).size / 3));
    const codes: (number | null)[] = [];
    for (const group of ['1/3', '2/3', '3/3'])
      codes.push((await project.tool('verify', '--read-data-subset', group)).code);
    expect(codes.sort()).toEqual([0, 0, 4]);
    expect(isVerified(created)).toBe(false);
  });

  test('tells an archive that is cut short or gone, whatever part it reads', async () => {
    if (created.archive === undefined) return;
    truncateSync(created.archive, statSync(created.archive).size - 1);
    const ended = await project.tool('verify', '--read-data-subset', '1/20', '--json');
    expect(ended.code).toBe(4);
    expect(ended.json<Verified>().problems.map((one) => one.code)).toContain('archive-size');
  });
});

test('a person reads that it was a part', async () => {
  await project.done('create');
  const { stdout, code } = await project.tool('verify', '--read-data-subset', '10%');
  expect(code).toBe(0);
  expect(stdout).toMatch(/what was read of it is whole/);
  expect(stdout).toMatch(/checked: a part of the stored bytes; [0-4] files?, \d\.\d MB of 2\d\.\d MB read/);
  expect(stdout).not.toMatch(/^backup-\S+ is whole$/m);
});

test('what is no subset, or contradicts another option, is a wrong usage', async () => {
  await project.done('create');
  for (const value of ['0%', 'half', '8/7']) {
    const ended = await project.tool('verify', '--read-data-subset', value);
    expect([value, ended.code]).toEqual([value, 2]);
    expect(ended.stderr).toContain('a share such as 10%, a size such as 500M, or a part such as 1/7');
  }
  expect((await project.tool('verify', '--read-data-subset', '10%', '--check-content')).code).toBe(2);
});

test('counts what was read, and says that nothing was', async () => {
  const other = new TestProject();
  try {
    // The only large file begins in the first part and goes on through the others.
    other.write('state/large.bin', randomBytes(1 << 20));
    await other.done('create', '--format', 'zip', '--targets', 'state');
    expect(await other.done('verify', '--read-data-subset', '1/3')).toMatchObject({ files: 1, bytes: 1 << 20 });
    expect(await other.done('verify', '--read-data-subset', '3/3')).toMatchObject({ ok: true, files: 0, bytes: 0 });
    const { stdout } = await other.tool('verify', '--read-data-subset', '3/3');
    expect(stdout).toContain('nothing lies in this part of it, so nothing was checked');
    expect(stdout).not.toContain('is whole');
  } finally {
    other.remove();
  }
});

test('names every damaged file of a zip that it reads', async () => {
  const { archive = '' } = await project.done<Created>('create', '--format', 'zip');
  const bytes = readFileSync(archive);
  for (const name of ['state/03.bin', 'state/11.bin']) overwrite(archive, bytes.indexOf(name) + 500_000);
  const ended = await project.tool('verify', '--read-data-subset', '100%', '--json');
  expect(ended.code).toBe(4);
  const { problems } = ended.json<Verified>();
  expect(problems.map((one) => [one.code, one.path])).toEqual([
    ['entry-damaged', 'state/03.bin'],
    ['entry-damaged', 'state/11.bin'],
  ]);
});
