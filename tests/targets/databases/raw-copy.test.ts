import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { toSystemPath } from '../../../lib/core/path-bytes.ts';
import { copyRaw } from '../../../lib/targets/databases/raw-copy.ts';
import { makeDatabase, SqliteFolder } from './sqlite-folder.ts';

let folder: SqliteFolder;

beforeEach(() => {
  folder = new SqliteFolder();
});
afterEach(() => folder.remove());

test.each(['scratch', 'scr\udcffatch'])('a raw copy lies in the scratch folder, private, also in %j', (name) => {
  makeDatabase(folder.file('a.db'));
  const scratch = folder.file(name);
  mkdirSync(toSystemPath(scratch));
  const copy = copyRaw(folder.file('a.db'), scratch);
  expect(dirname(dirname(copy.path))).toBe(scratch);
  const modeOf = (path: string): string => (statSync(toSystemPath(path)).mode & 0o777).toString(8);
  expect([modeOf(copy.path), modeOf(dirname(copy.path))]).toEqual(['600', '700']);
  copy.dispose();
  expect(readdirSync(toSystemPath(scratch))).toEqual([]);
  rmdirSync(toSystemPath(scratch));
});
