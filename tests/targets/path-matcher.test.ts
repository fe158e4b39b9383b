import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import ignore from 'ignore';
import { excludeMatcher } from '../../lib/targets/path-matcher.ts';

/** What a walk asks: every folder above a path first, and nothing below one that is excluded. */
function isLeftOut(isExcluded: (path: string, isFolder: boolean) => boolean, path: string, isFolder = false): boolean {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    if (isExcluded(path.slice(0, slash), true)) return true;
  }
  return isExcluded(path, isFolder);
}

describe('excludes', () => {
  const cases: [string[], string, boolean][] = [
    [['*.tmp'], 'a.tmp', true],
    [['*.tmp'], 'deep/in/a.tmp', true],
    [['*.tmp'], 'a.tmp.txt', false],
    [['*.tmp'], '.tmp', true],
    [['*.tmp'], 'folder.tmp/file', true],
    [['node_modules'], 'packages/a/node_modules/b/index.js', true],
    [['node_modules'], 'node_modules_old/x', false],
    [['.git'], '.gitignore', false],
    [['.git'], '.git/config', true],
    [['*.TMP'], 'a.tmp', false],
    [['logs/*.log'], 'logs/a.log', true],
    [['logs/*.log'], 'other/logs/a.log', false],
    [['/build'], 'build/x', true],
    [['/build'], 'src/build/x', false],
    [['cache/'], 'cache/x', true],
    [['cache/'], 'a/cache/x', true],
    [['*.log', '!keep.log'], 'keep.log', false],
    [['*.log', '!keep.log'], 'other.log', true],
    [['**/temp/**'], 'a/temp/b/c', true],
    [['a?c'], 'abc', true],
    [['[ab].txt'], 'a.txt', true],
    [['# a comment', '', '  '], '# a comment', false],
    [['\\#named'], '#named', true],
    [['with space'], 'a/with space', true],
    [['名前'], 'a/名前', true],
    [['caf\udce9'], 'caf\udce9', true],
    [['*\udce9'], 'caf\udce9', true],
  ];
  test.each(cases)('%j and %j: %j', (patterns, path, expected) => {
    expect(isLeftOut(excludeMatcher(patterns), path)).toBe(expected);
  });

  test('hold for folders where a pattern ends in a slash', () => {
    const isExcluded = excludeMatcher(['cache/', '!x']);
    expect(isExcluded('cache', true)).toBe(true);
    expect(isExcluded('cache', false)).toBe(false);
  });

  test('that are not there leave nothing out', () => {
    fc.assert(fc.property(fc.string(), (path) => expect(excludeMatcher([])(path, false)).toBe(false)));
  });
});

// Letters that mean something to patterns, regular expressions, or both.
const letter = fc.constantFrom(...'abAB.~-_+$^(){}|,@%&=;:\'"名é0'.split(''));
const word = fc.string({ unit: letter, minLength: 1, maxLength: 4 }).filter((name) => name !== '.' && name !== '..');
const simple = fc.oneof(
  word,
  word.map((ending) => `*${ending}`),
);
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

describe('simple patterns, which need no engine,', () => {
  test('mean what they mean to the engine', () => {
    fc.assert(
      fc.property(fc.array(simple, { minLength: 1, maxLength: 5 }), path, fc.boolean(), (patterns, asked, isFolder) => {
        const engine = ignore({ ignorecase: false, allowRelativePaths: true }).add(patterns);
        const byEngine = engine.ignores(isFolder ? `${asked}/` : asked);
        expect(isLeftOut(excludeMatcher(patterns), asked, isFolder)).toBe(byEngine);
      }),
      { numRuns: 3_000 },
    );
  });

  test('mean the same beside one that does need it', () => {
    fc.assert(
      fc.property(fc.array(simple, { minLength: 1, maxLength: 5 }), path, (patterns, asked) => {
        const alone = isLeftOut(excludeMatcher(patterns), asked);
        expect(isLeftOut(excludeMatcher([...patterns, 'no/such/*/path']), asked)).toBe(alone);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('a matcher answers alike however many it was asked before', () => {
  const isExcluded = excludeMatcher(['logs/*.log', '!logs/keep.log']);
  for (let at = 0; at < 10_000; at += 1) {
    expect(isExcluded(`logs/${at}.log`, false)).toBe(true);
    expect(isExcluded(`logs/${at}.txt`, false)).toBe(false);
  }
  expect(isExcluded('logs/keep.log', false)).toBe(false);
});
