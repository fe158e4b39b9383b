import type { Random } from './random.ts';

/** Numbers at the edges of every type that somebody might keep them in. */
const numbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  2,
  255,
  256,
  511,
  512,
  513,
  4095,
  65_535,
  65_536,
  (1 << 20) + 1,
  64 << 20,
  (64 << 20) + 1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 2,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 33,
  2 ** 40,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  1e308,
  -1e308,
  0.5,
  -0.5,
  1e-300,
  1.0000001,
];

/** Texts that mean something to somebody: paths out, shells, terminals, prototypes. */
const texts: readonly string[] = [
  '',
  '.',
  '..',
  '../outside/planted',
  'state/../../outside/planted',
  '/outside/planted',
  '//outside/planted',
  './state/x',
  'state//x',
  'state/./x',
  'state/x/',
  'C:\\outside\\planted',
  'C:/outside',
  '\\\\server\\share\\x',
  '..\\..\\outside\\planted',
  'state\\..\\..\\outside',
  'state/x\0.txt',
  '\0',
  'state/\u001b[2J\u001b]0;owned\u0007',
  '\u009b31mred',
  '\u202etxt.exe',
  'a\nb',
  '\r\nall is well',
  '$(touch planted)',
  '`touch planted`',
  "'; touch planted; '",
  'x"; touch planted; "',
  '--help',
  '-rf',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '__proto__/x',
  'state/app.json',
  'STATE/APP.JSON',
  'state/caf\u00e9',
  'state/cafe\u0301',
  'state/\udce9',
  'state/\ud800',
  'state/\udcc3\udca9',
  'state/trailing ',
  'state/trailing.',
  'state/CON',
  'NaN',
  '1e999',
  '-1',
  '0x10',
  '9'.repeat(400),
  'a'.repeat(300),
  'a/'.repeat(3000),
  `state/${'a'.repeat(5000)}`,
  '\ud83d\ude00'.repeat(100),
  '{}',
  'null',
  '2026-13-45T99:99:99Z',
  '99999999999999999.999999999',
  '-9999999999999999999.999999999',
  '0.000000000',
  'f'.repeat(64),
  'sha256:',
  'backup-2026-06-19T12-00-00-000Z-abc123',
];

export const extremeNumber = (random: Random): number => random.pick(numbers);
export const extremeText = (random: Random): string => random.pick(texts);

/** Any JSON value that has another type, or an extreme one of the same. */
export function extremeValue(random: Random): unknown {
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return extremeNumber(random);
    case 3:
    case 4:
      return extremeText(random);
    case 5:
      return null;
    case 6:
      return random.chance(0.5);
    case 7:
      return random.pick<unknown>([[], [[]], [null], [1, 'x'], Array.from({ length: 2000 }, () => 0)]);
    default:
      return random.pick<unknown>([{}, { length: 1e9 }, { toString: 1 }, nested(random.pick([3, 20, 2000]))]);
  }
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
