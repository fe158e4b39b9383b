import { describe, expect, test } from '@jest/globals';
import { PathSet } from '../../lib/core/path-set.ts';

describe('a set of paths', () => {
  test('knows what was added, and says so of a second time', () => {
    const paths = new PathSet();
    expect(paths.add('state/a')).toBe(true);
    expect(paths.add('state/a')).toBe(false);
    expect([paths.has('state/a'), paths.has('state/b'), paths.has(''), paths.size]).toEqual([true, false, false, 1]);
  });

  test('tells names apart whose bytes are no text', () => {
    const paths = new PathSet();
    for (const name of ['caf\udce9', 'caf\udce8', 'caf\ufffd', 'café']) expect(paths.add(name)).toBe(true);
  });

  test('grows, and loses nothing over it', () => {
    const paths = new PathSet();
    const count = 20_000;
    for (let at = 0; at < count; at += 1) expect(paths.add(`many/${at}`)).toBe(true);
    expect(paths.size).toBe(count);
    for (let at = 0; at < count; at += 1) {
      expect(paths.has(`many/${at}`)).toBe(true);
      expect(paths.has(`more/${at}`)).toBe(false);
    }
  });
});
