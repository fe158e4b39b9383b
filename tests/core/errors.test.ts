import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { errorCatalogue, exitCode } from '../../lib/core/error-catalogue.ts';
import {
  BackupError,
  isBackupError,
  isSystemError,
  placeError,
  reasonOf,
  systemCode,
  writeError,
} from '../../lib/core/errors.ts';

function systemError(code: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: something failed`), { code });
}

describe('an error of the toolkit', () => {
  const error = new BackupError('BACKUP_NOT_FOUND', { name: 'lates', store: '/store', nearest: 'latest' });

  test('says what failed, on which thing, and what to do next', () => {
    expect(error.message).toBe('There is no backup "lates" in /store; the nearest is latest.');
    expect(error.hint).toMatch(/backup:list/);
    expect(error).toMatchObject({ code: 'BACKUP_NOT_FOUND', exitCode: 10, name: 'BackupError' });
    expect(error.params).toEqual({ name: 'lates', store: '/store', nearest: 'latest' });
  });

  test('keeps its cause', () => {
    const cause = systemError('ENOSPC');
    expect(new BackupError('NO_SPACE', { path: '/x', operation: 'writing' }, { cause }).cause).toBe(cause);
  });

  test('is known by its code', () => {
    expect(isBackupError(error)).toBe(true);
    expect(isBackupError(error, 'BACKUP_NOT_FOUND')).toBe(true);
    expect(isBackupError(error, 'STORE_LOCKED')).toBe(false);
    for (const other of [new Error('x'), systemError('ENOENT'), undefined, null, 'x', { code: 'BACKUP_NOT_FOUND' }]) {
      expect(isBackupError(other)).toBe(false);
    }
  });
});

describe('the catalogue', () => {
  /** Answers every parameter: a sentence may use any. */
  const anything: Record<string, unknown> = new Proxy(
    {
      known: ['a', 'b'],
      targets: ['a', 'b'],
      matches: ['a', 'b'],
      tried: ['a', 'b'],
      paths: ['a', 'b'],
      asked: ['retention'],
      problems: ['a problem'],
      waitedSeconds: 3,
      line: 1,
      column: 2,
    },
    {
      get: (given: Record<string, unknown>, key) => (typeof key === 'string' ? (given[key] ?? `<${key}>`) : undefined),
    },
  );
  const texts = Object.entries(errorCatalogue).map(([code, { exitCode: exit, text }]) => {
    const sentences = (text as (params: unknown) => { message: string; hint?: string })(anything);
    return { code, exit, ...sentences };
  });

  test.each(texts)('$code is whole sentences', ({ message, hint }) => {
    for (const sentence of [message, ...(hint === undefined ? [] : [hint])]) {
      expect(sentence).toMatch(/^[A-Z<"`/]/);
      expect(sentence).toMatch(/[.!?>"]$|a problem$/);
      expect(sentence).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  test('has an exit code that the commands document, and a next step for all but two', () => {
    const known = Object.values(exitCode) as number[];
    expect(texts.filter((one) => !known.includes(one.exit))).toEqual([]);
    expect(texts.filter((one) => one.hint === undefined).map((one) => one.code)).toEqual([
      'INTERRUPTED',
      'NOT_CONFIRMED',
    ]);
  });

  test('reviews its wording here', () => {
    expect(texts.map(({ code, exit, message }) => `${code} (${exit}): ${message}`)).toMatchSnapshot();
  });
});

describe('an error of the system', () => {
  test('is known by its code, whoever threw it', () => {
    expect(isSystemError(systemError('ENOENT'), 'EACCES', 'ENOENT')).toBe(true);
    expect(isSystemError(systemError('ENOENT'), 'EACCES')).toBe(false);
    expect(isSystemError(new Error('ENOENT'), 'ENOENT')).toBe(false);
    expect([systemCode(undefined), systemCode(null), systemCode('ENOENT'), systemCode({ code: 5 })]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    try {
      readFileSync('/nowhere/at/all');
    } catch (error) {
      expect(systemCode(error)).toBe('ENOENT');
    }
  });

  test.each([
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['EROFS', 'STORE_READ_ONLY'],
    ['EACCES', 'STORE_READ_ONLY'],
    ['EPERM', 'STORE_READ_ONLY'],
    ['EIO', 'WRITE_FAILED'],
  ])('%s while the store is written becomes %s', (code, expected) => {
    const cause = systemError(code);
    const error = writeError(cause, '/store', 'writing the backup');
    expect(error).toMatchObject({ code: expected, exitCode: 1 });
    expect(error.message).toContain('/store');
    expect(error.cause).toBe(cause);
  });

  test.each([
    ['ENOSPC', 'NO_SPACE'],
    ['EACCES', 'WRITE_FAILED'],
    ['EROFS', 'WRITE_FAILED'],
    ['ENOTEMPTY', 'WRITE_FAILED'],
  ])('%s at the destination becomes %s: it is not the store', (code, expected) => {
    expect(placeError(systemError(code), '/project', 'restoring')).toMatchObject({ code: expected });
  });

  test('passes where it is known already, or is a mistake of ours', () => {
    const known = new BackupError('INTERRUPTED', {});
    expect(writeError(known, '/x', 'writing')).toBe(known);
    expect(placeError(known, '/x', 'writing')).toBe(known);
    for (const mistake of [systemError('ERR_INVALID_ARG_TYPE'), new TypeError('x is not a function')]) {
      expect(placeError(mistake, '/x', 'writing')).toBe(mistake);
    }
  });

  test('has a short reason', () => {
    expect([reasonOf(new Error('why')), reasonOf('text'), reasonOf(5)]).toEqual(['why', 'text', '5']);
  });
});
