import { describe, expect, test } from '@jest/globals';
import { ArchiveMembers } from '../../lib/archive/archive-members.ts';
import { CopyableFrames } from '../../lib/archive/copyable-frames.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import type { ManifestEntry, ManifestLine } from '../../lib/store/manifest.ts';
import { frameLine, plainEntry } from '../support/sample-manifest.ts';

/** An archive as its manifest tells it: the members that end in each frame. */
type Archive = ManifestEntry[][];

const file = (path: string, frame: number, fields: Partial<ManifestEntry> = {}): ManifestEntry => ({
  ...plainEntry(`state/${path}`),
  at: { frame, offset: 512 },
  ...fields,
});

function folder(path: string, fields: Partial<ManifestEntry> = {}): ManifestEntry {
  const { sha256: _, ...rest } = plainEntry(`state/${path}`);
  return { ...rest, kind: 'directory', size: 0, ...fields };
}

/** Two files in frame 0; a folder at its end; a large file from 1 to 3, where a link and a file follow it; one file in 4. */
const archive: Archive = [
  [file('a', 0), file('b', 0), folder('c')],
  [],
  [],
  [file('d', 1, { size: 2500 }), folder('e'), file('e/f', 3)],
  [file('g', 4)],
];

/** Looks which frames of the archive can be copied for these entries, some lines of its manifest at a time. */
async function runsFor(entries: readonly ManifestEntry[], of: Archive = archive, batchLines = 2): Promise<number[][]> {
  const frames = new FrameTable();
  for (const frame of of.keys()) frames.add(frameLine(frame, { archive: 1, sha256: hashOf(frame) }));
  const members = new ArchiveMembers(linesOf(of, batchLines), frames, 1, ['config', 'state']);
  const copyable = new CopyableFrames(members);
  for (const entry of entries) await copyable.note(entry);
  await members.finish();
  return copyable.runs.map((run) => [run.start, run.entries, run.firstFrame, run.lastFrame]);
}

const hashOf = (frame: number): string => frame.toString(16).padStart(64, '0');

async function* linesOf(of: Archive, batchLines: number): AsyncGenerator<ManifestLine[]> {
  const lines = of.flatMap((entries, frame): ManifestLine[] => [
    { type: 'frame', frame: frameLine(frame, { sha256: hashOf(frame) }) },
    ...entries.map((entry): ManifestLine => ({ type: 'entry', entry })),
  ]);
  for (let at = 0; at < lines.length; at += batchLines) yield await Promise.resolve(lines.slice(at, at + batchLines));
}

const all = archive.flat();
const without = (path: string): ManifestEntry[] => all.filter((entry) => entry.path !== `state/${path}`);
const changed = (path: string, fields: Partial<ManifestEntry>): ManifestEntry[] =>
  all.map((entry) => (entry.path === `state/${path}` ? { ...entry, ...fields } : entry));

describe('frames are copied', () => {
  test.each([1, 2, 3, 100])('all of them, where nothing has changed; %d lines at a time', async (batchLines) => {
    expect(await runsFor(all, archive, batchLines)).toEqual([
      [0, 3, 0, 0],
      [3, 3, 1, 3],
      [6, 1, 4, 4],
    ]);
  });

  test('where only what no tar header holds has changed', async () => {
    expect(await runsFor(changed('b', { mtimeNs: 999_999_999n, ctimeNs: 5n, inode: 7n }))).toHaveLength(3);
  });

  test('also behind a target that the archive does not have', async () => {
    expect(await runsFor([plainEntry('config/x'), ...all])).toEqual([
      [1, 3, 0, 0],
      [4, 3, 1, 3],
      [7, 1, 4, 4],
    ]);
  });
});

describe('a frame is not copied, and the others are', () => {
  const others = [
    [1, 3],
    [4, 4],
  ];
  const framesOf = (runs: number[][]): number[][] => runs.map(([, , first = -1, last = -1]) => [first, last]);

  test.each(['a', 'b', 'c'])('where its member %s is gone', async (path) => {
    expect(framesOf(await runsFor(without(path)))).toEqual(others);
  });

  test.each<[string, Partial<ManifestEntry>]>([
    ['content', { at: { frame: 9, offset: 512 } }],
    ['place in the frame', { at: { frame: 0, offset: 1024 } }],
    ['content, in many places', { extents: Float64Array.of(0, 512, 3) }],
    ['size', { size: 4 }],
    ['mode', { mode: 0o600 }],
    ['owner', { uid: 1 }],
    ['group', { gid: 1 }],
    ['time', { mtimeNs: 1_000_000_000n }],
    ['time, to before 1970', { mtimeNs: -1n }],
    ['kind', { kind: 'symlink', linkTarget: 'a' }],
  ])('where the %s of a member is another', async (_, fields) => {
    expect(framesOf(await runsFor(changed('b', fields)))).toEqual(others);
  });

  test('where something new stands between its members', async () => {
    const [first, ...rest] = all;
    if (first === undefined) throw new TypeError('there are entries');
    expect(framesOf(await runsFor([first, file('aa', 9), ...rest]))).toEqual(others);
  });

  test('where a folder at its end was exchanged for one that is as long', async () => {
    expect(framesOf(await runsFor(all.map((one) => (one.path === 'state/c' ? folder('cc') : one))))).toEqual(others);
  });

  test('where what follows a large file in its last frame is gone: none of the file is copied with its header', async () => {
    expect(await runsFor(without('e/f'))).toEqual([
      [0, 3, 0, 0],
      [5, 1, 4, 4],
    ]);
  });

  test('where it is not the frame of that number in the manifest of the chain', async () => {
    const frames = new FrameTable();
    for (const frame of archive.keys())
      frames.add(frameLine(frame, { archive: 1, sha256: hashOf(frame === 4 ? 5 : frame) }));
    const members = new ArchiveMembers(linesOf(archive, 100), frames, 1, ['state']);
    const copyable = new CopyableFrames(members);
    for (const entry of all) await copyable.note(entry);
    expect(copyable.runs.map((run) => run.lastFrame)).toEqual([0, 3]);
  });
});
