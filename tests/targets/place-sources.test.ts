import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { placeSources } from '../../lib/targets/place-sources.ts';

interface Source {
  base: string;
  /** The names in a folder. */
  names?: string[];
}

const places = (target: string, ...sources: (Source | string)[]): Record<string, string> =>
  Object.fromEntries(
    placeSources(
      target,
      sources.map((one) => (typeof one === 'string' ? { base: one } : one)),
      (source) => source.names,
    ).map(({ source, place }) => [source.base, place]),
  );

describe('a source stands', () => {
  test('under the last name of its path', () => {
    expect(places('agents', { base: 'data/ccla', names: ['x.md'] }, 'data/history.db')).toEqual({
      'data/ccla': 'ccla',
      'data/history.db': 'history.db',
    });
  });

  test('in its target’s folder itself, where it is a folder of the same name', () => {
    expect(places('config', { base: 'config', names: ['app.json'] })).toEqual({ config: '' });
    expect(places('config', { base: 'etc/config', names: ['app.json'] })).toEqual({ 'etc/config': '' });
    expect(places('all', { base: '', names: ['config'] })).toEqual({ '': '' });
    // A file that is only called like it is a file like any other.
    expect(places('config', 'config')).toEqual({ config: 'config' });
  });

  test('under its whole path, where the short name is taken', () => {
    expect(places('database', 'data/app.db', 'data/eu/app.db', 'data/us/app.db')).toEqual({
      'data/app.db': 'app.db',
      'data/eu/app.db': 'data/eu/app.db',
      'data/us/app.db': 'data/us/app.db',
    });
  });

  test('clear of what is in the folder that stands directly, in whatever order they come', () => {
    const config = { base: 'config', names: ['.poppo', 'app.json'] };
    expect(places('config', { base: '.poppo', names: [] }, config)).toEqual({ config: '', '.poppo': '.poppo~2' });
    expect(places('config', config, 'other/app.json')).toEqual({ config: '', 'other/app.json': 'other/app.json' });
  });

  test('never inside of a file', () => {
    // `data` is a file's short name; the second one's whole path would lead through it.
    expect(places('database', 'x/data', 'y/app.db', 'data/app.db')).toEqual({
      'x/data': 'data',
      'y/app.db': 'app.db',
      'data/app.db': 'app.db~2',
    });
  });
});

test('no two sources ever share a place, and none stands in another', () => {
  const name = fc.constantFrom('a', 'b', 'a~2', 'config', 'data');
  const base = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  const source = fc.record({ base, names: fc.array(name, { maxLength: 3 }) }, { requiredKeys: ['base'] });
  fc.assert(
    fc.property(
      fc.uniqueArray(source, { selector: (one) => one.base, maxLength: 12 }),
      fc.constantFrom('config', 'data', 'zzz'),
      (sources, target) => {
        const placed = placeSources(target, sources, (one) => one.names);
        expect(placed.map((one) => one.source.base).sort()).toEqual(sources.map((one) => one.base).sort());
        const direct = placed.find((one) => one.place === '');
        const held = [
          ...placed.filter((one) => one !== direct).map((one) => one.place),
          ...new Set(direct?.source.names ?? []),
        ];
        expect(placed.filter((one) => one.place === '').length).toBeLessThan(2);
        for (const [at, place] of held.entries()) {
          for (const other of held.slice(at + 1)) {
            expect(place).not.toBe(other);
            expect(place.startsWith(`${other}/`) || other.startsWith(`${place}/`)).toBe(false);
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
