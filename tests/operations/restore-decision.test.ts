import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decide,
  type OverwritePolicy,
  type RestoreAction,
  type Standing,
} from '../../lib/operations/restore-decision.ts';

const policies: OverwritePolicy[] = ['always', 'if-changed', 'if-newer', 'never'];
const file = { kind: 'file' as const, mtimeNs: 100n };

const standing = (mtimeNs: bigint, isSame = false): Standing => ({ kind: 'file', mtimeNs, isSame: () => isSame });

describe('one entry of a backup', () => {
  test.each(policies)('is created where nothing is, whatever the policy (%s)', (policy) => {
    for (const kind of ['file', 'directory', 'symlink'] as const) {
      expect(decide({ kind, mtimeNs: 0n }, undefined, policy)).toEqual({ action: 'create', reason: 'missing' });
    }
  });

  test.each(policies)('that is a folder leaves the one that is there (%s)', (policy) => {
    const folder: Standing = { kind: 'directory', mtimeNs: 0n, isSame: () => false };
    expect(decide({ kind: 'directory', mtimeNs: 5n }, folder, policy)).toEqual({ action: 'unchanged', reason: 'same' });
  });

  const rows: [OverwritePolicy, string, Standing, RestoreAction, string][] = [
    ['always', 'the same file', standing(100n, true), 'overwrite', 'asked'],
    ['always', 'a newer file', standing(200n), 'overwrite', 'asked'],
    ['if-changed', 'the same file', standing(100n, true), 'unchanged', 'same'],
    ['if-changed', 'another file', standing(100n), 'overwrite', 'differs'],
    ['if-changed', 'a newer file', standing(200n), 'overwrite', 'differs'],
    ['if-newer', 'an older file', standing(99n), 'overwrite', 'older'],
    ['if-newer', 'a file of the same time', standing(100n), 'keep', 'newer'],
    ['if-newer', 'a newer file', standing(101n), 'keep', 'newer'],
    ['never', 'an older file', standing(1n), 'keep', 'never'],
    ['never', 'the same file', standing(100n, true), 'keep', 'never'],
  ];
  test.each(rows)('with the policy %s and %s there', (policy, _, there, action, reason) => {
    expect(decide(file, there, policy)).toEqual({ action, reason });
    expect(decide({ ...file, kind: 'symlink' }, there, policy)).toEqual({ action, reason });
  });
});

describe('for everything that can stand there', () => {
  const kinds = fc.constantFrom('file' as const, 'symlink' as const);
  const times = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
  const standings = fc.record({
    kind: fc.constantFrom<Standing['kind']>('file', 'symlink', 'other'),
    mtimeNs: times,
    same: fc.boolean(),
  });

  test('content is compared only where the policy needs it, for it costs a reading', () => {
    fc.assert(
      fc.property(kinds, times, standings, fc.constantFrom(...policies), (kind, mtimeNs, there, policy) => {
        let comparisons = 0;
        const isSame = (): boolean => {
          comparisons += 1;
          return there.same;
        };
        decide({ kind, mtimeNs }, { ...there, isSame }, policy);
        expect(comparisons).toBe(policy === 'if-changed' ? 1 : 0);
      }),
    );
  });

  test('nothing is written by `never`, nothing is lost to an older backup by `if-newer`, all is written by `always`', () => {
    fc.assert(
      fc.property(kinds, times, standings, (kind, mtimeNs, there) => {
        const actionBy = (policy: OverwritePolicy): RestoreAction =>
          decide({ kind, mtimeNs }, { ...there, isSame: () => there.same }, policy).action;
        expect(actionBy('never')).toBe('keep');
        expect(actionBy('always')).toBe('overwrite');
        expect(actionBy('if-newer')).toBe(mtimeNs > there.mtimeNs ? 'overwrite' : 'keep');
        expect(actionBy('if-changed')).toBe(there.same ? 'unchanged' : 'overwrite');
      }),
    );
  });
});
