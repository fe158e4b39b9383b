import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SqliteCopy } from '../../../lib/targets/databases/sqlite-driver.ts';
import { makeDatabase, SqliteFolder, withDatabase } from './sqlite-folder.ts';

/** Folders that whoever makes the backup may read and not write to. Root may write everywhere, so it becomes someone else. */
let folder: SqliteFolder;
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

beforeEach(() => {
  folder = new SqliteFolder();
  mkdirSync(folder.file('theirs'));
  mkdirSync(folder.file('ours'));
  chmodSync(folder.path, 0o755);
  if (isRoot) chownSync(folder.file('ours'), nobody, nobody);
});

afterEach(() => {
  chmodSync(folder.file('theirs'), 0o755);
  folder.remove();
});

function copyAsForeigner(): SqliteCopy {
  for (const name of readdirSync(folder.file('theirs'))) chmodSync(folder.file(`theirs/${name}`), 0o444);
  chmodSync(folder.file('theirs'), 0o555);
  const before = listing();
  const script = fileURLToPath(new URL('./copy-as.ts', import.meta.url));
  const command = ['--import', 'tsx', script, folder.file('theirs/a.db'), folder.file('ours/copy.db')];
  const output = execFileSync(process.execPath, command, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  expect(listing()).toEqual(before);
  expect(readdirSync(folder.file('ours'))).toEqual(['copy.db']);
  return JSON.parse(output) as SqliteCopy;
}

function listing(): string[] {
  return readdirSync(folder.file('theirs')).map((name) => {
    const { size, mtimeMs } = statSync(folder.file(`theirs/${name}`));
    return `${name} ${size} ${mtimeMs}`;
  });
}

test.each(['delete', 'wal'])('a database at rest in %s mode', (mode) => {
  makeDatabase(folder.file('theirs/a.db'), `PRAGMA journal_mode = ${mode}`);
  const bytes = readFileSync(folder.file('theirs/a.db'));
  expect(copyAsForeigner()).toMatchObject({ tables: ['note'], bytes: bytes.length });
});

test('a database with a log that an application left, without the index of the log', () => {
  withDatabase(folder.file('living.db'), (database) => {
    database.exec('PRAGMA journal_mode = wal; CREATE TABLE a (b); INSERT INTO a VALUES (42)');
    copyFileSync(folder.file('living.db'), folder.file('theirs/a.db'));
    copyFileSync(folder.file('living.db-wal'), folder.file('theirs/a.db-wal'));
  });
  expect(copyAsForeigner()).toMatchObject({ tables: ['a'] });
});
