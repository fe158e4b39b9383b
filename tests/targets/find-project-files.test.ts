import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  findProjectFiles,
  isEnvFileName,
  type DatabaseSearch,
  type FindOptions,
} from '../../lib/targets/find-project-files.ts';
import { stagingPrefix } from '../../lib/targets/scan-folder.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let root: string;
beforeEach(() => {
  root = makeTemporaryFolder('find');
});
afterEach(() => removeTemporaryFolder(root));

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), path);
  }
}

type Fields = Partial<Omit<FindOptions, 'databases'> & DatabaseSearch>;

function optionsWith({ root: folder = root, exclude = [], neverEnter = new Set(), ...search }: Fields): FindOptions {
  const databases: DatabaseSearch = {
    classOf: (origin, size) => (origin.endsWith('.db') ? (size > 0 ? 'database' : 'name') : undefined),
    scanned: new Set(),
    isExpected: (name) => name.endsWith('.db'),
    ...search,
  };
  return { root: folder, exclude, neverEnter, databases };
}

const find = (fields: Fields = {}): ReturnType<typeof findProjectFiles> => findProjectFiles(optionsWith(fields));

test('a walk through the project finds what it is asked for, sorted', () => {
  write('a/app.db', 'app.db', 'Z.db', 'src/deep/er/cache.db', 'empty.txt');
  writeFileSync(join(root, 'new.db'), '');
  write('certs/server.pem', 'ca.crt', 'X.CER', 'server.key');
  write('.env', '.env.production', 'apps/web/.env.local', '.env.example', '.envrc');
  write('logs/access.log', 'logs/access.log.1', 'logs/nginx-access.log', 'logs/accessory.log', 'logs/access.log.gz');
  expect(find()).toEqual({
    databases: ['Z.db', 'a/app.db', 'app.db', 'src/deep/er/cache.db'],
    databaseNames: ['new.db'],
    unsearched: [],
    certificates: ['X.CER', 'ca.crt', 'certs/server.pem'],
    accessLogs: ['logs/access.log', 'logs/access.log.1', 'logs/nginx-access.log'],
    envFiles: ['.env', '.env.production', 'apps/web/.env.local'],
  });
});

test('it asks about files only, with the size that they have', () => {
  write('a.db', 'folder.db/b.db');
  symlinkSync('a.db', join(root, 'link.db'));
  symlinkSync('folder.db', join(root, 'link-to-folder'));
  execFileSync('mkfifo', [join(root, 'pipe.db')]);
  writeFileSync(join(root, 'empty.db'), '');
  const asked: [string, number][] = [];
  find({
    classOf: (origin, size) => {
      asked.push([origin, size]);
      return undefined;
    },
  });
  expect(asked.sort()).toEqual([
    ['a.db', 4],
    ['empty.db', 0],
    ['folder.db/b.db', 14],
  ]);
});

test('it never enters what is not the project’s own, nor what is left out', () => {
  write('node_modules/x/a.db', '.git/b.db', 'deep/node_modules/c.db', `${stagingPrefix}12/d.db`);
  write('backups/e.db', 'cache/f.db', 'tmp.db', 'kept.db');
  const exclude = ['cache', 'tmp.*'];
  expect(find({ exclude, neverEnter: new Set([join(root, 'backups')]) }).databases).toEqual(['kept.db']);
});

test('it finds names in any encoding', () => {
  const folder = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]);
  mkdirSync(folder);
  writeFileSync(Buffer.concat([folder, Buffer.from('/x.db')]), 'x');
  writeFileSync(Buffer.concat([folder, Buffer.from('/\xff.db', 'latin1')]), 'x');
  write('\ufffd.db', '名前.db', 'new\nline.db');
  expect(find().databases.sort()).toEqual(
    ['caf\udce9/x.db', 'caf\udce9/\udcff.db', 'new\nline.db', '名前.db', '\ufffd.db'].sort(),
  );
});

describe('what cannot be looked at stops nothing, and is named', () => {
  test('a closed folder, and one that may be listed only', async () => {
    write('closed/a.db', 'listed/a', 'listed/b.db', 'listed/deep/c.db', 'listed/e', 'open/d.db');
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0o000);
    chmodSync(join(root, 'listed'), 0o444);
    const found = await withoutPrivileges(() => find());
    expect(found.databases).toEqual(['open/d.db']);
    expect(found.databaseNames).toEqual(['listed/b.db']);
    expect(found.unsearched).toEqual(['closed', 'listed', 'listed/deep'].map((path) => ({ path, reason: 'EACCES' })));
  });

  test('but not what is left out anyway', async () => {
    write('closed/a.db', 'node_modules/b.db', 'open/c.db');
    chmodSync(root, 0o755);
    for (const name of ['closed', 'node_modules']) chmodSync(join(root, name), 0o000);
    expect((await withoutPrivileges(() => find({ exclude: ['closed'] }))).unsearched).toEqual([]);
  });

  test('a path that is too long for the system', () => {
    write('a.db');
    const script = 'import os,sys\nos.chdir(sys.argv[1])\nfor _ in range(30):\n os.mkdir("d"*200)\n os.chdir("d"*200)';
    execFileSync('python3', ['-c', script, root]);
    expect(find().databases).toEqual(['a.db']);
    expect(find().unsearched).toMatchObject([{ reason: 'ENAMETOOLONG' }]);
  });

  test('a root that is not there', () => {
    expect(find({ root: join(root, 'nowhere') })).toMatchObject({ databases: [], unsearched: [] });
  });
});

test.each([
  ['.env', true],
  ['.env.local', true],
  ['.env.production.local', true],
  ['.env.example', false],
  ['.env.production.sample', false],
  ['.env.template', false],
  ['.envrc', false],
  ['env', false],
  ['x.env', false],
  ['.env.', false],
])('%j holds secrets: %j', (name, expected) => {
  expect(isEnvFileName(name)).toBe(expected);
});
