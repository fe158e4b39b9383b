import { describe, expect, test } from '@jest/globals';
import type { TargetSettings } from '../../lib/config/settings.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { defineTargets, fileSourcesOf, globMatcher, type FileSource } from '../../lib/targets/target-definitions.ts';

const target = (name: string, fields: Partial<TargetSettings> = {}): TargetSettings => ({
  name,
  exclude: [],
  groups: {},
  ...fields,
});

const settings = {
  targets: ['database', 'config', 'logs', 'mine'].map((name) =>
    target(name, name === 'mine' ? { paths: ['kb/', 'notes.md'], exclude: ['*.bak'] } : {}),
  ),
  exclude: ['*.tmp'],
};

describe('the targets of a run', () => {
  test('are those of the settings, the databases last', () => {
    expect(defineTargets(settings).map((one) => one.name)).toEqual(['config', 'logs', 'mine', 'database']);
  });

  test('are those that were asked for, in the settings’ order', () => {
    expect(defineTargets(settings, ['mine', 'config']).map((one) => one.name)).toEqual(['config', 'mine']);
    expect(() => defineTargets(settings, [])).toThrow('one or more of');
  });

  test('are not guessed at', () => {
    let failure: unknown;
    try {
      defineTargets(settings, ['confg']);
    } catch (error) {
      failure = error;
    }
    expect(isBackupError(failure, 'TARGET_UNKNOWN') && failure.params).toMatchObject({
      name: 'confg',
      nearest: 'config',
    });
    expect(failure).toMatchObject({ exitCode: 2 });
  });

  test('leave out what the settings, the target and the command leave out', () => {
    const [mine] = defineTargets(settings, ['mine'], ['*.iso']);
    expect(mine).toEqual({ name: 'mine', sources: ['kb/', 'notes.md'], exclude: ['*.tmp', '*.bak', '*.iso'] });
  });

  test('have default sources, unless they are given some; groups’ paths count, each once', () => {
    const [defaults] = defineTargets({ ...settings, targets: [target('logs')] });
    expect(defaults?.sources).toEqual(['logs/**/*.gz']);
    const [own] = defineTargets({ ...settings, targets: [target('logs', { paths: ['var/'] })] });
    expect(own?.sources).toEqual(['var/']);
    const groups = { base: ['kb/', 'x'], sessions: ['sessions/', 'kb/'] };
    const [grouped] = defineTargets({ ...settings, targets: [target('kb', { paths: ['x'], groups })] });
    expect(grouped?.sources).toEqual(['x', 'kb/', 'sessions/']);
    const [none] = defineTargets({ ...settings, targets: [target('unknown')] });
    expect(none?.sources).toEqual([]);
  });
});

describe('paths and globs', () => {
  const of = (...sources: string[]): FileSource[] => fileSourcesOf({ name: 't', sources, exclude: [] });

  test.each([
    ['state/', [{ base: 'state' }]],
    ['./state', [{ base: 'state' }]],
    ['state//', [{ base: 'state' }]],
    ['.', [{ base: '' }]],
    ['./', [{ base: '' }]],
    ['@databases', []],
    ['logs/**/*.gz', [{ base: 'logs', globs: ['logs/**/*.gz'] }]],
    ['*.md', [{ base: '', globs: ['*.md'] }]],
    ['**/*.md', [{ base: '', globs: ['**/*.md'] }]],
    ['a b/名前', [{ base: 'a b/名前' }]],
  ])('of %j begin there', (source, expected) => {
    expect(of(source)).toEqual(expected);
  });

  test('that lie in each other are walked once', () => {
    expect(of('data', 'data/a', 'data/b/c')).toEqual([{ base: 'data' }]);
    expect(of('data/a', 'data')).toEqual([{ base: 'data' }]);
    expect(of('data', 'data')).toEqual([{ base: 'data' }]);
    expect(of('data', 'data/*.md')).toEqual([{ base: 'data' }]);
    expect(of('data', 'database')).toEqual([{ base: 'data' }, { base: 'database' }]);
  });

  test('of one folder are one walk; a path below it is taken whole', () => {
    expect(of('logs/*.gz', 'logs/*.log')).toEqual([{ base: 'logs', globs: ['logs/*.gz', 'logs/*.log'] }]);
    expect(of('logs/*.gz', 'logs/audit')).toEqual([
      { base: 'logs', globs: ['logs/*.gz', 'logs/audit', 'logs/audit/**'] },
    ]);
  });

  test('of a whole folder take everything in it, whatever globs come before', () => {
    for (const sources of [
      ['logs/*.gz', 'logs/'],
      ['logs/', 'logs/*.gz'],
    ]) {
      const [source, ...others] = of(...sources);
      expect(others).toEqual([]);
      const isIncluded = globMatcher(source?.globs);
      for (const path of ['logs/a.gz', 'logs/a.txt', 'logs/deep/b.txt']) expect(isIncluded?.(path) ?? true).toBe(true);
    }
  });
});

describe('globs', () => {
  test('name files, hidden ones too', () => {
    const isIncluded = globMatcher(['logs/**/*.gz', 'x/{a,b}.txt', 'y/?.md']);
    const named = ['logs/a.gz', 'logs/deep/er/a.gz', 'logs/.hidden.gz', 'logs/.deep/a.gz', 'x/a.txt', 'y/1.md'];
    const others = ['logs/a.log', 'a.gz', 'other/logs/a.gz', 'x/c.txt', 'y/12.md', 'logs/a.gz/x'];
    expect(named.filter((path) => isIncluded?.(path) !== true)).toEqual([]);
    expect(others.filter((path) => isIncluded?.(path) === true)).toEqual([]);
  });

  test('that are not there name everything', () => {
    expect(globMatcher(undefined)).toBeUndefined();
  });
});
