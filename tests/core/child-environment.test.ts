import { expect, test } from '@jest/globals';
import { childEnvironment } from '../../lib/core/child-environment.ts';

test('what holds a key or leads to one is left out, and all else is passed on', () => {
  const given = {
    PATH: '/bin',
    BACKUP_ROOT: '/app',
    BACKUP_ENCRYPTION_KEY: 'a',
    BACKUP_ENCRYPTION_KEY_FILE: 'b',
    BACKUP_ENCRYPTION_KEY_COMMAND: 'c',
    backup_encryption_key: 'Windows does not tell the case',
    MY_BACKUP_ENCRYPTION_NOTE: 'd',
    UNSET: undefined,
  };
  expect(childEnvironment(given)).toEqual({ PATH: '/bin', BACKUP_ROOT: '/app', MY_BACKUP_ENCRYPTION_NOTE: 'd' });
});

test('by default it is that of this process, as it is then', () => {
  process.env.BACKUP_ENCRYPTION_KEY = 'a';
  process.env.OF_THIS_TEST = 'b';
  try {
    const environment = childEnvironment();
    expect(environment.OF_THIS_TEST).toBe('b');
    expect(environment).not.toHaveProperty('BACKUP_ENCRYPTION_KEY');
  } finally {
    delete process.env.BACKUP_ENCRYPTION_KEY;
    delete process.env.OF_THIS_TEST;
  }
});
