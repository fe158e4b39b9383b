import { describe, expect, it } from '@jest/globals';
import { foldText } from '../../lib/cli/fold-text.ts';

describe('a sentence beside other columns', () => {
  it('breaks at spaces, and never within a command', () => {
    expect(foldText('Run `npm run backup:doctor -- --repair`. Until then no backup is made.', 42)).toEqual([
      'Run `npm run backup:doctor -- --repair`.',
      'Until then no backup is made.',
    ]);
  });

  it('breaks Japanese between two signs, and begins no line with a full stop', () => {
    expect(foldText('鍵を作ってください。保存します。', 18)).toEqual(['鍵を作ってくださ', 'い。保存します。']);
  });

  it('leaves whole what fits, and words that fit nowhere', () => {
    expect(foldText('', 10)).toEqual(['']);
    expect(foldText('short', 10)).toEqual(['short']);
    expect(foldText('a-very-long-word b', 4)).toEqual(['a-very-long-word', 'b']);
    expect(foldText('any length', Number.POSITIVE_INFINITY)).toEqual(['any length']);
  });
});
