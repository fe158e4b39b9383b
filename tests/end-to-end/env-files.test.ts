/** `.env` files go into a backup encrypted, where there is a key, and come back on request only. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TestProject, type Created, type Finding, type Restored } from '../support/make-project.ts';
import type { Ended } from '../support/run-tool.ts';

const keyText = 'a passphrase of some length';
const dotenv = '# of the app\nPORT=3000\nAPI_KEY=then-7f3a9c21e5\n';
const apiDotenv = 'DB_PASSWORD=hunter2-then';

let project: TestProject;
let environment: Record<string, string>;
beforeEach(() => {
  project = new TestProject();
  environment = { BACKUP_ENCRYPTION_KEY: keyText };
  project.write('state/a.json', '[1]\n');
  project.write('.env', dotenv, 0o640);
  project.write('apps/api/.env', apiDotenv);
});
afterEach(() => project.remove());

const tool = (...args: string[]): Promise<Ended> => project.toolWith({ env: environment }, ...args);
async function done<T>(...args: string[]): Promise<T> {
  const ended = await tool(...args, '--json');
  if (ended.code !== 0) throw new Error(`${args.join(' ')} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return ended.json<T>();
}
const create = (...args: string[]): Promise<Created> => done<Created>('create', ...args);
const restore = (...args: string[]): Promise<Restored> => done<Restored>('restore', ...args, '--yes');
const read = (name: string): string => readFileSync(project.path(name), 'utf8');
const modeOf = (name: string): number => statSync(project.path(name)).mode & 0o777;
const codesOf = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code);
const fromArchive = ({ archive = '' }: Created, path: string): Buffer =>
  execFileSync('tar', ['xOzf', archive, path], { maxBuffer: 1 << 26 });

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));

/** What an encrypted text says, by openssl alone. */
function openssl(sealed: Buffer): string {
  project.write('../key', `${keyText}\n`);
  project.write('../env.encrypted', sealed);
  const way = ['-d', '-a', '-aes-256-cbc', '-pbkdf2', '-iter', '600000', '-md', 'sha256'];
  const files = ['-pass', `file:${project.beside('key')}`, '-in', project.beside('env.encrypted')];
  return execFileSync('openssl', ['enc', ...way, ...files], { encoding: 'utf8' });
}

interface Snapshot {
  fingerprints?: { salt: string; kdf: string; iterations: number; keyCheck: string };
  dotenvFiles: { origin: string; variables: Record<string, { value?: string; fingerprint?: string }> }[];
}
const snapshotOf = (made: Created): Snapshot =>
  JSON.parse(fromArchive(made, 'config/environment.json').toString()) as Snapshot;

describe('with a key, a backup', () => {
  test('that is not encrypted itself holds the real values of all .env files, for openssl', async () => {
    const made = await create();
    expect(codesOf(made.warnings)).not.toContain('secrets-left-out');
    const text = openssl(fromArchive(made, 'security/env.encrypted'));
    const owner = `owner ${statSync(project.path('.env')).uid}:${statSync(project.path('.env')).gid}`;
    const apiMode = modeOf('apps/api/.env').toString(8);
    expect(text.split('\n').slice(1).join('\n')).toBe(
      `# ai-backup: .env, mode 0640, ${owner}, ${dotenv.length} bytes\n${dotenv}` +
        `# ai-backup: apps/api/.env, mode 0${apiMode}, ${owner}, ${apiDotenv.length} bytes\n${apiDotenv}\n`,
    );
    expect(filesIn(project.store).length).toBeGreaterThan(4);
    for (const bytes of filesIn(project.store).map((path) => readFileSync(path, 'latin1'))) {
      expect(bytes).not.toMatch(/then-7f3a9c21e5|hunter2-then/);
    }
    const tar = execFileSync('gzip', ['-dc', made.archive ?? ''], { maxBuffer: 1 << 26 }).toString('latin1');
    expect(tar).not.toMatch(/then-7f3a9c21e5|hunter2-then/);
  });

  test('of the same secrets is the same, byte for byte', async () => {
    const [one, other] = [await create(), await create()];
    for (const path of ['security/env.encrypted', 'config/environment.json']) {
      expect(fromArchive(other, path).equals(fromArchive(one, path))).toBe(true);
    }
    const incremental = await create('--mode', 'incremental');
    const members = execFileSync('tar', ['tzf', incremental.archive ?? ''], { encoding: 'utf8' });
    expect(members.split('\n').filter((one) => !one.startsWith('.backup/'))).toEqual(['']);
    project.write('.env', `${dotenv}MORE=1\n`);
    const changed = fromArchive(await create(), 'security/env.encrypted');
    expect(changed.equals(fromArchive(one, 'security/env.encrypted'))).toBe(false);
  });

  test('has a fingerprint of each secret, and says how it is made', async () => {
    const { fingerprints, dotenvFiles } = snapshotOf(await create());
    expect(fingerprints).toMatchObject({ kdf: 'pbkdf2-hmac-sha256', iterations: 600_000 });
    expect(fingerprints?.salt).toMatch(/^[0-9a-f]{16}$/);
    expect(dotenvFiles[0]?.variables['API_KEY']?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(dotenvFiles[0]?.variables['PORT']).toEqual({ value: '3000' });
    environment = {};
    expect(snapshotOf(await create()).fingerprints).toBeUndefined();
  });

  test('leaves a .env out and says so, where the target that keeps it is not asked for or excludes it', async () => {
    project.write('state/.env', 'STATE_TOKEN=x\n');
    const { warnings } = await create('--targets', 'state');
    expect(warnings.filter(({ code }) => code === 'secrets-left-out')).toMatchObject([
      { path: 'state/.env', params: { reason: 'no-target' } },
    ]);
    project.settings({ targets: { security: { exclude: ['apps/'] } } });
    const made = await create();
    expect(codesOf(made.warnings)).not.toContain('secrets-left-out');
    const text = openssl(fromArchive(made, 'security/env.encrypted'));
    expect(text).toContain('STATE_TOKEN=x');
    expect(text).not.toContain('hunter2-then');
  });

  test('is incomplete where one is larger than a .env is', async () => {
    project.write('.env.dump', Buffer.alloc((4 << 20) + 1, 'x'));
    const ended = await tool('create', '--json');
    expect(ended.code).toBe(3);
    expect(ended.json<Created>().warnings).toContainEqual(
      expect.objectContaining({
        code: 'file-unreadable',
        path: '.env.dump',
        params: expect.objectContaining({ reason: 'EFBIG' }),
      }),
    );
  });
});

test('without a key .env files are left out, and each says how it comes in', async () => {
  environment = {};
  const { warnings, archive = '' } = await create();
  const left = warnings.filter(({ code }) => code === 'secrets-left-out') as (Finding & { message: string })[];
  expect(left.map(({ path }) => path)).toEqual(['.env', 'apps/api/.env']);
  expect(left[0]?.message).toContain('--encryption-key FILE');
  expect(execFileSync('tar', ['tzf', archive], { encoding: 'utf8' })).not.toContain('env.encrypted');
});

describe('a restore brings .env files back', () => {
  beforeEach(async () => {
    await create('--name', 'made');
  });

  test('never by itself', async () => {
    rmSync(project.path('.env'));
    project.write('state/a.json', '[2]\n');
    expect(await restore('made')).toMatchObject({ overwritten: 1, created: 0 });
    expect(readdirSync(project.root)).not.toContain('.env');
    rmSync(project.path('apps'), { recursive: true });
    await restore('made', '--targets', 'config,state');
    expect(readdirSync(project.root)).not.toContain('apps');
  });

  test('by name, into what is there now: its comments, its order, and what only it has stay', async () => {
    project.write('.env', '# mine\nONLY=here\nAPI_KEY=now # rotated\n', 0o644);
    project.write('apps/api/.env', 'DB_PASSWORD=now\n');
    const plan = await done<Restored>('restore', 'made', '--include', '.env', '--dry-run');
    expect(plan.actions).toEqual([{ action: 'overwrite', path: '.env', reason: 'merged' }]);
    expect(read('.env')).toContain('API_KEY=now');
    const restored = await restore('made', '--include', '.env', '--verify');
    expect(restored).toMatchObject({ overwritten: 1, created: 0 });
    expect(read('.env')).toBe('# mine\nONLY=here\nAPI_KEY=then-7f3a9c21e5 # rotated\nPORT=3000\n');
    expect(modeOf('.env')).toBe(0o600);
    expect(read('apps/api/.env')).toBe('DB_PASSWORD=now\n');
    expect(await restore('made', '--include', '.env')).toMatchObject({ overwritten: 0, unchanged: 1 });
  });

  test('with the target that keeps them, where there is nothing: byte for byte, for their owner alone', async () => {
    rmSync(project.path('.env'));
    rmSync(project.path('apps'), { recursive: true });
    const restored = await restore('made', '--targets', 'config,security');
    expect(restored.created).toBe(2);
    expect([read('.env'), read('apps/api/.env')]).toEqual([dotenv, apiDotenv]);
    expect([modeOf('.env'), modeOf('apps/api/.env')]).toEqual([0o600, 0o600]);
  });

  test('elsewhere', async () => {
    const to = project.beside('elsewhere');
    mkdirSync(to);
    await restore('made', '--include', 'apps/api/.env', '--to', to);
    expect(readFileSync(join(to, 'apps/api/.env'), 'utf8')).toBe(apiDotenv);
    expect(readdirSync(to)).toEqual(['apps']);
  });

  test('as --overwrite says', async () => {
    project.write('.env', 'API_KEY=now\n');
    const kept = await restore('made', '--include', '.env', '--overwrite', 'never');
    expect(kept).toMatchObject({ kept: 1, overwritten: 0 });
    // It was written after the backup was made.
    expect(await restore('made', '--include', '.env', '--overwrite', 'if-newer')).toMatchObject({ kept: 1 });
    expect(read('.env')).toBe('API_KEY=now\n');
    expect(await restore('made', '--include', '.env', '--overwrite', 'always')).toMatchObject({ overwritten: 1 });
    expect(await restore('made', '--include', '.env', '--overwrite', 'always')).toMatchObject({ overwritten: 1 });
    expect(read('.env')).toBe('API_KEY=then-7f3a9c21e5\nPORT=3000\n');
  });

  test('but not the key of the backups over another one', async () => {
    environment = { BACKUP_ENCRYPTION_KEY: 'old key' };
    project.write('.env', 'BACKUP_ENCRYPTION_KEY="old key"\nA_TOKEN=then\n');
    const { id } = await create();
    project.write('.env', 'BACKUP_ENCRYPTION_KEY="new key"\nA_TOKEN=now\n');
    await restore(id, '--include', '.env');
    expect(read('.env')).toBe('BACKUP_ENCRYPTION_KEY="new key"\nA_TOKEN=then\n');
  });

  test('and keeps what it replaces in the safety backup, encrypted', async () => {
    project.write('.env', 'API_KEY=now-abcdef123456\nONLY=here\n');
    const { safetyBackup = '', warnings } = await restore('made', '--include', '.env');
    expect(warnings).toContainEqual(
      expect.objectContaining({ code: 'secrets-in-safety-backup', params: { found: safetyBackup } }),
    );
    expect(read('.env')).toContain('then-7f3a9c21e5');
    await restore(safetyBackup, '--include', '**/.env*');
    expect(read('.env')).toBe('API_KEY=now-abcdef123456\nONLY=here\nPORT=3000\n');
  });

  test('not where a link stands in its place, for the safety backup does not hold what it leads to', async () => {
    rmSync(project.path('.env'));
    project.write('shared.txt', 'API_KEY=shared\n');
    project.link('shared.txt', '.env');
    const ended = await tool('restore', 'made', '--include', '.env', '--yes', '--json');
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('SAFETY_INCOMPLETE')]);
    expect(lstatSync(project.path('.env')).isSymbolicLink()).toBe(true);
    await restore('made', '--include', '.env', '--skip-backup');
    expect(lstatSync(project.path('.env')).isFile()).toBe(true);
    expect(read('shared.txt')).toBe('API_KEY=shared\n');
  });
});

describe('where the key is not there', () => {
  const refused = async (...args: string[]): Promise<string> => {
    const before = project.snapshot();
    const ended = await tool('restore', 'made', ...args, '--yes', '--json');
    expect(ended.code).toBe(12);
    expect([...project.snapshot()]).toEqual([...before]);
    const { error } = JSON.parse(ended.stderr) as { error: { code: string; message: string } };
    expect(error.message).toContain('Nothing was changed.');
    return error.code;
  };

  beforeEach(async () => {
    await create('--name', 'made');
    project.write('.env', 'API_KEY=now\n');
    project.write('state/a.json', '[2]\n');
    environment = {};
  });

  test('what is asked for by name ends the restore, before anything is changed', async () => {
    expect(await refused('--include', '.env', '--include', 'state')).toBe('KEY_MISSING');
    expect(await refused('--targets', 'state,security')).toBe('KEY_MISSING');
    environment = { BACKUP_ENCRYPTION_KEY: 'another' };
    expect(await refused('--include', '.env')).toBe('KEY_WRONG');
  });

  test('a glob that only fits brings back the rest, and says so', async () => {
    const restored = await restore('made', '--include', '**');
    expect(restored.overwritten).toBeGreaterThan(0);
    expect(codesOf(restored.warnings)).toContain('secrets-locked');
    expect([read('.env'), read('state/a.json')]).toEqual(['API_KEY=now\n', '[1]\n']);
  });

  test('--force brings back the rest, and says so', async () => {
    const ended = await tool('restore', 'made', '--targets', 'state,security', '--force', '--yes', '--json');
    expect(ended.code).toBe(3);
    expect(codesOf(ended.json<Restored>().warnings)).toContain('secrets-locked');
    expect([read('.env'), read('state/a.json')]).toEqual(['API_KEY=now\n', '[1]\n']);
  });

  test('all else needs none', async () => {
    expect((await restore('made')).overwritten).toBeGreaterThan(0);
    expect(read('state/a.json')).toBe('[1]\n');
  });
});

describe('a restore says of secrets, by their names,', () => {
  const told = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { warnings } = await done<Restored>('restore', 'made', '--dry-run', ...args);
    const about = warnings.filter(({ code }) => ['secrets-changed', 'secrets-to-supply'].includes(code));
    return Object.fromEntries(about.map(({ code, params }) => [code, params['found']]));
  };

  beforeEach(async () => {
    environment = { ...environment, SERVICE_TOKEN: 'then', OTHER_SECRET: 'then' };
    await create('--name', 'made');
  });

  test('which have changed and which are missing', async () => {
    expect(await told()).toEqual({});
    environment = { BACKUP_ENCRYPTION_KEY: keyText, SERVICE_TOKEN: 'now' };
    project.write('.env', 'API_KEY=now\n');
    rmSync(project.path('apps'), { recursive: true });
    expect(await told()).toEqual({
      'secrets-changed': 'SERVICE_TOKEN, API_KEY (.env)',
      'secrets-to-supply': 'OTHER_SECRET, DB_PASSWORD (apps/api/.env)',
    });
  });

  test('only which are missing, without the key', async () => {
    environment = { SERVICE_TOKEN: 'now' };
    project.write('.env', 'API_KEY=now\n');
    rmSync(project.path('apps'), { recursive: true });
    const missing = { 'secrets-to-supply': 'OTHER_SECRET, DB_PASSWORD (apps/api/.env)' };
    expect(await told()).toEqual(missing);
    environment['BACKUP_ENCRYPTION_KEY'] = 'another';
    expect(await told()).toEqual(missing);
  });

  test('nothing of those that it brings back, nor where it is about other files', async () => {
    project.write('.env', 'API_KEY=now\n');
    rmSync(project.path('apps'), { recursive: true });
    expect(await told('--targets', 'security')).toEqual({});
    expect(await told('--include', '.env')).toEqual({ 'secrets-to-supply': 'DB_PASSWORD (apps/api/.env)' });
    expect(await told('--targets', 'state')).toEqual({});
  });
});

test.each([
  ['a zip', ['--format', 'zip']],
  ['a plain tree', ['--format', 'directory']],
  ['an archive that is not compressed', ['--compression', 'none']],
])('%s holds them, too', async (_story, args) => {
  await create(...args);
  project.write('.env', 'API_KEY=now\n');
  await restore('--targets', 'security');
  expect(read('.env')).toBe('API_KEY=then-7f3a9c21e5\nPORT=3000\n');
});

test('an archive that lies alone gives them back', async () => {
  const { archive = '' } = await create();
  const alone = project.beside('alone.tar.gz');
  renameSync(archive, alone);
  rmSync(project.store, { recursive: true });
  project.write('.env', 'API_KEY=now\n');
  await restore(alone, '--include', '.env');
  expect(read('.env')).toContain('then-7f3a9c21e5');
});

test('what was changed in the store is refused', async () => {
  const { directory } = await create('--format', 'directory');
  const place = join(directory, 'security/env.encrypted');
  const bytes = Buffer.from(readFileSync(place, 'latin1'), 'base64');
  const at = bytes.length - 24;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  rmSync(place);
  project.write(place.slice(project.root.length + 1), `${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n`);
  const ended = await tool('restore', '--include', '.env', '--yes', '--json');
  expect([ended.code, ended.stderr]).toEqual([4, expect.stringContaining('CONTENT_MISMATCH')]);
  expect(read('.env')).toBe(dotenv);
});

test('RESTORE.md has the command, and it works', async () => {
  const made = await create();
  const text = readFileSync(join(made.directory, 'RESTORE.md'), 'utf8');
  const [, section = ''] = text.split('## The `.env` files\n');
  const [, commands = ''] = /```sh\n([\s\S]*?)```/.exec(section) ?? [];
  const folder = project.beside('by-hand');
  mkdirSync(join(folder, 'restored'), { recursive: true });
  execFileSync('tar', ['xpf', made.archive ?? '', '-C', join(folder, 'restored')]);
  project.write('../key', `${keyText}\n`);
  execFileSync('sh', ['-ec', commands.replace('/path/to/the/key', project.beside('key'))], { cwd: folder });
  expect(readFileSync(join(folder, 'env-files.txt'), 'utf8')).toContain(dotenv);
  expect(statSync(join(folder, 'env-files.txt')).mode & 0o777).toBe(0o600);
});
