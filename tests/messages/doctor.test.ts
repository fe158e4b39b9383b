import { describe, expect, test } from '@jest/globals';
import { en } from '../../lib/messages/en/index.ts';
import { ja } from '../../lib/messages/ja/index.ts';
import type { FactCode } from '../../lib/monitor/health-check.ts';

type Say = (params: object, bytes: (amount: number) => string) => string;

const numbers: Record<string, number> = { count: 7, owner: 4711, files: 3, size: 11, freeBytes: 22, neededBytes: 33 };
/** Parameters of any name: numbers where the sentences count, a word for all else. */
const anyParams = new Proxy(
  {},
  {
    get: (_, name) => {
      if (name === 'programs') return ['tar'];
      if (name === 'use') return 'xz';
      if (name === 'kind') return 'uploads';
      if (name === 'ageHours') return 30;
      return numbers[String(name)] ?? `«${String(name)}»`;
    },
  },
);
const bytes = (amount: number): string => `«${amount} bytes»`;
const named = (text: string): string[] => [...new Set(text.match(/«[\w ]+»|\b4711\b/g) ?? [])].sort();
const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

describe('what doctor says', () => {
  const tables = [
    ['says', en.doctor.says, ja.doctor.says],
    ['hints', en.doctor.hints, ja.doctor.hints],
  ] as const;
  const cases = tables.flatMap(([table, english, translated]) =>
    Object.keys(english).map((code) => [
      `${table} ${code}`,
      (english as Record<string, Say>)[code]!(anyParams, bytes),
      (translated as Record<string, Say>)[code]!(anyParams, bytes),
    ]),
  );

  test.each(cases)('%s: the same things in both languages', (_, english, translated) => {
    expect(named(translated)).toEqual(named(english));
    expect(english + translated).not.toMatch(/undefined|NaN|\[object/);
    // The reason of a key or a library that fails is a sentence of its own.
    if (english !== '«reason»') expect(translated).toMatch(japanese);
  });

  test('every problem that can be mended has its advice', () => {
    const mendable: FactCode[] = ['others-may-write', 'others-may-read', 'key-absent', 'key-exposed', 'store-in-git'];
    expect(Object.keys(en.doctor.hints)).toEqual(expect.arrayContaining(mendable));
  });
});
