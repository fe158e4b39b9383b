import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeSettings, type ChangedSettings } from '../../lib/operations/change-settings.ts';
import { setOption } from '../../lib/operations/set-option.ts';

const commented = `{
  // the application's
  "port": 3000,
  "backup": {
    "retention": 30, // days
    "storage": {
      "path": "./backups" /* beside the project */
    },
    "targets": { "logs": true }, // more to come
  },
}
`;

describe('one setting', () => {
  test('changes, and everything else stays, comments included', () => {
    expect(setOption(commented, 'retention', '14')).toBe(commented.replace(' 30,', ' 14,'));
    expect(setOption(commented, 'backup.storage.path', './other')).toBe(commented.replace('./backups', './other'));
  });

  test('is added behind the others, and their comments stay theirs', () => {
    expect(setOption(commented, 'storage.compression', 'zstd')).toBe(
      commented.replace(
        '"./backups" /* beside the project */',
        '"./backups", /* beside the project */\n      "compression": "zstd"',
      ),
    );
    expect(setOption(commented, 'incremental.enabled', 'true')).toContain(
      '// more to come\n    "incremental": {\n      "enabled": true\n    },\n  },\n}\n',
    );
  });

  test('is read as JSON where it is, else as a text', () => {
    expect(JSON.parse(setOption('', 'schedule', '0 2 * * *'))).toEqual({ backup: { schedule: '0 2 * * *' } });
    expect(JSON.parse(setOption('{}', 'exclude', '["*.tmp", "x"]'))).toEqual({ backup: { exclude: ['*.tmp', 'x'] } });
    expect(JSON.parse(setOption('{"backup": {"enabled": true}}', 'enabled', 'false'))).toEqual({
      backup: { enabled: false },
    });
  });

  test('is taken out with null', () => {
    expect(setOption(commented, 'targets', 'null')).not.toContain('targets');
    expect(setOption(commented, 'maxBackups', 'null')).toBe(commented);
  });

  test.each([
    [
      '{\n  "backup": {\n    "enabled": true, // on\n    // about days\n    "retention": 3, // days\n    "maxBackups": 4\n  }\n}\n',
      '{\n  "backup": {\n    "enabled": true, // on\n    // about days\n    "maxBackups": 4\n  }\n}\n',
    ],
    [
      '{\n  "backup": {\n    "enabled": true, // on\n    "retention": 3 // days\n  }\n}\n',
      '{\n  "backup": {\n    "enabled": true // on\n  }\n}\n',
    ],
    ['{ "backup": { "retention": 3, "enabled": true } }', '{ "backup": { "enabled": true } }'],
    ['{ "backup": { "enabled": true, "retention": 3, }, }', '{ "backup": { "enabled": true, }, }'],
    ['{"backup":{"retention":3,},}', '{"backup":{},}'],
    ['{"backup":{"retention":3}}', '{"backup":{}}'],
    ['{\r\n\t"backup": {\r\n\t\t"retention": 3, // days\r\n\t}\r\n}', '{\r\n\t"backup": {\r\n\t}\r\n}'],
  ])("is taken out without its neighbours' comments and commas (%#)", (before, after) => {
    expect(setOption(before, 'retention', 'null')).toBe(after);
  });

  test('keeps tabs, Windows line ends and a byte order mark', () => {
    const windows = '\ufeff{\r\n\t"backup": {\r\n\t\t"retention": 3\r\n\t}\r\n}\r\n';
    expect(setOption(windows, 'maxBackups', '5')).toBe(windows.replace('3', '3,\r\n\t\t"maxBackups": 5'));
  });

  test('goes where it belongs in a file of flat keys', () => {
    const flat = '{\n  "backup_dir": "/backups"\n}\n';
    expect(setOption(flat, 'backup.storage.path', './b')).toContain('"backup_dir": "./b"');
    expect(setOption(flat, 'retention_days', '9')).toContain('"retention_days": 9');
    expect(() => setOption(flat, 'maxBackups', '9')).toThrow(/flat form/);
  });

  test.each([
    ['retention.days', '5', /backup\.retention is 30, so set it whole/],
    ['', '5', /dotted key/],
    ['a..b', '5', /dotted key/],
    ['backup', '5', /dotted key/],
  ])('without a place in the file is refused: %s', (key, value, message) => {
    expect(() => setOption(commented, key, value)).toThrow(message);
  });

  test('that is a secret is not repeated in an error', () => {
    expect(() => setOption('{"backup": {"storage": 5}}', 'storage.encryptionKey', 'swordfish')).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.not.stringContaining('swordfish') as unknown }),
    );
  });
});

describe('the settings file', () => {
  let root: string;
  let file: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'change-')));
    file = join(root, 'config/config.json');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const change = (options: Record<string, string>, named?: string): Promise<ChangedSettings> =>
    changeSettings(
      { root, environment: {}, ...(named === undefined ? {} : { file: named }) },
      Object.entries(options).map(([key, valueText]) => ({ key, valueText })),
    );
  const begin = (text: string): void => {
    mkdirSync(join(root, 'config'));
    writeFileSync(file, text);
  };

  test('is made where there is none', async () => {
    const { settings, created } = await change({ retention: '14', 'storage.path': './safe' });
    expect({ created, retention: settings.retention }).toEqual({ created: true, retention: { days: 14 } });
    expect(readFileSync(file, 'utf8')).toBe(
      '{\n  "backup": {\n    "retention": 14,\n    "storage": {\n      "path": "./safe"\n    }\n  }\n}\n',
    );
  });

  test('keeps its mode, and leaves nothing beside it', async () => {
    begin(commented);
    chmodSync(file, 0o640);
    await change({ retention: '7' });
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    expect(readdirSync(join(root, 'config'))).toEqual(['config.json']);
  });

  test('stays as it is where the result would not be valid', async () => {
    begin(commented);
    await expect(change({ retention: '7', maxBackups: 'many', 'storage.pth': 'x' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      params: { problems: [expect.stringMatching(/pth: .*"path"/), expect.stringMatching(/maxBackups/)] },
    });
    expect(readFileSync(file, 'utf8')).toBe(commented);
    rmSync(file);
    await expect(change({ maxBackups: 'many' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(existsSync(file)).toBe(false);
  });

  test('that is a link stays one', async () => {
    mkdirSync(join(root, 'config'));
    writeFileSync(join(root, 'real.json'), commented);
    symlinkSync('../real.json', file);
    await change({ retention: '7' });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(root, 'real.json'), 'utf8')).toContain('"retention": 7, // days');
  });

  test('is backup_config.json where that is the one in use', async () => {
    begin('{ "port": 3000 }');
    const flat = join(root, 'config/backup_config.json');
    writeFileSync(flat, '{ "retention_days": 3 }');
    expect(await change({ retention: '5' })).toMatchObject({ file: flat, settings: { retention: { days: 5 } } });
  });

  test('can be another one', async () => {
    expect(await change({ retention: '5' }, 'settings/mine.json')).toMatchObject({ created: true });
    expect(JSON.parse(readFileSync(join(root, 'settings/mine.json'), 'utf8'))).toEqual({ backup: { retention: 5 } });
  });
});
