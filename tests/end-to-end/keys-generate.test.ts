import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { TestProject } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.settings({ targets: { notes: { paths: ['notes/'] } } });
  project.write('state/queue.json', '[1, 2, 3]\n');
});

afterEach(() => project.remove());

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe('keys generate', () => {
  test('makes a random key of its own each time, for its owner only, and never shows it', async () => {
    const [first, second] = [project.beside('keys/one.key'), project.beside('keys/two.key')];
    const ended = await project.tool('keys', 'generate', first);
    expect(ended.code).toBe(0);
    await project.done('keys', 'generate', second);
    const [one, two] = [first, second].map((file) => readFileSync(file, 'utf8'));
    expect(one).toMatch(/^[0-9a-f]{64}\n$/);
    expect(two).not.toBe(one);
    expect(ended.stdout + ended.stderr).not.toContain(one!.trim());
    expect(modeOf(first)).toBe(0o600);
    expect(modeOf(project.beside('keys'))).toBe(0o700);
    expect(ended.stdout).toContain(`BACKUP_ENCRYPTION_KEY_FILE=${first}`);
  });

  test('puts it into the project root by default, where no target takes it in and Git does not either', async () => {
    mkdirSync(project.path('.git'));
    project.write('.gitignore', 'node_modules/');
    const made = await project.done<{ keyFile: string; ignored: string }>('keys', 'generate');
    expect(made).toEqual({ kind: 'secret', keyFile: project.path('.ai-backup.key'), ignored: '/.ai-backup.key*' });
    expect(readFileSync(project.path('.gitignore'), 'utf8')).toBe('node_modules/\n/.ai-backup.key*\n');
    await project.done('create');
    const shown = await project.tool('show', 'latest', '--files');
    expect(shown.stdout).toContain('queue.json');
    expect(shown.stdout).not.toContain('ai-backup.key');
  });

  test('leaves a project alone that is none of Git, and a line that is there', async () => {
    await project.done('keys', 'generate');
    expect(existsSync(project.path('.gitignore'))).toBe(false);
    mkdirSync(project.path('.git'));
    project.write('.gitignore', '*.key*\n');
    expect(await project.done('keys', 'generate', project.path('other.key'))).not.toHaveProperty('ignored');
    expect(readFileSync(project.path('.gitignore'), 'utf8')).toBe('*.key*\n');
  });

  test('never overwrites a file, not even one that a link only names', async () => {
    const key = project.write('old.key', 'the only copy\n');
    expect((await project.tool('keys', 'generate', key)).code).toBe(2);
    expect((await project.tool('keys', 'generate', key, '--force')).code).toBe(2);
    expect(readFileSync(key, 'utf8')).toBe('the only copy\n');
    symlinkSync('nowhere', project.path('link.key'));
    expect((await project.tool('keys', 'generate', project.path('link.key'))).code).toBe(2);
    expect(existsSync(project.path('nowhere'))).toBe(false);
    project.write('pair.public.pem', 'there');
    expect((await project.tool('keys', 'generate', '--rsa', project.path('pair'))).code).toBe(2);
    expect(existsSync(project.path('pair.private.pem'))).toBe(false);
  });

  test.each(['backups/my.key', 'state/my.key', 'notes/deep/my.key', 'config/my.key'])(
    'refuses %s, which goes where the backups go, unless it is told to',
    async (place) => {
      const ended = await project.tool('keys', 'generate', project.path(place), '--json');
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('KEY_PLACE_UNSAFE');
      expect(existsSync(project.path(place))).toBe(false);
      await project.done('keys', 'generate', project.path(place), '--force');
      expect(existsSync(project.path(place))).toBe(true);
    },
  );

  test('is not deceived by a link into a folder that is backed up', async () => {
    symlinkSync(project.path('state'), project.beside('elsewhere'));
    expect((await project.tool('keys', 'generate', project.beside('elsewhere/my.key'))).code).toBe(2);
  });

  test('makes a pair for recipients: two halves of one key', async () => {
    const made = await project.done<Record<string, string>>('keys', 'generate', '--recipients', project.beside('pair'));
    const { privateKeyFile = '', publicKeyFile = '' } = made;
    expect(privateKeyFile).toBe(project.beside('pair.private.pem'));
    expect(modeOf(privateKeyFile)).toBe(0o600);
    expect(modeOf(publicKeyFile)).toBe(0o644);
    const pem = readFileSync(privateKeyFile, 'utf8');
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const half = createPublicKey(createPrivateKey(pem));
    expect(half.asymmetricKeyDetails?.modulusLength).toBe(4096);
    expect(half.export({ type: 'spki', format: 'pem' })).toBe(readFileSync(publicKeyFile, 'utf8'));
    expect(made['fingerprint']).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('an option of another action is refused: it would do nothing', async () => {
    expect((await project.tool('keys', 'generate', '--rewrap')).code).toBe(2);
    expect((await project.tool('keys', 'check', 'some.key')).code).toBe(2);
    expect((await project.tool('keys', 'rotate', '--force')).code).toBe(2);
    expect((await project.tool('keys', 'recovery-kit', '--with-key', '--without-key')).code).toBe(2);
    expect((await project.tool('keys')).code).toBe(2);
    expect((await project.tool('keys', 'destroy')).code).toBe(2);
    expect(existsSync(project.path('.ai-backup.key'))).toBe(false);
  });
});
