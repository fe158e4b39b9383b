import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ZipWriter } from '../../lib/archive/zip-writer.ts';
import { TestProject } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  // Not compressible, so that the middle of the zip is the middle of this file.
  project.write('state/upload.bin', randomBytes(200_000));
});
afterEach(() => rmSync(project.folder, { recursive: true, force: true }));

function flipMiddle(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

interface Verified {
  ok: boolean;
  bytes: number;
  problems: { code: string; message: string }[];
}

test('a zip of ours that lies alone is read through, though nothing names its hash', async () => {
  const created = await project.tool('create', '--format', 'zip', '--json');
  const alone = project.beside('alone.zip');
  copyFileSync(created.json<{ archive: string }>().archive, alone);

  const whole = await project.tool('verify', alone, '--json');
  expect(whole.code).toBe(0);
  expect(whole.json<Verified>().bytes).toBeGreaterThan(200_000);

  flipMiddle(alone);
  const damaged = await project.tool('verify', alone, '--json');
  expect(damaged.code).toBe(4);
  expect(damaged.json<Verified>().problems[0]?.message).toContain('state/upload.bin');
});

test('a zip that someone else made is read through as well', async () => {
  const file = project.beside('foreign.zip');
  const zip = new ZipWriter({ file, level: 6 });
  const content = readFileSync(project.path('state/upload.bin'));
  async function* once(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(content);
  }
  await zip.addMember({ path: 'upload.bin', mtimeNs: 0n, chunks: once() });
  await zip.finish();

  expect((await project.tool('verify', file)).code).toBe(0);
  flipMiddle(file);
  const damaged = await project.tool('verify', file, '--json');
  expect(damaged.code).toBe(4);
  expect(damaged.json<Verified>()).toMatchObject({ ok: false, problems: [{ code: 'archive-unreadable' }] });
});
