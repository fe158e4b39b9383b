/** One file beyond the old limits of 2 and 4 GiB, and twenty thousand small ones. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  closeSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

let project: TestProject;

beforeEach(() => {
  // Each command in a process of its own, as its memory would be.
  project = new TestProject({ ownProcesses: true });
  const off = { config: false, database: false, logs: false, agents: false, security: false, state: false };
  project.settings({ targets: { ...off, files: ['files'] } });
});

afterEach(() => {
  project.remove();
});

const gibibyte = 2 ** 30;

test('a sparse file of 5 GiB comes back with its holes', async () => {
  const { bavail, bsize } = statfsSync(project.folder);
  // Where the disk has no room for it, should its filesystem not know holes, a smaller one has to do.
  const size = bavail * bsize > 12 * gibibyte ? 5 * gibibyte + 13 : gibibyte / 8 + 13;
  const path = project.write('files/disk.img', '');
  const places = [0, 1_000_003, Math.floor(size * 0.8), size - 7];
  const fd = openSync(path, 'r+');
  for (const place of places) writeSync(fd, 'present', place);
  ftruncateSync(fd, size);
  closeSync(fd);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  project.write('files/next to it', 'small');

  const created = await project.done<Created & { storedSize: number }>('create');
  expect(created).toMatchObject({ complete: true, files: 2, size: size + 5 });
  expect(created.storedSize).toBeLessThan(size / 100);
  expect(await project.done<Verified>('verify', '--check-content')).toMatchObject({ ok: true });

  const copy = project.beside('copy/files/disk.img');
  // With --verify every byte is read back and its hash compared.
  const restored = await project.done<Restored>('restore', '--to', project.beside('copy'), '--yes', '--verify');
  expect(restored).toMatchObject({ created: 2, bytes: size + 5 });
  const { size: restoredSize, blocks, mtimeMs } = statSync(copy);
  expect({ restoredSize, mtimeMs }).toEqual({ restoredSize: size, mtimeMs: 1_700_000_000_000 });
  expect(blocks * 512).toBeLessThan(16 << 20);
  expect(places.map((place) => textAt(copy, place))).toEqual(places.map(() => 'present'));
}, 300_000);

function textAt(path: string, place: number): string {
  const buffer = Buffer.alloc(7);
  const fd = openSync(path, 'r');
  readSync(fd, buffer, 0, buffer.length, place);
  closeSync(fd);
  return buffer.toString();
}

test('20,000 small files come back, and of a change only what was changed', async () => {
  const name = (number: number): string => `files/${number % 100}/${Math.floor(number / 100) % 10}/note ${number}.md`;
  for (let number = 0; number < 20_000; number += 1) {
    const text = `# Note ${number}\n`.repeat(number % 40);
    // The first thousand are one in each folder, and make it.
    if (number < 1_000) project.write(name(number), text);
    else writeFileSync(project.path(name(number)), text);
  }
  const before = snapshotTree(project.path('files'));
  expect(await project.done<Created>('create')).toMatchObject({ complete: true, files: 20_000 });
  expect(await project.done<Verified>('verify', '--check-content')).toMatchObject({ ok: true, files: 20_000 });

  await project.done('restore', '--to', project.beside('copy'), '--yes');
  expect(treeDifferences(before, snapshotTree(project.beside('copy/files')))).toEqual([]);

  for (let number = 0; number < 20_000; number += 200) writeFileSync(project.path(name(number)), 'changed');
  rmSync(project.path('files/7'), { recursive: true });
  const restored = await project.done<Restored>('restore', '--yes');
  expect(restored).toMatchObject({ created: 200, overwritten: 100, unchanged: 19_700 });
  expect(treeDifferences(before, snapshotTree(project.path('files')))).toEqual([]);
}, 180_000);
