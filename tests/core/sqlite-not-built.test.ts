import { expect, jest, test } from '@jest/globals';

test.each([
  Object.assign(new Error('Could not locate the bindings file. Tried:\n → /app/better_sqlite3.node'), { tries: [] }),
  Object.assign(new Error('compiled against a different Node.js version'), { code: 'ERR_DLOPEN_FAILED' }),
])('a library that was not built for this Node is told as that (%#)', async (failure) => {
  jest.resetModules();
  jest.unstable_mockModule('better-sqlite3', () => ({
    default: class {
      constructor() {
        throw failure;
      }
    },
  }));
  const { openSqlite } = await import('../../lib/core/open-sqlite.ts');
  let thrown: unknown;
  try {
    openSqlite(':memory:');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'SQLITE_NOT_BUILT',
    hint: expect.stringContaining('npm rebuild better-sqlite3'),
  });
});
