import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { CanaryProject, canaryOf } from '../support/canary-project.ts';
import { canaries, keyCanaries } from '../support/canary-secrets.ts';
import { expectNeverSaid, expectSaysNothing, expectWroteNothing, voices } from '../support/canary-watch.ts';

let project: CanaryProject;

beforeAll(async () => {
  project = new CanaryProject();
  expect((await expectNeverSaid(project, ['create'])).code).toBe(0);
});

afterAll(() => {
  expectWroteNothing(project);
  project.remove();
});

/** Expects it of a command that is to fail. */
async function expectFailsSilently(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const { code } = await expectNeverSaid(project, args, { env });
  expect([args, code]).not.toEqual([args, 0]);
}

describe('what was given in the wrong place is not repeated', () => {
  const texts = (): [string, string][] => canaries.map(({ kind, text }) => [kind, text]);

  test.each(texts())('%s', async (_, text) => {
    await expectFailsSilently(['create', '--compression-level', text]);
    await expectFailsSilently(['create', '--since', text]);
    await expectFailsSilently(['create', '--retry-lock', text]);
    await expectFailsSilently(['create', '--compression', text]);
    await expectFailsSilently(['create', '--targets', text]);
    await expectFailsSilently(['verify', text]);
    await expectFailsSilently([text]);
    await expectFailsSilently(['cleanup', '--keep-days', text]);
    await expectFailsSilently(['schedule', '--once', text]);
    await expectFailsSilently(['config', '--set-option', text]);
    await expectFailsSilently(['config', '--set-option', `storage.encryptionKey.inner=${text}`]);
    await expectFailsSilently(['config', '--set-option', `maxBackups=${JSON.stringify(text)}`]);
    await expectFailsSilently(['config', '--set-option', `storage.encryptionKey=[${JSON.stringify(text)}]`]);
    await expectFailsSilently(['list', '--config', text]);
    await expectFailsSilently(['create'], { BACKUP_DATABASE_TIMEOUT: text });
  });

  test.each(Object.entries(keyCanaries))('an encryption key in place of its file: %s', async (_, key) => {
    await expectFailsSilently(['create', '--encrypt', '--encryption-key', key]);
    await expectFailsSilently(['create', '--encrypt'], { BACKUP_ENCRYPTION_KEY_FILE: key });
    await expectFailsSilently(['create', '--encrypt', '--recipient', key]);
    await expectFailsSilently(['create', '--encrypt', '--encryption-key', key, key], { BACKUP_ENCRYPTION_KEY: key });
  });
});

describe('settings with a mistake beside a secret', () => {
  const commands = [
    ['config', '--check'],
    ['init', '--dry-run'],
    ['config', '--set-option', 'maxBackups=3'],
  ];
  const expectRefused = async (text: string): Promise<void> => {
    const before = readFileSync(project.path('config/config.json'), 'utf8');
    writeFileSync(project.path('config/config.json'), text);
    try {
      // `init` looks at what it would add only, and may find nothing wrong.
      for (const args of commands) await expectNeverSaid(project, args);
      // Some of it is a comment, and no mistake.
      expect([0, 2]).toContain((await project.tool('config', '--check')).code);
    } finally {
      writeFileSync(project.path('config/config.json'), before);
    }
  };

  test.each([
    [
      'a comma is missing',
      (it: string) => `{"backup": {"storage": {"encryptionKey": ${JSON.stringify(it)} "encrypt": true}}}`,
    ],
    ['a quote is missing', (it: string) => `{"backup": {"storage": {"encryptionKey": "${it.replaceAll('"', '')}}}}`],
    ['no quotes at all', (it: string) => `{"backup": {"storage": {"encryptionKey": ${it}}}}`],
    ['something behind the end', (it: string) => `{"backup": {}} ${it}`],
  ])('JSON that does not parse: %s', async (_, write) => {
    for (const { text } of canaries) await expectRefused(write(text));
  });

  test('a key of another kind', async () => {
    for (const value of [[keyCanaries.settings], { a: keyCanaries.settings }]) {
      await expectRefused(JSON.stringify({ backup: { storage: { encryptionKey: value } } }));
    }
    await expectRefused(
      JSON.stringify({ backup: keyCanaries.settings }).replace(/"([^"]+)"\}$/, '{"encryptionKey":"$1"}}'),
    );
  });

  test('values of the wrong kind, filled in from variables or written out', async () => {
    for (const { name, text } of canaries) {
      const unknown = { [name.toLowerCase()]: text, [`${name}_PASSWORD`]: text };
      for (const value of [`\${${name}}`, `\${NOT_SET_${name}:-${text.replaceAll('}', '')}}`]) {
        await expectRefused(
          JSON.stringify({ backup: { maxBackups: value, timezone: value, storage: { compression: value } } }),
        );
      }
      await expectRefused(JSON.stringify({ backup: { maxBackups: 3, ...unknown } }));
    }
  });

  test('a whole section that is a secret, and a key that is one', async () => {
    const token = canaryOf('GitHub').text;
    await expectRefused(JSON.stringify({ backup: token }));
    await expectRefused(JSON.stringify({ backup: { targets: [token] } }));
    await expectRefused(JSON.stringify({ backup: { targets: token } }));
    await expectRefused(JSON.stringify({ backup: { [token]: true, storage: { [token]: 1 } } }));
    await expectRefused(JSON.stringify({ backup_dir: 1, [token]: token }));
  });
});

describe('files that cannot be read as they should', () => {
  test('a broken package.json', async () => {
    const before = readFileSync(project.path('package.json'), 'utf8');
    for (const { text } of canaries) {
      for (const broken of [`{"config": {"token": ${text}}}`, text, `{"token": ${JSON.stringify(text)} "x": 1}`]) {
        project.write('package.json', broken);
        await expectNeverSaid(project, ['init', '--dry-run']);
      }
    }
    project.write('package.json', before);
  });

  test('a database whose pages and table names were overwritten with secrets', async () => {
    const bytes = readFileSync(project.path('app.db'));
    const secret = canaryOf('password').secret;
    const at = bytes.indexOf('CREATE TABLE account');
    const changed = Buffer.from(bytes);
    changed.write(`CREATE TABEL "${secret}"`, at);
    project.write('app.db', changed);
    await expectNeverSaid(project, ['create']);
    await expectNeverSaid(project, ['diff']);
    project.write('app.db', Buffer.concat([bytes.subarray(0, 100), Buffer.from(secret.repeat(400))]));
    await expectNeverSaid(project, ['create']);
    project.write('app.db', bytes);
    expectWroteNothing(project);
  });

  test('files that are refused', async () => {
    const other = new CanaryProject();
    try {
      openToAll(other.folder);
      giveToNobody(other.folder);
      for (const name of ['.env', 'config/secrets/password.txt', 'keys/wrong', 'config/tls.pem']) {
        chmodSync(name.startsWith('keys') ? other.beside(name) : other.path(name), 0);
      }
      for (const { language, options } of voices) {
        for (const args of [
          ['create'],
          ['create', '--encrypt', '--encryption-key', other.keyFile('wrong')],
          ['verify', '--all'],
        ]) {
          const env = { ...other.environment(), BACKUP_LANG: language };
          const ended = await runAsNobody([...args, '--root', other.root, ...options], { env });
          expectSaysNothing(ended, args);
        }
      }
      expectWroteNothing(other);
    } finally {
      other.remove();
    }
  });

  test('a store whose metadata and manifest were overwritten with secrets', async () => {
    const secret = canaryOf('GitHub').text;
    const folder = readdirSync(project.store).find((name) => /^backup-[^.]+$/.test(name)) ?? '';
    const copy = project.beside('broken');
    mkdirSync(join(copy, folder), { recursive: true });
    for (const file of ['metadata.json', 'manifest.jsonl.gz']) {
      copyFileSync(join(project.store, folder, file), join(copy, folder, file));
    }
    const metadata = join(copy, folder, 'metadata.json');
    const settings = { storage: { path: '../broken' } };
    project.settings(settings);
    for (const text of [secret, `{"id": ${secret}}`, JSON.stringify({ id: secret })]) {
      writeFileSync(metadata, text);
      for (const args of [['list'], ['verify', '--all'], ['show'], ['restore', '--dry-run']])
        await expectNeverSaid(project, args);
    }
    copyFileSync(join(project.store, folder, 'metadata.json'), metadata);
    writeFileSync(join(copy, folder, 'manifest.jsonl.gz'), secret);
    for (const args of [['list'], ['verify', '--all'], ['restore', '--dry-run']]) await expectNeverSaid(project, args);
    rmSync(copy, { recursive: true });
    project.settings({});
  });
});

describe('keys that do not fit', () => {
  const command = (text: string): Record<string, string> => ({ BACKUP_ENCRYPTION_KEY_COMMAND: text });

  test.each([
    ['fails and says the key', command('cat ../keys/command >&2; exit 3')],
    ['fails and prints the key', command('cat ../keys/command; exit 3')],
    ['has the key in its words', command(`echo ${keyCanaries.command}; exit 3`)],
    ['is not there', command(`no-such-program-${keyCanaries.command}`)],
    ['is no command', command(`'${keyCanaries.command}`)],
    ['prints several lines', command('cat ../keys/command ../keys/command')],
    ['is ended', command('cat ../keys/command >&2; kill -9 $$')],
  ])('a command that %s', async (_, env) => {
    await expectFailsSilently(['create', '--encrypt'], env);
  });

  test('key files that are none', async () => {
    const several = project.write('../keys/several', `${keyCanaries.file}\n${keyCanaries.wrong}\n`, 0o600);
    const long = project.write('../keys/long', keyCanaries.file.repeat(100), 0o600);
    const pem = project.write('../keys/pem', canaryOf('PEM key').text, 0o600);
    for (const file of [several, long, pem, project.root]) {
      await expectFailsSilently(['create', '--encrypt', '--encryption-key', file]);
    }
    chmodSync(project.keyFile('file'), 0o644);
    await expectNeverSaid(project, ['create', '--encrypt', '--encryption-key', project.keyFile('file')]);
    appendFileSync(project.path('.env'), `BACKUP_ENCRYPTION_KEY="${keyCanaries.variable}\\nmore"\n`);
    await expectNeverSaid(project, ['create', '--encrypt']);
  });
});

test('wrong usages, whatever stands in the environment', async () => {
  for (const args of [
    [],
    ['craete'],
    ['create', '--tragets', 'a'],
    ['--help'],
    ['create', '--help'],
    ['restore', 'latest', 'other'],
  ]) {
    await expectNeverSaid(project, args);
  }
});
