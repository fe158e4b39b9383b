import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { corruptName } from '../../lib/operations/corrupt-name.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let root: string;
beforeEach(() => {
  root = makeTemporaryFolder('corrupt-name');
});
afterEach(() => removeTemporaryFolder(root));

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), path);
  }
}

const database = { path: 'database/app.db', origin: 'data/app.db' };
const file = (path: string, origin: string) => ({ path, origin, isFolder: false });
const folder = (path: string, origin: string) => ({ path, origin, isFolder: true });

test('the raw file of a corrupt database stands beside its name', () => {
  write('data/app.db');
  expect(corruptName(database, root, [file('database/app.db', 'data/app.db')])).toEqual({
    path: 'database/app.db.corrupt',
    origin: 'data/app.db.corrupt',
  });
});

test('it never takes the name of a file or folder of the project, whether that is in the backup or not', () => {
  write('data/app.db.corrupt', 'data/app.db.corrupt-2/x');
  expect(corruptName(database, root, [])).toEqual({
    path: 'database/app.db.corrupt-3',
    origin: 'data/app.db.corrupt-3',
  });
});

test.each(['wal', 'shm', 'journal'])('nor one at which a -%s of the project would be taken for its own', (ending) => {
  write(`data/app.db.corrupt-${ending}`);
  expect(corruptName(database, root, []).origin).toBe('data/app.db.corrupt-2');
  const other = file(`database/app.db.corrupt-2-${ending}`, 'elsewhere/x');
  expect(corruptName(database, root, [other]).origin).toBe('data/app.db.corrupt-3');
});

test('nor the place of another source of its target', () => {
  const named = (...placed: Parameters<typeof corruptName>[2]): string => corruptName(database, root, placed).path;
  expect(named(file('database/app.db.corrupt', 'elsewhere/app.db.corrupt'))).toBe('database/app.db.corrupt-2');
  expect(named(file('database/app.db.corrupt/x.db', 'app.db.corrupt/x.db'))).toBe('database/app.db.corrupt-2');
  expect(named(file('agents/app.db.corrupt', 'agents/app.db.corrupt'))).toBe('database/app.db.corrupt');
});

test('nor that of a file in a folder which stands directly in its target', () => {
  write('database/app.db.corrupt');
  expect(corruptName(database, root, [folder('database', 'database')]).path).toBe('database/app.db.corrupt-2');
  expect(corruptName(database, root, [folder('database', '')]).path).toBe('database/app.db.corrupt');
  write('app.db.corrupt');
  expect(corruptName(database, root, [folder('database', '')]).path).toBe('database/app.db.corrupt-2');
});
