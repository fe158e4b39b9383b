/** What becomes of a `.env` file when a backup's comes into it. */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { mergeEnvFiles } from '../../lib/targets/environment-merge.ts';

const merged = (current: string, backup: string, keeps: string[] = []): string =>
  mergeEnvFiles(Buffer.from(current), Buffer.from(backup), keeps).toString('utf8');

describe('the values of the backup', () => {
  const cases: [string, string, string, string][] = [
    [
      'come in place, among comments and what only the current file has',
      '# mine\nA=1 # note\n\nONLY=here\nB=2\n',
      'B=3\nA=9\n',
      '# mine\nA=9 # note\n\nONLY=here\nB=3\n',
    ],
    ['keep their quotes, and lines', 'A=1\nB=2\n', 'A="x\ny"\n', 'A="x\ny"\nB=2\n'],
    ['take the place of lines in quotes', 'A="x\ny" # c\nB=2\n', "A='z'\n", "A='z' # c\nB=2\n"],
    ['come behind `export`, and behind a colon', 'export A=1\nB: 2\n', 'A=3\nB=4\n', 'export A=3\nB: 4\n'],
    ['come last where nothing has their name', 'A=1', 'A=1\nexport C=\nD=4 # gone\n', 'A=1\nexport C=\nD=4\n'],
    ['come to every place that has their name', 'A=1\nA=2\n', 'A=3\n', 'A=3\nA=3\n'],
    ['count by their last place', 'A=1\n', 'A=2\nA=3\n', 'A=3\n'],
    ['can be empty, and fill what is empty', 'A=1\nB=\nC= # c\n', 'A=\nB=2\nC=3\n', 'A=\nB=2\nC=3 # c\n'],
    ['leave what is equal as it is written', "A='x'   # c\n", 'A="x"\n', "A='x'   # c\n"],
    ['keep the line ends of the current file', 'A=1\r\nB=2\r\n', 'A=3\nC=4\n', 'A=3\r\nB=2\r\nC=4\r\n'],
    ['do not wake what is commented out', '#A=1\n', 'A=2\n', '#A=1\nA=2\n'],
    ['end before a letter that some take for a space', 'A=voilà\nB=1\n', 'A=déjà\n', 'A=déjà\nB=1\n'],
    ['find a name behind a byte order mark', '\ufeffA=1\n', 'A=2\n', '\ufeffA=2\n'],
  ];

  test.each(cases)('%s', (_story, current, backup, expected) => {
    expect(merged(current, backup)).toBe(expected);
  });

  test('are all there is where nothing is there, or nothing but space', () => {
    for (const current of ['', '\n \n']) expect(merged(current, '# c\nA=1')).toBe('# c\nA=1');
  });

  test('do not replace the names that are to stay', () => {
    expect(merged('KEY=new\nA=1\n', 'KEY=old\nA=2\n', ['KEY'])).toBe('KEY=new\nA=2\n');
    expect(merged('A=1\n', 'KEY=old\nA=2\n', ['KEY'])).toBe('A=2\nKEY=old\n');
  });
});

test('bytes that are not UTF-8 come through', () => {
  const current = Buffer.from([...Buffer.from('A=1\nB='), 0xe9, 0xa0, 0x0a]);
  const backup = Buffer.from([...Buffer.from('A='), 0xff, 0xc3, 0x0a]);
  const expected = Buffer.from([...Buffer.from('A='), 0xff, 0xc3, ...Buffer.from('\nB='), 0xe9, 0xa0, 0x0a]);
  expect(mergeEnvFiles(current, backup).equals(expected)).toBe(true);
});

test('what is no text at all is replaced', () => {
  const backup = Buffer.from('A=1\n');
  expect(mergeEnvFiles(Buffer.from('B=2\0\n'), backup).equals(backup)).toBe(true);
});

test('whatever two files hold: each name has its value of the backup, else its own; and again changes nothing', () => {
  const names = fc.constantFrom('A', 'B', 'C_1', 'D.x', 'e');
  const values = fc.constantFrom('', '1', '"two words"', "'x # y'", '"a\nb"', 'a=b', '`t`', '$A');
  const lines = fc.record({ name: names, value: values, sign: fc.constantFrom('=', ' = ', ': ') });
  const texts = fc.array(
    fc.oneof(
      lines.map(({ name, value, sign }) => name + sign + value),
      fc.constantFrom('# c', ''),
    ),
  );
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      const [current, backup] = [one.join('\n'), other.join('\n')];
      const result = merged(current, backup);
      expect(parse(result)).toEqual({ ...parse(current), ...parse(backup) });
      expect(merged(result, backup)).toBe(result);
    }),
  );
});
