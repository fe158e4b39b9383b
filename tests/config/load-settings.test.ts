import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadSettings } from '../../lib/config/load-settings.ts';
import type { Settings } from '../../lib/config/settings.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'settings-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const load = (environment: Record<string, string | undefined> = {}, file?: string): Promise<Settings> =>
  loadSettings({ root, environment, ...(file === undefined ? {} : { file }) });
const loadBackup = (backup: unknown, environment: Record<string, string | undefined> = {}): Promise<Settings> => {
  write('config/config.json', JSON.stringify({ backup }));
  return load(environment);
};
const targetNames = (settings: Settings): string[] => settings.targets.map(({ name }) => name);

describe('a project without settings', () => {
  test('is backed up by the defaults', async () => {
    expect(await load()).toEqual({
      root,
      enabled: true,
      schedules: [],
      retention: { days: 30, count: 10 },
      incremental: { enabled: false, maxIncrementals: 7 },
      storage: {
        path: join(root, 'backups'),
        format: 'tar',
        compression: 'gzip',
        compressionLevel: 6,
        encrypt: false,
        recipients: [],
        oldKeyFiles: [],
        archiveName: '{id}',
        fileMode: 0o600,
        folderMode: 0o700,
        allowOthersToWrite: false,
      },
      targets: ['config', 'database', 'logs', 'agents', 'state', 'security'].map((name) => ({
        name,
        exclude: [],
        groups: {},
      })),
      exclude: ['*.tmp', '__pycache__', '.git', 'node_modules'],
    });
  });

  test("keeps them where config.json is the application's own", async () => {
    write('config/config.json', '{ "port": "${PORT}", "compression": true, "encryption": { "of": "cookies" } }');
    expect((await load()).targets).toHaveLength(6);
  });

  test('has its root resolved', async () => {
    write('real/x', '');
    symlinkSync(join(root, 'real'), join(root, 'link'));
    const settings = await loadSettings({ root: join(root, 'link'), environment: {} });
    expect(settings.root).toBe(join(root, 'real'));
    expect(settings.storage.path).toBe(join(root, 'real', 'backups'));
  });

  test('that is no folder is refused', async () => {
    write('file', '');
    for (const wrong of ['absent', 'file']) {
      await expect(loadSettings({ root: join(root, wrong), environment: {} })).rejects.toMatchObject({
        code: 'ROOT_NOT_FOUND',
      });
    }
  });
});

describe('a settings file', () => {
  test('as people write it: comments, trailing commas, a byte order mark, other keys', async () => {
    write(
      'config/config.json',
      `\ufeff{
        // the application's
        "server": { "port": 3000 },
        "backup": {
          "schedule": "0 2 * * *",      // every night
          "timezone": "Asia/Tokyo",
          "retention": 14,
          "maxBackups": 5,              /* generations */
          "incremental": { "enabled": true },
          "storage": { "type": "local", "path": "./safe//place/", "compress": true, "encrypt": false },
          "targets": {
            "knowledge": { "groups": { "knowledge-base": ["./kb/"], "learning-sessions": "sessions" } },
            "logs": { "paths": ["logs/**/*.log"], "exclude": "*.tmp" },
            "security": false,
            "uploads": ["public/uploads", "media/"],
            "notes": "notes/*.md",
            "old": { "enabled": false, "paths": ["old"] },
          },
          "exclude": ["*.bak",],
        },
      }\r\n`,
    );
    const settings = await load();
    expect(settings).toMatchObject({
      file: join(root, 'config/config.json'),
      schedules: [{ name: 'default', cron: '0 2 * * *' }],
      timezone: 'Asia/Tokyo',
      retention: { days: 14, count: 5 },
      incremental: { enabled: true, maxIncrementals: 7 },
      storage: { path: join(root, 'safe/place'), format: 'tar' },
      exclude: ['*.bak'],
    });
    expect(targetNames(settings)).toEqual([
      ...['config', 'database', 'agents', 'state'],
      ...['knowledge', 'logs', 'uploads', 'notes'],
    ]);
    expect(settings.targets.slice(4)).toEqual([
      {
        name: 'knowledge',
        paths: [],
        exclude: [],
        groups: { 'knowledge-base': ['kb'], 'learning-sessions': ['sessions'] },
      },
      { name: 'logs', paths: ['logs/**/*.log'], exclude: ['*.tmp'], groups: {} },
      { name: 'uploads', paths: ['public/uploads', 'media'], exclude: [], groups: {} },
      { name: 'notes', paths: ['notes/*.md'], exclude: [], groups: {} },
    ]);
  });

  test('names several schedules, long and short', async () => {
    const settings = await loadBackup({
      schedule: {
        daily: { cron: '0 2 * * *', type: 'incremental' },
        weekly: { cron: '0 3 * * 0', mode: 'full', targets: ['state'], timezone: 'UTC' },
        often: '*/30 * * * * *',
      },
    });
    expect(settings.schedules).toEqual([
      { name: 'daily', cron: '0 2 * * *', mode: 'incremental' },
      { name: 'weekly', cron: '0 3 * * 0', mode: 'full', targets: ['state'], timezone: 'UTC' },
      { name: 'often', cron: '*/30 * * * * *' },
    ]);
  });

  test('that is named must be there; the usual ones need not', async () => {
    await expect(load({}, 'other.json')).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', exitCode: 2 });
    write('other.json', '{ "backup": { "retention": 3 } }');
    expect((await load({}, 'other.json')).retention).toEqual({ days: 3 });
    expect((await load({}, join(root, 'other.json'))).retention).toEqual({ days: 3 });
  });

  test('that cannot be read as text is an error, not a default', async () => {
    mkdirSync(join(root, 'config/config.json'), { recursive: true });
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', message: /folder/ });
    rmSync(join(root, 'config/config.json'), { recursive: true });
    write('config/config.json', Buffer.from('\ufeff{"backup": {}}', 'utf16le'));
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', message: /UTF-8/ });
  });

  test.each([
    ['{\n  "backup": {\n    "retention": 3\n    "enabled": true\n  }\n}', 4, 5, /comma/],
    ['{ "backup": { retention: 3 } }', 1, 15, /quoted/],
    ['{ "backup": {\n"a": "x', 2, 6, /does not end/],
    ['', 1, 1, /empty/],
  ])('with a slip of the pen names the place (%#)', async (text, line, column, message) => {
    write('config/config.json', text);
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_SYNTAX', params: { line, column }, message });
  });
});

describe('retention', () => {
  test('a limit that nobody asked for does not join one that somebody did', async () => {
    expect((await loadBackup({ retention: 90 })).retention).toEqual({ days: 90 });
    expect((await loadBackup({ maxBackups: 50 })).retention).toEqual({ count: 50 });
    expect((await loadBackup({})).retention).toEqual({ days: 30, count: 10 });
  });

  test('takes rules, and the smaller of two counts', async () => {
    const settings = await loadBackup({ retention: { count: 20, daily: 7, monthly: 12 }, maxBackups: 15 });
    expect(settings.retention).toEqual({ count: 15, daily: 7, monthly: 12 });
  });
});

describe('storage', () => {
  test('finds the home folder in the environment given', async () => {
    const settings = await loadBackup({ storage: { path: '~/safe' } }, { HOME: '/home/someone' });
    expect(settings.storage.path).toBe('/home/someone/safe');
  });

  test('without compression is a folder', async () => {
    expect((await loadBackup({ storage: { compress: false } })).storage.format).toBe('directory');
  });

  test('takes zstd with its own default level, other modes, and a name', async () => {
    const storage = { compression: 'zstd', fileMode: '0640', folderMode: '750', archiveName: 'backup_{date}_{time}' };
    expect((await loadBackup({ storage })).storage).toMatchObject({
      compression: 'zstd',
      compressionLevel: 3,
      fileMode: 0o640,
      folderMode: 0o750,
      archiveName: 'backup_{date}_{time}',
    });
  });

  test('never brings the encryption key along', async () => {
    const settings = await loadBackup({ storage: { encrypt: true, encryptionKey: 'hunter2hunter2' } });
    expect(settings.storage.encrypt).toBe(true);
    expect(JSON.stringify(settings)).not.toContain('hunter2');
  });
});

describe('variables', () => {
  test('come from the environment, then from .env, then from their defaults', async () => {
    write('.env', '\ufeffSTORE="from-file"\nTIER=file\n# comment\nEMPTY=\n');
    const settings = await loadBackup(
      {
        storage: { path: './${TIER}/${STORE}/${ABSENT:-a-b}${EMPTY:-c}${EMPTY}' },
        exclude: ['$${KEPT}', '*.${TIER}', '${ABSENT:-}x'],
      },
      { TIER: 'process', UNSET: undefined, STORE: undefined },
    );
    expect(settings.storage.path).toBe(join(root, 'process/from-file/a-bc'));
    expect(settings.exclude).toEqual(['${KEPT}', '*.process', 'x']);
    expect(process.env['STORE']).toBeUndefined();
  });

  test('become numbers and switches where those are wanted, and only there', async () => {
    const settings = await loadBackup(
      {
        enabled: '${ON}',
        retention: '${DAYS}',
        maxBackups: '${COUNT:-20}',
        storage: { compress: '${ON}', archiveName: '{id}${DAYS}', encryptionKey: '${DAYS}' },
        targets: { logs: '${LOGS}' },
      },
      { ON: 'false', DAYS: '10', LOGS: 'false' },
    );
    expect(settings).toMatchObject({
      enabled: false,
      retention: { days: 10, count: 20 },
      storage: { format: 'directory', archiveName: '{id}10' },
    });
    expect(targetNames(settings)).not.toContain('logs');
  });

  test("of the application's own keys are left alone", async () => {
    write('config/config.json', '{ "url": "${NOT_OURS}", "backup": { "retention": 3 } }');
    await expect(load()).resolves.toMatchObject({ retention: { days: 3 } });
  });

  test('that are not set are named with their key', async () => {
    const wrong = loadBackup({ retention: '${DAYS}', exclude: ['a', '${NOPE}', '${open', '${not a name}'] });
    await expect(wrong).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      params: {
        problems: [
          expect.stringMatching(/^backup\.retention \(line 1\).*variable DAYS to be set/),
          expect.stringMatching(/^backup\.exclude\[1\] .*NOPE/),
          expect.stringMatching(/^backup\.exclude\[2\] .*a variable such as/),
          expect.stringMatching(/^backup\.exclude\[3\] .*a variable such as/),
        ],
      },
    });
  });
});
