import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { parse } from 'jsonc-parser';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  chmodSync,
  symlinkSync,
  mkdtempSync,
  realpathSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ErrorCode } from '../../lib/core/error-catalogue.ts';
import { initializeProject, type InitializeResult } from '../../lib/operations/initialize-project.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'init-')));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const write = (path: string, text: string | Buffer = 'x\n'): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const targetsIn = (path = 'config/config.json'): unknown =>
  (parse(read(path)) as { backup: { targets: unknown } }).backup.targets;

const init = (options: { dryRun?: boolean; maxEntries?: number } = {}): Promise<InitializeResult> =>
  initializeProject({ root, dryRun: false, signal: new AbortController().signal, ...options });

const actions = (result: InitializeResult): Record<string, string> =>
  Object.fromEntries(result.files.map((file) => [file.path, file.action]));

function makeDatabase(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  const database = new Database(join(root, path));
  database.exec('CREATE TABLE t (x)');
  database.close();
}

/** Every file's bytes, to prove that nothing was touched. */
function snapshot(): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((file) => [join(file.parentPath, file.name), readFileSync(join(file.parentPath, file.name), 'latin1')]),
  );
}

async function expectRefusal(code: ErrorCode): Promise<void> {
  const before = snapshot();
  await expect(init()).rejects.toMatchObject({ code });
  expect(snapshot()).toEqual(before);
}

const allDefaults = { config: true, database: true, logs: true, agents: true, state: true, security: true };

describe('a first init', () => {
  test('in an empty folder writes settings with the six targets, and says what it leaves out', async () => {
    const result = await init();
    expect(actions(result)).toEqual({ 'config/config.json': 'create', 'package.json': 'skip', '.gitignore': 'skip' });
    expect(JSON.parse(read('config/config.json'))).toEqual({
      backup: {
        enabled: true,
        schedule: '0 2 * * *',
        retention: 30,
        maxBackups: 10,
        storage: { type: 'local', path: './backups', compress: true },
        targets: allDefaults,
      },
    });
    expect(readdirSync(root)).toEqual(['config']);
    expect(statSync(join(root, 'config/config.json')).mode & 0o777).toBe(0o644);
  });

  test('finds what is worth protecting, and gives a target to what the defaults would miss', async () => {
    makeDatabase('data/history.db');
    makeDatabase('prisma/no-ending');
    write('data/history.db-wal');
    write('logs/old.log.gz');
    write('logs/app.log');
    write('logs/app.log.1');
    write('logs/access.log');
    write('log/worker.jsonl');
    write('data/ccla/lesson.json');
    write('data/notes/today.md');
    write('data/users.json');
    write('data/uploads/a.png');
    write('public/uploads/b.png');
    write('knowledge_base/elders.md');
    write('state/running.json');
    write('.env', 'TOKEN=1\n');
    write('.env.example', 'TOKEN=\n');
    write('certs/site.crt');
    write('src/uploads/controller.js');
    write('node_modules/some/data/x.json');
    write('backups/data/x.json');
    makeDatabase('node_modules/some/cache.db');

    const result = await init();
    const found = Object.fromEntries(result.found.map((one) => [one.source, `${one.kind} → ${one.target}`]));
    expect(found).toEqual({
      'data/history.db': 'database → database',
      'prisma/no-ending': 'database → database',
      'logs/**/*.gz': 'packed-logs → logs',
      'logs/**/*.log': 'plain-logs → logs',
      'logs/**/*.log.*': 'plain-logs → logs',
      'log/**/*.jsonl': 'plain-logs → logs',
      'logs/access.log': 'access-logs → security',
      'data/ccla': 'agents → agents',
      'data/notes': 'data → data',
      'data/*.json': 'data → data',
      'data/uploads': 'uploads → uploads',
      'public/uploads': 'uploads → uploads',
      knowledge_base: 'knowledge → knowledge',
      state: 'state → state',
      '.env': 'secrets → security',
      'certs/site.crt': 'certificates → security',
    });
    expect(targetsIn()).toEqual({
      ...allDefaults,
      logs: { paths: ['logs/**/*.gz', 'log/**/*.jsonl', 'logs/**/*.log', 'logs/**/*.log.*'] },
      knowledge: { paths: ['knowledge_base'] },
      uploads: { paths: ['data/uploads', 'public/uploads'] },
      data: { paths: ['data/*.json', 'data/notes'] },
    });
  });

  test('does not follow links, out of the project or in circles', async () => {
    symlinkSync('/', join(root, 'data'));
    symlinkSync('.', join(root, 'state'));
    const result = await init();
    expect(result.found).toEqual([]);
    expect(result.scan).toEqual({ entries: 0, complete: true, unreadable: [], unnameable: [] });
  });

  test('says what it cannot name: names that are no text, and those that read as globs', async () => {
    write('data/[id]/x.json');
    write('data/ccla/[id].json');
    mkdirSync(Buffer.concat([Buffer.from(`${root}/data/`), Buffer.from([0xe9])]));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/data/`), Buffer.from([0xe9]), Buffer.from('/x')]), 'x');
    const result = await init();
    expect(result.scan.unnameable).toEqual(['data/[id]', 'data/\udce9']);
    expect(result.found.map((one) => one.source)).toEqual(['data/ccla']);
    expect(targetsIn()).toEqual(allDefaults);
  });

  test('stops looking at its bound and says so', async () => {
    for (let number = 0; number < 30; number += 1) write(`data/deep/${number}.txt`);
    write('state/one.json');
    const result = await init({ maxEntries: 10 });
    expect(result.scan).toMatchObject({ entries: 10, complete: false });
    // The upper folders come first: what is cut is what lies deep.
    expect(result.found.map((one) => one.source)).toContain('data/deep');
  });

  test('as a dry run tells the same and writes nothing', async () => {
    write('package.json', '{}\n');
    const before = snapshot();
    const dry = await init({ dryRun: true });
    expect(snapshot()).toEqual(before);
    const real = await init();
    expect({ ...real, dryRun: true }).toEqual(dry);
  });
});

describe('an init where there is something already', () => {
  test('keeps the comments, values and layout of the settings, and adds only what is missing', async () => {
    write(
      'config/config.json',
      `{
    // the application's own
    "port": 3000, /* fixed */
    "backup": {
        "retention": 7, // one week
        "targets": {
            "logs": false,  // too many
            "config": true // small
        } // no more
    },
    "last": [1, 2,], // stays last
}
`,
    );
    write('logs/app.log');
    write('data/notes/x.md');
    const result = await init();
    expect(read('config/config.json')).toBe(`{
    // the application's own
    "port": 3000, /* fixed */
    "backup": {
        "retention": 7, // one week
        "targets": {
            "logs": false,  // too many
            "config": true, // small
            "data": {
                "paths": ["data/notes"]
            }
        } // no more
    },
    "last": [1, 2,], // stays last
}
`);
    expect(result.files[0]?.changes).toEqual([
      { action: 'kept', what: 'backup.targets.config', reason: 'already-there' },
      {
        action: 'kept',
        what: 'backup.targets.logs',
        reason: 'differs',
        value: { paths: ['logs/**/*.gz', 'logs/**/*.log'] },
      },
      { action: 'added', what: 'backup.targets.data', reason: 'data', value: { paths: ['data/notes'] } },
    ]);
  });

  test('adds the settings behind the last key, and leaves the comments where they belong', async () => {
    write('config/config.json', '{\r\n\t"port": 3000, // ours\r\n\t"name": "host" // ours too\r\n\t// the end\r\n}');
    await init();
    const text = read('config/config.json');
    expect(text).toMatch(
      /^\{\r\n\t"port": 3000, \/\/ ours\r\n\t"name": "host", \/\/ ours too\r\n\t"backup": \{\r\n\t\t"enabled"/,
    );
    expect(text).toMatch(/\r\n\t\}\r\n\t\/\/ the end\r\n\}$/);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    expect(parse(text)).toMatchObject({ port: 3000, name: 'host', backup: { targets: allDefaults } });
  });

  test.each(['{}', '{"a":1}', '{ // nothing yet\n}\n', '\ufeff{\n  "a": 1\n}\n', '  \n'])('fills %j', async (text) => {
    write('config/config.json', text);
    await init();
    expect(read('config/config.json').startsWith('\ufeff')).toBe(text.startsWith('\ufeff'));
    expect(targetsIn()).toEqual(allDefaults);
  });

  test('keeps using the flat backup_config.json where that is what the project has', async () => {
    write('config/backup_config.json', '{"backup_dir": "./vault"}\n');
    write('.gitignore', '');
    const result = await init();
    expect(actions(result)).toMatchObject({ 'config/backup_config.json': 'keep' });
    expect(read('.gitignore')).toBe('vault/\n');
    expect(existsSync(join(root, 'config/config.json'))).toBe(false);
  });

  test.each([
    ['not JSON', 'port: 3000\n', 'CONFIG_SYNTAX'],
    ['a list', '[1]\n', 'CONFIG_INVALID'],
    ['a backup key that is no object', '{"backup": true}\n', 'CONFIG_INVALID'],
    ['targets that are no object', '{"backup": {"targets": ["logs"]}}\n', 'CONFIG_INVALID'],
  ] as const)('stops at settings that are %s, and changes nothing', async (_, text, code) => {
    write('package.json', '{}\n');
    write('config/config.json', text);
    await expectRefusal(code);
  });

  test('says what is wrong with settings that are not JSON as all commands do, with the whole path', async () => {
    write('config/config.json', '{ "backup": {} "port": 3000 }\n');
    await expect(init()).rejects.toMatchObject({
      params: { file: join(root, 'config/config.json'), line: 1, column: 16, reason: 'a comma is expected' },
    });
  });

  test('stops at settings in another encoding, and changes nothing', async () => {
    write('config/config.json', Buffer.from('{"name": "caf\xe9"}\n', 'latin1'));
    await expectRefusal('CONFIG_UNREADABLE');
  });

  test.each(['{"scripts": {}', '[]', '{"scripts": "none"}'])('stops at the package.json %s', async (text) => {
    write('package.json', text);
    await expectRefusal('PACKAGE_UNREADABLE');
  });

  test('a second run changes nothing and says so', async () => {
    mkdirSync(join(root, '.git'));
    write('package.json', '{\n  "name": "host"\n}\n');
    write('data/notes/x.md');
    write('logs/app.log');
    expect((await init()).changed).toBe(true);
    const before = snapshot();
    const second = await init();
    expect(second.changed).toBe(false);
    expect(actions(second)).toEqual({ 'config/config.json': 'keep', 'package.json': 'keep', '.gitignore': 'keep' });
    expect(second.files.flatMap((file) => file.changes).every((one) => one.reason === 'already-there')).toBe(true);
    expect(snapshot()).toEqual(before);
  });

  test('changes a linked file where it lies, and keeps its permissions', async () => {
    write('shared/settings.json', '{}\n');
    chmodSync(join(root, 'shared/settings.json'), 0o640);
    mkdirSync(join(root, 'config'));
    symlinkSync('../shared/settings.json', join(root, 'config/config.json'));
    await init();
    expect(targetsIn('shared/settings.json')).toEqual(allDefaults);
    expect(statSync(join(root, 'shared/settings.json')).mode & 0o777).toBe(0o640);
  });
});
