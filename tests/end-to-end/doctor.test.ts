import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created } from '../support/make-project.ts';
import type { Ended, RunOptions } from '../support/run-tool.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

interface Check {
  name: string;
  status: 'ok' | 'warning' | 'problem';
  code: string;
  message: string;
  hint?: string;
}
interface Report {
  ok: boolean;
  checks: Check[];
}

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{}\n');
});

afterEach(() => project.remove());

async function examine(options: RunOptions = {}, ...args: string[]): Promise<Report & { code: number | null }> {
  const ended = await project.toolWith(options, 'doctor', '--json', ...args);
  expect(ended.stderr).toBe('');
  return { ...ended.json<Report>(), code: ended.code };
}
const find = ({ checks }: Report, code: string): Check | undefined => checks.find((one) => one.code === code);
const statusOf = (report: Report, code: string): string | undefined => find(report, code)?.status;

describe('a project that is well', () => {
  test('has nothing but good checks, one line each, and exit code 0', async () => {
    await project.done('create');
    const report = await examine();
    expect(report).toMatchObject({ ok: true, code: 0 });
    expect(report.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect([...new Set(report.checks.map(({ name }) => name))]).toEqual([
      ...['node', 'sqlite', 'programs', 'store', 'permissions', 'space', 'key', 'git', 'coverage', 'leftovers'],
      'backups',
    ]);
    const { stdout, code } = await project.tool('doctor');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok +Node +Node \d+/m);
    expect(stdout).toMatch(/Nothing is wrong\.\n$/);
  });

  test('is not changed by it, and neither is one that was never backed up', async () => {
    const before = snapshotTree(project.root);
    const report = await examine();
    expect(report.code).toBe(0);
    expect(statusOf(report, 'store-absent')).toBe('ok');
    expect(statusOf(report, 'no-backup')).toBe('warning');
    expect(snapshotTree(project.root)).toEqual(before);
    await project.done('create');
    const made = snapshotTree(project.root);
    await examine();
    expect(snapshotTree(project.root)).toEqual(made);
  });
});

describe('permissions', () => {
  test('are told with the worst first, repaired on request, and then right', async () => {
    const { id, archive = '' } = await project.done<Created>('create');
    const { directory: tree } = await project.done<Created>('create', '--format', 'directory');
    chmodSync(join(tree, 'config/app.json'), 0o666);
    chmodSync(project.store, 0o777);
    chmodSync(archive, 0o644);
    chmodSync(join(project.store, id, 'metadata.json'), 0o400);
    const found = await examine();
    expect(found).toMatchObject({ ok: false, code: 4 });
    expect(find(found, 'others-may-write')).toMatchObject({
      status: 'problem',
      hint: expect.stringMatching(/--repair/),
    });
    expect(find(found, 'others-may-read')?.message).toContain(archive);
    expect(find(found, 'owner-shut-out')?.message).toContain('metadata.json (mode 0400)');

    const repaired = await examine({}, '--repair');
    expect(repaired).toMatchObject({ ok: true, code: 0 });
    expect(find(repaired, 'modes-repaired')?.message).toContain('3');
    const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect([project.store, archive, join(project.store, id, 'metadata.json')].map(modeOf)).toEqual([
      '700',
      '600',
      '600',
    ]);
    expect(modeOf(join(tree, 'config/app.json'))).toBe('666');
    expect(statusOf(await examine(), 'modes-right')).toBe('ok');
    expect((await project.tool('create')).code).toBe(0);
  });

  test('that others may write is a warning where the settings allow it', async () => {
    project.settings({ storage: { allowOthersToWrite: true } });
    await project.done('create');
    chmodSync(project.store, 0o777);
    expect(statusOf(await examine(), 'others-may-write')).toBe('warning');
  });

  test('a filesystem that has none is told as such', async () => {
    // FAT takes the order for a mode that it cannot keep, where it is mounted quietly.
    if (process.getuid?.() !== 0 || !canMakeFat()) return;
    const image = project.beside('fat.img');
    execFileSync('truncate', ['-s', '16M', image]);
    execFileSync('mkfs.vfat', [image]);
    mkdirSync(project.store);
    try {
      execFileSync('mount', ['-o', 'loop,quiet,umask=000', image, project.store], { stdio: 'ignore' });
    } catch {
      return;
    }
    try {
      const report = await examine({}, '--repair');
      expect(find(report, 'repair-without-effect')?.hint).toContain('storage.allowOthersToWrite');
      expect(report.code).toBe(4);
    } finally {
      execFileSync('umount', [project.store]);
    }
  });
});

function canMakeFat(): boolean {
  try {
    execFileSync('mkfs.vfat', ['--help'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

describe('keys', () => {
  const secret = 'correct-horse-canary-battery';

  test('that are readable: where they come from, and nothing of them', async () => {
    project.write('.env', `BACKUP_ENCRYPTION_KEY=${secret}\n`, 0o600);
    const file = project.beside('key');
    writeFileSync(file, `${secret}-of-the-file\n`, { mode: 0o600 });
    const settings: RunOptions = { env: { BACKUP_ENCRYPTION_KEY_FILE: file } };
    const report = await examine(settings);
    const sources = report.checks.filter(({ code }) => code === 'key-works').map(({ message }) => message);
    expect(sources[0]).toContain(`BACKUP_ENCRYPTION_KEY_FILE (${file})`);
    expect(sources[1]).toContain('BACKUP_ENCRYPTION_KEY');
    const said: Ended = await project.toolWith(settings, 'doctor', '--verbose');
    expect(said.stdout + said.stderr + JSON.stringify(report)).not.toContain(secret);
  });

  test('that others can read, that are not there, or that are asked for and not given', async () => {
    const file = project.beside('key');
    writeFileSync(file, secret);
    chmodSync(file, 0o644);
    const exposed = await examine({ env: { BACKUP_ENCRYPTION_KEY_FILE: file } });
    expect(find(exposed, 'key-exposed')).toMatchObject({ status: 'problem', hint: `Run: chmod 600 '${file}'` });
    rmSync(file);
    const gone = await examine({ env: { BACKUP_ENCRYPTION_KEY_FILE: file } });
    expect(find(gone, 'key-unusable')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/BACKUP_ENCRYPTION_KEY_FILE/),
    });
    project.settings({ storage: { encrypt: true } });
    expect(statusOf(await examine(), 'key-absent')).toBe('problem');
    project.settings({ storage: { encryptionKey: secret } });
    expect(statusOf(await examine(), 'key-in-settings')).toBe('warning');
  });
});

describe('git', () => {
  test('is to ignore the store and the key file', async () => {
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-C', project.root, ...args], { stdio: 'ignore' });
    git('init');
    project.write('secrets/backup.key', 'a key\n', 0o600);
    const options: RunOptions = { env: { BACKUP_ENCRYPTION_KEY_FILE: 'secrets/backup.key' } };
    const bare = await examine(options);
    expect(statusOf(bare, 'store-in-git')).toBe('warning');
    expect(find(bare, 'key-in-git')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/secrets\/backup\.key/),
    });
    // Wherever the rules stand.
    project.write('.gitignore', 'backups/\n');
    project.write('secrets/.gitignore', '*.key\n');
    expect(statusOf(await examine(options), 'git-ignores')).toBe('ok');
    // One that is in the repository already is not ignored.
    git('add', '--force', 'secrets/backup.key');
    expect(statusOf(await examine(options), 'key-in-git')).toBe('problem');
  });
});

describe('coverage', () => {
  test('names what is stateful and in no target, and not what is excluded on purpose', async () => {
    const makeDatabase = (name: string): void => {
      mkdirSync(join(project.path(name), '..'), { recursive: true });
      new Database(project.path(name)).exec('CREATE TABLE t (a)').close();
    };
    makeDatabase('lib/app.db');
    makeDatabase('lib/cache.db');
    project.write('data/uploads/photo.jpg', 'x'.repeat(5000));
    project.write('logs/app.log', 'line\n');
    project.write('data/answers/one.json', '{}');
    project.write('.env', 'API_KEY=x\n');
    project.settings({ targets: { database: false, mine: 'data/answers' }, exclude: ['lib/cache.db'] });
    const report = await examine();
    const told = report.checks.filter(({ code }) => code === 'unprotected').map(({ message }) => message);
    expect(told.map((message) => /In no target: (\S+)/.exec(message)?.[1]).sort()).toEqual([
      'data/uploads',
      'lib/app.db',
      'logs/**/*.log',
    ]);
    expect(find(report, 'env-not-kept')?.message).toContain('.env');
    expect(report.code).toBe(0);

    project.settings({
      targets: { mine: ['data/answers', 'data/uploads', 'logs/**/*.log'] },
      exclude: ['lib/cache.db'],
    });
    const covered = await examine({ env: { BACKUP_ENCRYPTION_KEY: 'a key' } });
    expect(covered.checks.filter(({ name }) => name === 'coverage')).toEqual([
      expect.objectContaining({ code: 'covered', status: 'ok' }),
    ]);
  });
});

describe('the store', () => {
  test('what a killed run left is told; what a run is using is not', async () => {
    await project.done('create');
    mkdirSync(join(project.store, '.state/tmp/backup-2026-11-21T09-58-06-280Z-b71d34'), { mode: 0o700 });
    mkdirSync(project.path('.ai-backup-restore-4194999-0123456789abcdef'));
    const report = await examine();
    expect(find(report, 'left-in-store')).toMatchObject({ status: 'warning', message: expect.stringMatching(/ 1 /) });
    expect(statusOf(report, 'left-by-restore')).toBe('warning');
    const holder = { pid: process.pid, host: (await import('node:os')).hostname(), verb: 'create', since: 'now' };
    writeFileSync(join(project.store, '.state/lock-holder.json'), JSON.stringify(holder), { mode: 0o600 });
    expect(statusOf(await examine(), 'run-at-work')).toBe('ok');
    writeFileSync(join(project.store, '.state/lock-holder.json'), JSON.stringify({ ...holder, pid: 4194999 }));
    expect(statusOf(await examine(), 'left-in-store')).toBe('warning');
    await project.done('create');
    expect(find(await examine(), 'left-in-store')).toBeUndefined();
  });

  test('a last backup that is old, and one that is damaged', async () => {
    const { directory } = await project.done<Created>('create');
    const file = join(directory, 'metadata.json');
    const metadata = readFileSync(file, 'utf8');
    const nineDays = new Date(Date.now() - 9 * 86_400_000).toISOString();
    writeFileSync(file, metadata.replace(/("timestamp": ")[^"]+/, `$1${nineDays}`));
    expect(find(await examine(), 'last-backup-old')).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/9 days/),
    });
    writeFileSync(file, metadata.slice(0, 40));
    expect(await examine()).toMatchObject({ ok: false, code: 4 });
    expect(statusOf(await examine(), 'unreadable-backups')).toBe('problem');
  });

  test('one that cannot be written to, and one with no room for another backup', async () => {
    const disk = mountSmallDisk(project.store, 8);
    if (disk === undefined) return;
    try {
      project.settings({ storage: { compression: 'none' } });
      project.write('state/large', Buffer.alloc(5 << 20, 7));
      await project.done('create');
      expect(statusOf(await examine(), 'space-too-small')).toBe('problem');
      disk.remountReadOnly();
      expect(statusOf(await examine(), 'store-not-writable')).toBe('problem');
    } finally {
      disk.remove();
    }
  });
});

describe('programs', () => {
  test('one that the settings need and that is not there is a problem; others are not', async () => {
    const bin = project.beside('bin');
    mkdirSync(bin);
    const env = { PATH: bin };
    const unneeded = await examine({ env });
    expect(unneeded.checks.filter(({ code }) => code === 'program-missing').map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => 'ok'),
    );
    expect(unneeded.code).toBe(0);
    project.settings({ storage: { compression: 'xz' } });
    const needed = await examine({ env });
    expect(needed.code).toBe(4);
    expect(needed.checks.find(({ status }) => status === 'problem')?.message).toMatch(/^xz is not there/);
    expect(existsSync(project.store)).toBe(false);
  });
});
