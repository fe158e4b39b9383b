import { BackupError } from '../core/errors.ts';

/** The name that a user gives a backup. @throws BackupError OPTION_INVALID */
export function backupName(name: string): string {
  if (name.trim() === '' || name.length > 200 || /\p{Cc}/u.test(name)) {
    throw new BackupError('OPTION_INVALID', {
      option: 'name',
      value: name.slice(0, 50),
      expected: '1 to 200 printable characters',
    });
  }
  if (name === 'latest' || name.startsWith('backup-')) {
    // Such a name would stand for another backup, or hide one.
    throw new BackupError('OPTION_INVALID', {
      option: 'name',
      value: name,
      expected: 'a name that is not `latest` and does not begin like an ID',
    });
  }
  return name;
}
