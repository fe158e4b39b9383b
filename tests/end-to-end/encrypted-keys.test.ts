/** Where a key comes from, and what happens where there is none. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EncryptedRoom, filesBelow, keyFileVariable, metadataOf } from '../support/encrypted-room.ts';
import type { Created } from '../support/make-project.ts';
import type { Ended, RunOptions } from '../support/run-tool.ts';

let room: EncryptedRoom;
let right: string;

beforeEach(() => {
  room = new EncryptedRoom();
  room.write('state/a', 'what it holds');
  right = room.key('right.key', 'the right words\n');
});

afterEach(() => room.remove());

const commandVariable = 'BACKUP_ENCRYPTION_KEY_COMMAND';
const textVariable = 'BACKUP_ENCRYPTION_KEY';

/** Which file's key opens the backup that a create made. */
async function openedWith(ended: Ended, ...keys: string[]): Promise<string[]> {
  expect([ended.stderr, ended.code]).toEqual([expect.anything(), 0]);
  const { id, directory } = ended.json<Created>();
  expect(metadataOf(directory).archive?.file).toMatch(/\.enc$/);
  const opens: string[] = [];
  for (const key of keys) if ((await room.verdict(await room.open(key), id)) === 'whole') opens.push(key);
  return opens;
}

const create = (options: RunOptions, ...args: string[]): Promise<Ended> =>
  room.toolWith(options, 'create', '--json', ...args);

describe('the key is', () => {
  test('that of --encryption-key, below the working folder, before all others', async () => {
    const wrong = room.key('wrong.key', 'wrong\n');
    room.encryptedSettings({ encryptionKey: 'from the settings' });
    room.write('.env', `${textVariable}=from .env\n`);
    const env = { [keyFileVariable]: wrong, [commandVariable]: 'echo wrong', [textVariable]: 'wrong' };
    const ended = await create({ env, cwd: room.folder }, '--encryption-key', 'right.key');
    expect(await openedWith(ended, right, wrong)).toEqual([right]);
  });

  test('that of a file, a command, a text of the environment, in this order', async () => {
    const [byCommand, byText] = [room.key('command.key', 'of a command\n'), room.key('text.key', 'of a text\n')];
    const all = {
      [keyFileVariable]: '../right.key',
      [commandVariable]: 'echo of a command',
      [textVariable]: 'of a text',
    };
    expect(await openedWith(await create({ env: all }), right, byCommand, byText)).toEqual([right]);
    const { [keyFileVariable]: _, ...two } = all;
    expect(await openedWith(await create({ env: two }), byCommand, byText)).toEqual([byCommand]);
    expect(await openedWith(await create({ env: { [textVariable]: 'of a text' } }), byText)).toEqual([byText]);
  });

  test('that of .env, where the process has none', async () => {
    room.write('.env', `${textVariable}="the right words"\n`, 0o600);
    expect(await openedWith(await create({}), right)).toEqual([right]);
    const ended = await room.tool('verify', '--check-content', '--json');
    expect([ended.code, ended.json<{ warnings: unknown[] }>().warnings]).toEqual([0, []]);
  });

  test('that of the settings, with a warning where they hold it themselves', async () => {
    room.encryptedSettings({ encryptionKey: 'the right words' });
    const ended = await create({});
    expect(await openedWith(ended, right)).toEqual([right]);
    expect(ended.json<Created>().warnings.map((one) => one.code)).toContain('key-in-settings');
    expect(ended.stdout + ended.stderr).not.toContain('the right words');
    room.encryptedSettings({ encryptionKey: '${OUR_KEY}' });
    const named = await create({ env: { OUR_KEY: 'the right words' } });
    expect(named.code).toBe(0);
    expect(named.json<Created>().warnings.map((one) => one.code)).not.toContain('key-in-settings');
  });

  test('told of where others may read its file', async () => {
    chmodSync(right, 0o644);
    const ended = await create({}, '--encryption-key', right);
    expect(ended.code).toBe(0);
    expect(ended.json<Created>().warnings.map((one) => one.code)).toContain('key-exposed');
  });
});

describe('an error about a key names its file', () => {
  const messageOf = ({ stderr }: Ended): string => (JSON.parse(stderr) as { error: { message: string } }).error.message;

  test('as the variable has it, which is no secret', async () => {
    room.write('.env', `${keyFileVariable}=.ai-backup.key\n`, 0o600);
    expect(messageOf(await create({}))).toContain(
      `${keyFileVariable} (${room.path('.ai-backup.key')}) could not be read`,
    );
    room.write('our words', 'line\nline\n', 0o600);
    const ended = await create({ env: { [keyFileVariable]: 'our words' } });
    expect(messageOf(ended)).toContain(`(${room.path('our words')}) cannot be used`);
  });

  test('but for what may be the key itself', async () => {
    const ended = await create({ env: { [keyFileVariable]: 'lantern-moss-seven' } });
    expect([ended.code, ended.stderr.includes('lantern')]).toEqual([12, false]);
    const given = await create({}, '--encryption-key', 'lantern-moss-seven');
    expect([given.code, given.stderr.includes('lantern')]).toEqual([12, false]);
    expect(messageOf(given)).toContain('`--encryption-key` could not be read: there is no such file');
  });
});

describe('encryption is asked for', () => {
  test('by the command line of the guide', async () => {
    room.settings({});
    room.key('keyfile.key', 'the right words\n');
    const words = ['--encrypt', '--encryption-key', 'keyfile.key', '--encryption-algorithm', 'AES256'];
    expect(await openedWith(await create({ cwd: room.folder }, ...words), right)).toEqual([right]);
  });

  test('by naming the algorithm, or public keys in the settings', async () => {
    room.settings({});
    const named = ['--encryption-algorithm', 'AES256'];
    expect((await create({}, ...named)).code).toBe(12);
    expect(await openedWith(await create({}, ...named, '--encryption-key', right), right)).toEqual([right]);
    const { publicFile } = room.pair('recipient', 2048);
    const isEncrypted = async (storage: object): Promise<boolean> => {
      room.settings({ storage: { recipients: [publicFile], ...storage } });
      const { directory } = (await create({})).json<Created>();
      return metadataOf(directory).archive?.encryption !== undefined;
    };
    expect([await isEncrypted({}), await isEncrypted({ encrypt: false })]).toEqual([true, false]);
  });

  test('by storage.encrypt, and taken back by --no-encrypt', async () => {
    const ended = await create({}, '--encryption-key', right, '--no-encrypt');
    expect(metadataOf(ended.json<Created>().directory).archive?.encryption).toBeUndefined();
  });

  test('by flat settings', async () => {
    room.write('config/config.json', '{}');
    room.write('config/backup_config.json', JSON.stringify({ encryption: true, backup_dir: 'flat' }));
    const config = ['--config', room.path('config/backup_config.json')];
    expect((await create({}, ...config)).code).toBe(12);
    expect(existsSync(room.path('flat'))).toBe(false);
    const ended = await create({}, '--encryption-key', right, ...config);
    expect(ended.code).toBe(0);
    expect(readdirSync(room.path('flat')).filter((name) => name.endsWith('.enc'))).toHaveLength(1);
  });

  test('of a run of the schedule', async () => {
    room.encryptedSettings({}, { schedule: { nightly: '0 3 * * *' } });
    const without = await room.tool('schedule', '--once', 'nightly');
    expect(without.code).toBe(12);
    expect(existsSync(room.store)).toBe(false);
    const env = { [keyFileVariable]: right };
    expect((await room.toolWith({ env }, 'schedule', '--once', 'nightly')).code).toBe(0);
    const [directory = ''] = readdirSync(room.store).filter((name) => /^backup-[^.]*$/.test(name));
    expect(metadataOf(join(room.store, directory))).toMatchObject({
      type: 'scheduled',
      archive: { encryption: { algorithm: 'aes-256-ctr' } },
    });
  });
});

describe('nothing is written', () => {
  const everything = (): string[] => filesBelow(room.folder).sort();

  test.each([
    ['without a key', 12, 'KEY_MISSING', []],
    ['without a key, in a dry run', 12, 'KEY_MISSING', ['--dry-run']],
    ['where the key file is missing', 12, 'KEY_UNREADABLE', ['--encryption-key', '/nowhere/a.key']],
    [
      'where the key file is missing, in a dry run',
      12,
      'KEY_UNREADABLE',
      ['--encryption-key', '/no/a.key', '--dry-run'],
    ],
    ['as a plain tree', 2, 'ENCRYPTION_UNAVAILABLE', ['--format', 'directory']],
  ])('%s', async (_, code, name, args) => {
    const before = everything();
    const ended = await create({}, ...args);
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: name } });
    if (code === 2) expect(ended.stderr).toContain('plain tree');
    expect(everything()).toEqual(before);
    expect(existsSync(room.store)).toBe(false);
  });

  test('where a public key is too short', async () => {
    const { publicFile } = room.pair('short', 1024);
    const ended = await create({}, '--recipient', publicFile);
    expect([ended.code, existsSync(room.store)]).toEqual([12, false]);
  });

  test('into a store that is there already', async () => {
    expect((await create({}, '--no-encrypt')).code).toBe(0);
    const before = everything().filter((path) => !/audit/.test(path));
    expect((await create({})).code).toBe(12);
    expect(everything().filter((path) => !/audit/.test(path))).toEqual(before);
    expect(readFileSync(join(room.store, 'audit.log'), 'utf8')).toContain('KEY_MISSING');
  });
});
