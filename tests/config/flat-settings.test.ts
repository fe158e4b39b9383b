import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../lib/config/load-settings.ts';
import type { Settings } from '../../lib/config/settings.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'settings-')));
  mkdirSync(join(root, 'config'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const load = (flat: object, name = 'backup_config.json', environment = {}): Promise<Settings> => {
  writeFileSync(join(root, 'config', name), JSON.stringify(flat, null, 2));
  return loadSettings({ root, environment });
};
const names = (settings: Settings): string[] => settings.targets.map(({ name }) => name);

const whole = {
  backup_dir: '/srv/backups',
  compression: 'gzip',
  compression_level: 9,
  include_databases: true,
  include_knowledge: true,
  include_logs: false,
  exclude_patterns: ['*.tmp', '*.log', '__pycache__', '.git'],
  retention_days: 30,
  encryption: false,
  cloud_backup: false,
};

test('the flat keys mean what the nested ones do', async () => {
  const settings = await load(whole);
  expect(settings).toMatchObject({
    file: join(root, 'config/backup_config.json'),
    storage: { path: '/srv/backups', compression: 'gzip', compressionLevel: 9, encrypt: false },
    retention: { days: 30 },
    exclude: ['*.tmp', '*.log', '__pycache__', '.git'],
  });
  expect(names(settings)).toEqual(['config', 'agents', 'state', 'security', 'database', 'knowledge']);
  expect(settings.targets.at(-1)?.groups).toEqual({
    'knowledge-base': ['knowledge_base'],
    'learning-sessions': ['learning_sessions'],
  });
});

test('what is left out is switched off', async () => {
  const settings = await load({ include_databases: false, include_knowledge: false, encryption: true });
  expect(names(settings)).toEqual(['config', 'logs', 'agents', 'state', 'security']);
  expect(settings.storage.encrypt).toBe(true);
});

test("they are found among an application's own keys, which are left alone", async () => {
  const settings = await load({ backup_dir: './safe', port: 3000, title: '${TITLE}${' }, 'config.json', {
    TITLE: 'x',
  }).catch((error: unknown) => error);
  // The unfinished variable is the application's business.
  expect(settings).toMatchObject({ storage: { path: join(root, 'safe') } });
});

test("the application's own config.json does not hide backup_config.json", async () => {
  writeFileSync(join(root, 'config/config.json'), '{ "port": 3000, "compression": true }');
  expect(await load({ retention_days: 7 })).toMatchObject({
    file: join(root, 'config/backup_config.json'),
    retention: { days: 7 },
  });
});

test('variables are filled in', async () => {
  const settings = await load({ backup_dir: '${DIR}', retention_days: '${DAYS}' }, undefined, { DIR: 'b', DAYS: '5' });
  expect(settings).toMatchObject({ storage: { path: join(root, 'b') }, retention: { days: 5 } });
});

test('mistakes are named by the flat keys', async () => {
  await expect(
    load({
      backupdir: './x',
      backup_dir: '.',
      include_logs: 'yes',
      compression_level: 12,
      cloud_backup: true,
      retention_days: 0,
    }),
  ).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    params: {
      problems: [
        'backupdir (line 2): no such key (found "./x"); did you mean "backup_dir"?',
        'include_logs (line 4): found "yes", expected true or false.',
        'cloud_backup (line 6): found true, expected false; copies off this machine are not available in this version.',
        'retention_days (line 7): found 0, expected a whole number of days of 1 or more.',
      ],
    },
  });
  await expect(load({ backup_dir: '.', compression_level: 12 })).rejects.toMatchObject({
    params: {
      problems: [
        expect.stringMatching(/^backup_dir \(line 2\).*not the project root/),
        expect.stringMatching(/^compression_level \(line 3\).*1 to 9/),
      ],
    },
  });
});
