import { describe, expect, test } from '@jest/globals';
import pc from 'picocolors';
import type { Output } from '../../lib/cli/output.ts';
import { plainTable } from '../../lib/cli/table.ts';

const output = (color: boolean): Output => ({ color: pc.createColors(color) }) as Output;

describe('a table', () => {
  test('has columns as wide as what is in them, and nothing at the end of a line', () => {
    const rows = [
      ['state', '3', 'x'],
      ['a', '1,000', ''],
    ];
    expect(plainTable(output(false), ['Target', 'Files', 'More'], rows, [1]).split('\n')).toEqual([
      'Target  Files  More',
      'state       3  x',
      'a       1,000',
    ]);
  });

  test('without a head begins with its rows', () => {
    expect(
      plainTable(
        output(false),
        [],
        [
          ['a', 'b'],
          ['longer', 'c'],
        ],
      ),
    ).toBe('a       b\nlonger  c');
    expect(plainTable(output(false), [], [])).toBe('');
  });

  test('counts wide characters as two, colours as none', () => {
    const { green } = pc.createColors(true);
    const lines = plainTable(
      output(true),
      ['名前', 'x'],
      [
        [green('設定'), '1'],
        ['plain', '2'],
        ['🚀', '3'],
      ],
    ).split('\n');
    // eslint-disable-next-line no-control-regex -- a terminal's colours
    expect(lines.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual([
      '名前   x',
      '設定   1',
      'plain  2',
      '🚀     3',
    ]);
    expect(lines[1]).toContain(green('設定'));
  });
});
