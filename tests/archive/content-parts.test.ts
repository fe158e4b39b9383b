import { expect, test } from '@jest/globals';
import { contentParts, type ContentPart } from '../../lib/archive/content-parts.ts';
import { ContentPieces } from '../../lib/store/content-pieces.ts';
import { FrameTable } from '../../lib/store/frame-table.ts';
import { frameLine } from '../support/sample-manifest.ts';

const frameBytes = 4096;

/** Frames 0 to 4 of one archive, of 4096 bytes; 5 of another codec's; 6 of 1024; 7 of no whole blocks. */
const frames = new FrameTable();
for (const [frame, size] of [4096, 4096, 4096, 4096, 4096, 4096, 1024, 4000].entries()) {
  frames.add(frameLine(frame, { size, archive: frame === 5 ? 2 : 1 }));
}

function partsOf(extents: readonly number[], headerBytes = 512): ContentPart[] {
  const size = extents.reduce((sum, one, index) => (index % 3 === 2 ? sum + one : sum), 0);
  const pieces = new ContentPieces({ size, extents: Float64Array.from(extents) }, frames);
  expect(pieces.size).toBe(size);
  return contentParts(pieces, frames, { headerBytes, frameBytes, canCopy: (archive) => archive === 1 });
}

test('of a file that lies as it will lie, all but the first and the last frame is copied', () => {
  expect(partsOf([0, 512, 3584 + 3 * 4096 + 100])).toEqual([
    { from: 0, to: 3584 },
    { frame: 1 },
    { frame: 2 },
    { frame: 3 },
    { from: 3584 + 3 * 4096, to: 3584 + 3 * 4096 + 100 },
  ]);
});

test('a changed range is packed anew, with what is left of the frames around it', () => {
  expect(partsOf([0, 512, 3584 + 4096, 4, 0, 1024, 2, 1024, 3072 + 4096 + 10])).toEqual([
    { from: 0, to: 3584 },
    { frame: 1 },
    { from: 3584 + 4096, to: 3584 + 2 * 4096 },
    { frame: 3 },
    { from: 3584 + 3 * 4096, to: 3584 + 3 * 4096 + 10 },
  ]);
});

test.each([
  ['where blocks of the tar would begin elsewhere', [0, 511, 3585 + 4096, 2, 0, 100], 512],
  ['where the frame is another codec’s', [0, 512, 3584, 5, 0, 4096, 2, 0, 100], 512],
  ['where the frame is a short one', [0, 512, 3584, 6, 0, 1024, 2, 0, 100], 512],
  ['where the frame is not of whole blocks', [0, 512, 3584, 7, 0, 4000, 2, 0, 96], 512],
  ['where only a part of the frame is content', [0, 512, 3584, 1, 0, 2048, 2, 0, 100], 512],
  ['at the beginning, which stands with the header, and at the end', [1, 0, 4096, 3, 0, 4096], 512],
])('nothing is copied %s', (_, extents, headerBytes) => {
  const size = extents.reduce((sum, one, index) => (index % 3 === 2 ? sum + one : sum), 0);
  expect(partsOf(extents, headerBytes)).toEqual([{ from: 0, to: size }]);
});

test('a longer header moves nothing, as it is of whole blocks too', () => {
  expect(partsOf([0, 512, 3584 + 4096 + 100], 1536)).toEqual([
    { from: 0, to: 3584 },
    { frame: 1 },
    { from: 3584 + 4096, to: 3584 + 4096 + 100 },
  ]);
});
