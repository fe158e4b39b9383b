import { describe, expect, test } from '@jest/globals';
import { finding, findingCatalogue, meansIncomplete, type FindingCode } from '../../lib/core/findings.ts';

const codes = Object.keys(findingCatalogue) as FindingCode[];

describe('a finding', () => {
  test('names its file, its target, and what made its sentence', () => {
    expect(finding('file-unreadable', { path: 'state/x', target: 'state', reason: 'EACCES' })).toEqual({
      code: 'file-unreadable',
      message: 'state/x could not be read (EACCES) and is not in the backup.',
      path: 'state/x',
      target: 'state',
      params: { path: 'state/x', target: 'state', reason: 'EACCES' },
    });
  });

  test('about nothing in particular has no path', () => {
    expect(Object.keys(finding('leftovers-removed', { count: 3 }))).toEqual(['code', 'message', 'params']);
  });

  test.each(codes)('%s is a whole sentence', (code) => {
    const params = {
      path: '<path>',
      target: '<target>',
      reason: '<why>',
      kind: '<kind>',
      expected: '1',
      found: '2',
      beside: '<log>',
      count: 3,
    };
    const { message } = finding(code, params);
    expect(message).toMatch(/^[A-Z<0-9m].*\.$/);
    expect(message).not.toMatch(/undefined|null|NaN|\[object/);
  });

  test('reviews its wording here', () => {
    const params = {
      path: '<path>',
      target: '<target>',
      reason: '<why>',
      kind: '<kind>',
      expected: '1',
      found: '2',
      beside: '<log>',
      count: 3,
    };
    expect(codes.map((code) => `${code}: ${finding(code, params).message}`)).toMatchSnapshot();
  });
});

describe('a backup is incomplete', () => {
  // Where data that was asked for is not in it. What vanished, changed or is no file is no such thing.
  const incomplete = [
    'file-unreadable',
    'folder-unreadable',
    'source-outside',
    'source-link-outside',
    'database-locked',
    'database-corrupt',
    'database-unreadable',
    'backup-incomplete',
    'entry-not-restored',
  ];

  test('by these findings, and no others', () => {
    expect(codes.filter((code) => meansIncomplete([finding(code)]))).toEqual(incomplete);
  });

  test('by one of many', () => {
    const harmless = Array.from({ length: 100 }, () => finding('file-vanished', { path: 'x' }));
    expect(meansIncomplete(harmless)).toBe(false);
    expect(meansIncomplete([...harmless, finding('database-locked', { path: 'x' })])).toBe(true);
    expect(meansIncomplete([])).toBe(false);
  });
});
