import { describe, expect, test } from '@jest/globals';
import { isBackupError } from '../../lib/core/errors.ts';
import { selectEntries } from '../../lib/operations/select-entries.ts';
import type { ManifestEntry } from '../../lib/store/manifest.ts';

const known = ['agents', 'config', 'database'];

/** An entry; without an origin it was made for the backup. */
function entry(path: string, origin?: string): ManifestEntry {
  const common = { path, kind: 'file' as const, mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0, size: 0 };
  return origin === undefined ? common : { ...common, origin };
}

const app = entry('config/app.json', 'config/app.json');
const deep = entry('config/deep/er/x.json', 'config/deep/er/x.json');
const ccla = entry('agents/ccla/a.md', 'data/ccla/a.md');
const database = entry('database/app.db', 'data/app.db');
const environment = entry('config/environment.json');
const all = [app, deep, ccla, database, environment];

function selected(request: { targets?: string[]; include?: string[] }): (string | undefined)[] {
  return all.map(selectEntries(known, request)).filter((one) => one !== undefined);
}

describe('a restore', () => {
  test('takes everything to where it came from, but for what was made for the backup', () => {
    expect(selected({})).toEqual(['config/app.json', 'config/deep/er/x.json', 'data/ccla/a.md', 'data/app.db']);
  });

  test('of some targets takes those', () => {
    expect(selected({ targets: ['agents', 'database'] })).toEqual(['data/ccla/a.md', 'data/app.db']);
    expect(selected({ targets: [] })).toEqual([]);
  });

  test('of an unknown target is refused, with the nearest one named', () => {
    let failure: unknown;
    try {
      selectEntries(known, { targets: ['databse'] });
    } catch (error) {
      failure = error;
    }
    expect(isBackupError(failure, 'TARGET_UNKNOWN') && failure.params).toEqual({
      name: 'databse',
      known,
      nearest: 'database',
    });
  });
});

describe('--include', () => {
  const cases: [string[], string[]][] = [
    [['config/app.json'], ['config/app.json']],
    [['config'], ['config/app.json', 'config/deep/er/x.json']],
    [['config/'], ['config/app.json', 'config/deep/er/x.json']],
    [['./config/deep'], ['config/deep/er/x.json']],
    [['conf'], []],
    [['config/app'], []],
    // By the place in the project, and by the place in the backup.
    [['data/ccla'], ['data/ccla/a.md']],
    [['agents/ccla'], ['data/ccla/a.md']],
    [['data'], ['data/ccla/a.md', 'data/app.db']],
    [['**/*.json'], ['config/app.json', 'config/deep/er/x.json']],
    [['config/*.json'], ['config/app.json']],
    [['*.db'], []],
    [['data/*.db'], ['data/app.db']],
    [
      ['data/app.db', '**/x.json'],
      ['config/deep/er/x.json', 'data/app.db'],
    ],
    [[], []],
    [['config/environment.json'], ['config/environment.json']],
  ];
  test.each(cases)('%j takes %j', (include, expected) => {
    expect(selected({ include })).toEqual(expected);
  });

  test('and targets hold both', () => {
    expect(selected({ targets: ['agents'], include: ['data'] })).toEqual(['data/ccla/a.md']);
  });

  test('takes a word as a name first, also where it looks like a glob', () => {
    const odd = ['state/[a]', 'state/a*b', 'state/x{1,2}', 'state/back\\slash', 'state/!not', 'state/(x)'];
    for (const name of odd) {
      const select = selectEntries(['state'], { include: [name] });
      expect(select(entry(name, name))).toBe(name);
      expect(select(entry(`${name}/below`, `${name}/below`))).toBe(`${name}/below`);
    }
  });

  test('finds hidden files, and names that are not UTF-8', () => {
    const select = selectEntries(['config'], { include: ['**/*.json', 'config/caf\udce9'] });
    expect(select(entry('config/.hidden/.x.json', 'config/.hidden/.x.json'))).toBe('config/.hidden/.x.json');
    expect(select(entry('config/caf\udce9', 'config/caf\udce9'))).toBe('config/caf\udce9');
  });
});
