import { expect, test } from '@jest/globals';
import { finding } from '../../lib/core/findings.ts';
import { UnreadPaths } from '../../lib/operations/unread-paths.ts';

test('what could not be read, and what lies below it, was not looked at', () => {
  const cause = finding('folder-unreadable', { path: 'state/closed', reason: 'EACCES' });
  const unread = new UnreadPaths([cause, finding('special-file', { path: 'state/socket', kind: 'socket' })]);
  unread.add('data/app.db');
  expect(unread.around('state/closed')).toEqual({ path: 'state/closed', cause });
  expect(unread.around('state/closed/deep/file')).toEqual({ path: 'state/closed', cause });
  expect(unread.around('data/app.db')).toEqual({ path: 'data/app.db', cause: undefined });
  for (const path of ['state', 'state/closed-not', 'state/socket', 'data/app.db-x']) {
    expect(unread.around(path)).toBeUndefined();
  }
});

test('a root that could not be read is around everything', () => {
  const unread = new UnreadPaths();
  expect(unread.around('a/b')).toBeUndefined();
  unread.add('.');
  expect(unread.around('a/b')).toEqual({ path: '.', cause: undefined });
});
