import { describe, expect, test } from '@jest/globals';
import { errorCatalogue, type ErrorCode } from '../../lib/core/error-catalogue.ts';
import { BackupError } from '../../lib/core/errors.ts';
import { finding, findingCatalogue, type Finding, type FindingCode } from '../../lib/core/findings.ts';
import { describeError, describeFinding } from '../../lib/messages/describe.ts';
import { errors as japaneseErrors } from '../../lib/messages/ja/errors.ts';
import { findings as japaneseFindings } from '../../lib/messages/ja/findings.ts';

/** Parameters of any name: lists where the catalogue wants lists, a word for all else. */
const listNames = ['known', 'targets', 'matches', 'problems', 'paths', 'asked', 'tried'];
const anyParams = new Proxy(
  {},
  { get: (_, name) => (listNames.includes(String(name)) ? ['first-thing', 'second-thing'] : `«${String(name)}»`) },
);

const errorCodes = Object.keys(errorCatalogue) as ErrorCode[];
const findingCodes = Object.keys(findingCatalogue) as FindingCode[];
const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

/** The parameters that a sentence names, so that no translation loses one. */
const namedIn = (text: string): string[] => [...new Set(text.match(/«\w+»|first-thing|second-thing/g) ?? [])].sort();

describe('errors in two languages', () => {
  test.each(errorCodes)('%s says the same things in both', (code) => {
    const error = new BackupError(code, anyParams);
    const english = describeError(error, 'en');
    const translated = describeError(error, 'ja');
    for (const text of [english.message, english.hint ?? '', translated.message, translated.hint ?? '']) {
      expect(text).not.toMatch(/undefined|\[object|NaN/);
    }
    expect(english.message).toBe(error.message);
    expect(namedIn(translated.message + (translated.hint ?? ''))).toEqual(
      namedIn(english.message + (english.hint ?? '')),
    );
    expect(translated.hint === undefined).toBe(english.hint === undefined);
  });

  test('optional parameters leave no trace where they are absent', () => {
    for (const language of ['en', 'ja'] as const) {
      const texts = [
        describeError(new BackupError('TARGET_UNKNOWN', { name: 'lgos', known: ['logs'] }), language),
        describeError(new BackupError('BACKUP_NOT_FOUND', { name: 'x', store: '/b' }), language),
        describeError(new BackupError('STORE_LOCKED', { store: '/b', waitedSeconds: 3 }), language),
        describeError(new BackupError('SCHEDULE_UNKNOWN', { name: 'x', known: [] }), language),
        describeError(new BackupError('USAGE', { problem: 'problem' }), language),
      ];
      for (const { message, hint } of texts) expect(`${message} ${hint}`).not.toContain('undefined');
    }
  });

  test('Japanese is Japanese, and no code is left over', () => {
    expect(Object.keys(japaneseErrors).sort()).toEqual([...errorCodes].sort());
    // What USAGE says, its thrower has said in the person's language already.
    for (const code of errorCodes.filter((one) => one !== 'USAGE')) {
      const { message, hint } = japaneseErrors[code](anyParams as never);
      expect(message + (hint ?? '')).toMatch(japanese);
    }
  });

  test('a secret that a driver put into its reason is not shown', () => {
    const reason = 'cannot reach postgres://app:hunter2!@db/main';
    for (const language of ['en', 'ja'] as const) {
      const text = describeError(new BackupError('WRITE_FAILED', { path: '/b', operation: 'x', reason }), language);
      expect(text.message).toContain('postgres://[masked:8-15]@db/main');
      expect(text.message).not.toContain('hunter2');
    }
  });
});

describe('findings in two languages', () => {
  const params = { path: '«path»', target: '«target»', reason: '«reason»', kind: '«kind»' };
  const more = { expected: '«expected»', found: '«found»', beside: '«beside»', count: 7 };

  test.each(findingCodes)('%s says the same things in both', (code) => {
    const one = finding(code, { ...params, ...more });
    const english = describeFinding(one, 'en');
    const translated = describeFinding(one, 'ja');
    expect(english).toBe(one.message);
    expect(translated).toMatch(japanese);
    expect(english + translated).not.toMatch(/undefined|\[object|NaN/);
    expect(namedIn(translated)).toEqual(namedIn(english));
    expect(translated.includes('7')).toBe(english.includes('7'));
  });

  test('a socket is called by its Japanese name', () => {
    const one = finding('special-file', { path: 'run/app.sock', kind: 'socket' });
    expect(describeFinding(one, 'ja')).toBe('run/app.sock はソケットのため、対象から外しました。');
  });

  test('no code is left over', () => {
    expect(Object.keys(japaneseFindings).sort()).toEqual([...findingCodes].sort());
  });

  test('a finding of a newer version says itself in English', () => {
    const one = { ...finding('file-changed', { path: 'a' }), code: 'from-the-future', message: 'Something new.' };
    expect(describeFinding(one as unknown as Finding, 'ja')).toBe('Something new.');
  });
});
