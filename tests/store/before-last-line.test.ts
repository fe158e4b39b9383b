import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BeforeLastLine } from '../../lib/store/before-last-line.ts';

/** What is passed on of a text that comes in these pieces. */
function passedOn(pieces: readonly Buffer[]): string {
  const passed: Buffer[] = [];
  // Whoever is told may not keep what it was given: memory is used again.
  const digest = { update: (bytes: Buffer): void => void passed.push(Buffer.from(bytes)) };
  const lines = new BeforeLastLine(digest);
  for (const piece of pieces) {
    const given = Buffer.from(piece);
    lines.update(given);
    given.fill(0x21);
  }
  return Buffer.concat(passed).toString('latin1');
}

/** All lines of a text but its last; a line that has no end is the last one. */
function expectedOf(text: string): string {
  return text.slice(0, text.slice(0, -1).lastIndexOf('\n') + 1);
}

function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const starts = [0, ...[...places].map((at) => at % (bytes.length + 1)).sort((a, b) => a - b)];
  return starts.map((from, index) => bytes.subarray(from, starts[index + 1] ?? bytes.length));
}

describe('all lines but the last', () => {
  const texts = ['', '\n', '\n\n', 'a', 'a\n', 'a\nb', 'a\nb\n', 'a\n\n', '\na', 'ab\ncd\nef\n', '\n\n\nx\n\n'];

  test.each(texts)('of %j are passed on, in whatever two pieces it comes', (text) => {
    for (let at = 0; at <= text.length; at += 1) expect(passedOn(cut(text, [at]))).toBe(expectedOf(text));
  });

  test.each(texts)('of %j are passed on, byte by byte', (text) => {
    expect(
      passedOn(
        cut(
          text,
          [...text].map((_, at) => at),
        ),
      ),
    ).toBe(expectedOf(text));
  });

  test('of any text are passed on, in whatever pieces it comes, empty ones too', () => {
    const letters = fc.constantFrom('a', 'b', '\n', '\n', '\r', '\x00', '\xff');
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 40 }), fc.array(fc.nat(1000)), (text, places) => {
        expect(passedOn(cut(text, places))).toBe(expectedOf(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
