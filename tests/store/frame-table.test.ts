import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameTable } from '../../lib/store/frame-table.ts';
import type { FrameLine } from '../../lib/store/manifest.ts';

const lines: fc.Arbitrary<Omit<FrameLine, 'frame'>> = fc.record({
  archive: fc.nat(65_535),
  offset: fc.maxSafeNat(),
  storedSize: fc.maxSafeNat(),
  size: fc.maxSafeNat(),
  sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
});

test('a table gives back every frame as it was added, also the first after it has grown', () => {
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 400 }), (added) => {
      const table = new FrameTable();
      for (const [frame, line] of added.entries()) {
        table.add({ frame, ...line });
        expect(table.length).toBe(frame + 1);
      }
      for (const [frame, line] of added.entries()) expect(table.get(frame)).toEqual({ frame, ...line });
    }),
    { numRuns: 50 },
  );
});

test.each([-1, 3, Number.MAX_SAFE_INTEGER])('there is no frame %d in a table of three', (frame) => {
  const table = new FrameTable();
  for (let at = 0; at < 3; at += 1) {
    table.add({ frame: at, archive: 0, offset: 0, storedSize: 0, size: 0, sha256: '0'.repeat(64) });
  }
  expect(() => table.get(frame)).toThrow(`there is no frame ${frame}`);
});

test('a million frames take some hundred bytes each at most', () => {
  const table = new FrameTable();
  const before = process.memoryUsage().arrayBuffers;
  const sha256 = 'ab'.repeat(32);
  for (let frame = 0; frame < 1_000_000; frame += 1) {
    table.add({ frame, archive: 0, offset: frame, storedSize: frame, size: 1 << 20, sha256 });
  }
  expect(table.get(999_999).offset).toBe(999_999);
  // The old and the new table of the last growth may be there at once.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200_000_000);
});
