/** What init adds to the files of a host that are not its own. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { initializeProject, type InitializeResult } from '../../lib/operations/initialize-project.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let root: string;

beforeEach(() => {
  root = makeTemporaryFolder('init');
});

afterEach(() => removeTemporaryFolder(root));

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const init = (folder = root): Promise<InitializeResult> =>
  initializeProject({ root: folder, dryRun: false, signal: new AbortController().signal });

const actions = (result: InitializeResult): Record<string, string> =>
  Object.fromEntries(result.files.map((file) => [file.path, file.action]));

describe('package.json', () => {
  test('gets the commands, with its indentation, line endings and last line as they were', async () => {
    write('package.json', '{\r\n\t"name": "host",\r\n\t"scripts": {\r\n\t\t"test": "jest"\r\n\t}\r\n}');
    await init();
    const text = read('package.json');
    expect(text).toMatch(
      /^\{\r\n\t"name": "host",\r\n\t"scripts": \{\r\n\t\t"test": "jest",\r\n\t\t"backup:create": "ai-backup create",\r\n/,
    );
    expect(text).toMatch(/"backup:doctor": "ai-backup doctor"\r\n\t\}\r\n\}$/);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  test.each([
    '{}',
    '{"name":"host","scripts":{}}',
    '{\n  "name": "host",\n  "scripts": {}\n}\n',
    '\ufeff{\n    "name": "host"\n}\n',
  ])('gets the commands into %j', async (text) => {
    write('package.json', text);
    await init();
    const scripts = (JSON.parse(read('package.json').replace('\ufeff', '')) as { scripts: Record<string, string> })
      .scripts;
    expect(Object.keys(scripts)).toEqual(
      [
        ...['create', 'list', 'show', 'verify', 'restore', 'diff', 'consolidate', 'cleanup'],
        ...['keys', 'audit', 'schedule', 'config', 'init', 'doctor'],
      ].map((verb) => `backup:${verb}`),
    );
  });

  test('keeps a script that has a name of ours, and says what it would have been', async () => {
    write('package.json', '{\n  "scripts": {\n    "backup:create": "sh backup.sh"\n  }\n}\n');
    const result = await init();
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(scripts).toMatchObject({ 'backup:create': 'sh backup.sh', 'backup:list': 'ai-backup list' });
    expect(result.files[1]?.changes[0]).toEqual({
      action: 'kept',
      what: 'backup:create',
      reason: 'differs',
      value: 'ai-backup create',
    });
  });
});

describe('.gitignore', () => {
  test.each(['backups', '/backups/', 'backups/', '/backups', 'backups/**', '**/backups', '/backups/*\n# end'])(
    'is left alone when it says %j',
    async (text) => {
      write('.gitignore', `node_modules\n${text}`);
      const result = await init();
      expect(actions(result)['.gitignore']).toBe('keep');
      expect(read('.gitignore')).toBe(`node_modules\n${text}`);
    },
  );

  test.each([
    ['', 'backups/\n'],
    ['node_modules', 'node_modules\nbackups/\n'],
    ['*.json\n#backups/\n', '*.json\n#backups/\nbackups/\n'],
    ['backups/\n!backups/\n', 'backups/\n!backups/\nbackups/\n'],
    ['dist\r\n', 'dist\r\nbackups/\r\n'],
  ])('%j becomes %j', async (before, after) => {
    write('.gitignore', before);
    await init();
    expect(read('.gitignore')).toBe(after);
  });

  test('is made in a package of a git project', async () => {
    mkdirSync(join(root, '.git'));
    mkdirSync(join(root, 'packages/api'), { recursive: true });
    await init(join(root, 'packages/api'));
    expect(read('packages/api/.gitignore')).toBe('backups/\n');
  });

  test.each([
    ['./var/backups', 'var/backups/\n'],
    ['/somewhere/else', ''],
    ['../beside', ''],
    ['~/backups', ''],
  ])('with the store at %s gains %j', async (path, after) => {
    write('.gitignore', '');
    write('config/config.json', JSON.stringify({ backup: { storage: { path } } }));
    await init();
    expect(read('.gitignore')).toBe(after);
  });
});
