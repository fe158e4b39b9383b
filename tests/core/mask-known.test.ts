import { describe, expect, test } from '@jest/globals';
import { BackupError } from '../../lib/core/errors.ts';
import { finding } from '../../lib/core/findings.ts';
import { hideKnown } from '../../lib/core/mask-known.ts';

describe('secrets that are known from variables', () => {
  const hide = hideKnown({
    DB_PASSWORD: 'lantern-moss',
    ADMIN_PASSWORD: 'postgres',
    SHORT_PASSWORD: 'abc',
    QUOTED_PASSWORD: 'lan"tern\\moss',
    TLS_KEY: 'first line of it\nsecond line of it',
    NODE_ENV: 'production-like',
    EMPTY_TOKEN: '',
    UNSET_TOKEN: undefined,
  });

  test.each([
    ['"lantern-moss" is no number', '"[masked:8-15]" is no number'],
    ['/srv/lantern-moss/x', '/srv/[masked:8-15]/x'],
    ['{"a":"lan\\"tern\\\\moss"}', '{"a":"[masked:8-15]"}'],
    ['at second line of it, then', 'at [masked:16-31], then'],
    // A plain word is one where it stands by itself.
    ['user postgres: refused', 'user [masked:8-15]: refused'],
  ])('are hidden: %s', (text, hidden) => {
    expect(hide(text)).toBe(hidden);
    expect(hide(hidden)).toBe(hidden);
  });

  test.each(['postgres://localhost/x', '/var/lib/postgres/data', 'abc', 'production-like', 'nothing'])(
    'other words stay: %s',
    (text) => {
      expect(hide(text)).toBe(text);
    },
  );
});

describe('what an error holds', () => {
  const said = (error: BackupError): string => JSON.stringify([error.message, error.params, error.hint]);

  test('is no secret, for those who embed the toolkit neither', () => {
    const errors = [
      new BackupError('OPTION_INVALID', { option: 'encryption-key', value: 'lantern-moss', expected: 'a file' }),
      new BackupError('OPTION_INVALID', { option: 'set-option', value: 'db.password=lantern-moss', expected: 'x' }),
      new BackupError('VARIABLE_INVALID', { name: 'DB_PASSWORD', value: 'lantern-moss', expected: 'a number' }),
      new BackupError('CONFIG_UNREADABLE', { file: 'a', reason: 'postgres://a:lantern-moss@h is not there' }),
      new BackupError('CONFIG_INVALID', { file: 'a', problems: ['x: found "https://a:lantern-moss@h"'] }),
      new BackupError('PACKAGE_UNREADABLE', {
        file: 'a',
        reason: `Unexpected token 'l', "lantern-moss" is not valid JSON`,
      }),
      new BackupError('UNEXPECTED', { problem: 'password=lantern-moss was refused' }),
    ];
    for (const error of errors) expect(said(error)).not.toContain('lantern');
  });

  test('is said where it is none', () => {
    const error = new BackupError('OPTION_INVALID', { option: 'keep-days', value: 'many', expected: 'a number' });
    expect(error.params).toEqual({ option: 'keep-days', value: 'many', expected: 'a number' });
    expect(error.message).toContain('"many"');
  });

  test("and a finding's reason is masked before it rests in metadata.json", () => {
    const one = finding('database-unreadable', { path: 'a.db', reason: 'password=lantern-moss was refused' });
    expect(JSON.stringify(one)).not.toContain('lantern');
    expect(one.params.path).toBe('a.db');
    expect(finding('file-unreadable', { path: 'a', reason: 'EACCES' }).params).toEqual({ path: 'a', reason: 'EACCES' });
  });
});
