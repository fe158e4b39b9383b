/** Where keys come from, in which order, and that nothing of them is in what goes wrong. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { isBackupError } from '../../lib/core/errors.ts';
import { KeyRing, type KeyRingOptions } from '../../lib/crypto/key-ring.ts';
import type { Key } from '../../lib/crypto/key.ts';
import { mostWrappedBytes } from '../../lib/crypto/recipients.ts';
import { ecPair, rsaPair } from '../support/rsa-keys.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let root: string;
beforeEach(() => {
  folder = makeTemporaryFolder('key-ring');
  root = join(folder, 'project');
  mkdirSync(root);
});
afterEach(() => removeTemporaryFolder(folder));

function write(name: string, content: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const environmentOf = (more: Record<string, string | undefined> = {}): Record<string, string | undefined> => ({
  PATH: process.env.PATH,
  ...more,
});

const ring = (options: Partial<KeyRingOptions> = {}): KeyRing =>
  new KeyRing({ root, environment: environmentOf(), signal: new AbortController().signal, ...options });

const wordOf = (key: Key | undefined): string | undefined =>
  key?.kind === 'secret' ? key.secret.toString() : key?.kind;

async function candidatesOf(keys: KeyRing): Promise<(string | undefined)[]> {
  const words: (string | undefined)[] = [];
  for await (const key of keys.candidates()) words.push(wordOf(key));
  return words;
}

async function refusalOf(act: () => Promise<unknown>): Promise<{ code: string; params: object; all: string }> {
  try {
    await act();
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const { code, params, message, hint, stack, cause } = error;
    const below = cause instanceof Error ? [cause.message, cause.stack, JSON.stringify(cause)] : [cause];
    return { code, params, all: JSON.stringify([params, message, hint, stack, ...below]) };
  }
  throw new Error('it was taken');
}

interface Source {
  name: string;
  word: string;
  /** Sets it, beside what is set already. */
  set: (options: KeyRingOptions) => KeyRingOptions;
}

const withVariable = (options: KeyRingOptions, name: string, value: string): KeyRingOptions => ({
  ...options,
  environment: { ...options.environment, [name]: value },
});

/** All of them, in the order in which they are looked at. */
const sources: Source[] = [
  {
    name: '--encryption-key',
    word: 'option',
    set: (options) => ({ ...options, keyFile: write('option', 'option\n') }),
  },
  {
    name: 'BACKUP_ENCRYPTION_KEY_FILE',
    word: 'file',
    set: (options) => withVariable(options, 'BACKUP_ENCRYPTION_KEY_FILE', write('file', 'file\n')),
  },
  {
    name: 'BACKUP_ENCRYPTION_KEY_COMMAND',
    word: 'command',
    set: (options) => withVariable(options, 'BACKUP_ENCRYPTION_KEY_COMMAND', 'echo command'),
  },
  {
    name: 'BACKUP_ENCRYPTION_KEY',
    word: 'text',
    set: (options) => withVariable(options, 'BACKUP_ENCRYPTION_KEY', 'text'),
  },
  {
    name: 'storage.encryptionKey',
    word: 'settings',
    set: (options) => ({ ...options, settingsKey: { value: 'settings', isWrittenOut: true } }),
  },
];

const withSources = (wanted: readonly Source[]): KeyRing => {
  let options: KeyRingOptions = { root, environment: environmentOf(), signal: new AbortController().signal };
  for (const one of wanted) options = one.set(options);
  return new KeyRing(options);
};

describe('a source', () => {
  test.each(sources)('alone is used: $name', async (source) => {
    const keys = withSources([source]);
    const key = await keys.primary();
    expect(wordOf(key)).toBe(source.word);
    expect(key?.source.name).toBe(source.name);
    expect(await candidatesOf(keys)).toEqual([source.word]);
  });

  test.each(sources.slice(1).map((lower, at) => ({ upper: sources[at] ?? lower, lower })))(
    '$upper.name goes before $lower.name',
    async ({ upper, lower }) => {
      expect(wordOf(await withSources([lower, upper]).primary())).toBe(upper.word);
      expect(await candidatesOf(withSources([lower, upper]))).toEqual([upper.word, lower.word]);
    },
  );

  test('goes before all that follow, and those are tried in their order', async () => {
    for (let from = 0; from < sources.length; from += 1) {
      const words = sources.slice(from).map(({ word }) => word);
      expect(await candidatesOf(withSources([...sources.slice(from)].reverse()))).toEqual(words);
    }
  });

  test('that cannot be read is no reason to take the next one', async () => {
    const keys = ring({
      environment: environmentOf({ BACKUP_ENCRYPTION_KEY_FILE: '/no/such.key', BACKUP_ENCRYPTION_KEY: 'text' }),
    });
    expect(await refusalOf(() => keys.primary())).toMatchObject({ code: 'KEY_UNREADABLE' });
  });

  test('is none, and there is no key', async () => {
    expect(await ring().primary()).toBeUndefined();
    expect(await candidatesOf(ring())).toEqual([]);
    write('project/.env', 'BACKUP_ENCRYPTION_KEY=word\n');
    expect(await KeyRing.without().primary()).toBeUndefined();
    expect(await candidatesOf(KeyRing.without())).toEqual([]);
  });
});

describe('the .env file', () => {
  const variables = ['BACKUP_ENCRYPTION_KEY_FILE', 'BACKUP_ENCRYPTION_KEY_COMMAND', 'BACKUP_ENCRYPTION_KEY'] as const;
  const values = {
    BACKUP_ENCRYPTION_KEY_FILE: '../dot',
    BACKUP_ENCRYPTION_KEY_COMMAND: 'echo dot',
    BACKUP_ENCRYPTION_KEY: 'dot',
  };

  test.each(variables)('may set %s', async (name) => {
    write('dot', 'dot\n');
    write('project/.env', `OTHER=1\n${name}="${values[name]}"\n`);
    expect(wordOf(await ring().primary())).toBe('dot');
  });

  test.each(variables)('goes behind the environment in %s', async (name) => {
    write('own', 'own\n');
    write('project/.env', `${name}="${values[name]}"\n`);
    const own = {
      ...values,
      BACKUP_ENCRYPTION_KEY_FILE: '../own',
      BACKUP_ENCRYPTION_KEY_COMMAND: 'echo own',
      BACKUP_ENCRYPTION_KEY: 'own',
    };
    expect(wordOf(await ring({ environment: environmentOf({ [name]: own[name] }) }).primary())).toBe('own');
  });

  test('and the environment are one source: what goes before is set in either', async () => {
    write('dot', 'dot\n');
    write('project/.env', 'BACKUP_ENCRYPTION_KEY_FILE=../dot\n');
    const keys = ring({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY: 'own' }) });
    expect(await candidatesOf(keys)).toEqual(['dot', 'own']);
  });

  test('may begin with a byte order mark, and hold a PEM key on one line', async () => {
    const { privateKey } = rsaPair(2048);
    write('project/.env', `\ufeffBACKUP_ENCRYPTION_KEY="${privateKey.replaceAll('\n', '\\n')}"\n`);
    expect(await ring().primary()).toMatchObject({ kind: 'private' });
    write('project/.env', `BACKUP_ENCRYPTION_KEY='${privateKey.replaceAll('\n', '\\n')}'\n`);
    expect(await ring().primary()).toMatchObject({ kind: 'private' });
  });

  test('need not be there, and may be no file', async () => {
    expect(await ring().primary()).toBeUndefined();
    mkdirSync(join(root, '.env'));
    expect(await ring().primary()).toBeUndefined();
  });
});

describe('what is empty', () => {
  test('counts as not set, in the environment, in .env and in the settings', async () => {
    const empty = { BACKUP_ENCRYPTION_KEY_FILE: '', BACKUP_ENCRYPTION_KEY_COMMAND: '', BACKUP_ENCRYPTION_KEY: '' };
    const settingsKey = { value: '', isWrittenOut: true };
    expect(await ring({ environment: environmentOf(empty), settingsKey }).primary()).toBeUndefined();
    write('project/.env', 'BACKUP_ENCRYPTION_KEY_FILE=\nBACKUP_ENCRYPTION_KEY_COMMAND=""\nBACKUP_ENCRYPTION_KEY=\n');
    expect(await ring({ settingsKey }).primary()).toBeUndefined();
    expect(await candidatesOf(ring({ environment: environmentOf(empty), settingsKey }))).toEqual([]);
  });

  test('in the environment leaves what .env says', async () => {
    write('project/.env', 'BACKUP_ENCRYPTION_KEY=dot\n');
    expect(wordOf(await ring({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY: '' }) }).primary())).toBe('dot');
  });
});

describe('old keys', () => {
  test('are tried behind all others, in their order, and encrypt nothing', async () => {
    const oldKeyFiles = [write('older', 'older\n'), write('oldest', 'oldest\n')];
    const keys = ring({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY: 'text' }), oldKeyFiles });
    expect(wordOf(await keys.primary())).toBe('text');
    expect(await candidatesOf(keys)).toEqual(['text', 'older', 'oldest']);
    expect(await ring({ oldKeyFiles }).primary()).toBeUndefined();
    expect(await candidatesOf(ring({ oldKeyFiles }))).toEqual(['older', 'oldest']);
  });

  test('are not read before they are needed', async () => {
    const keys = ring({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY: 'text' }), oldKeyFiles: ['/no/such.key'] });
    expect(wordOf(await keys.primary())).toBe('text');
    expect(await refusalOf(() => candidatesOf(keys))).toMatchObject({
      code: 'KEY_UNREADABLE',
      params: { source: 'storage.oldKeyFiles (/no/such.key)', reason: 'ENOENT' },
    });
  });
});

describe('a key', () => {
  test('is read once: a command is run once, a finding told once', async () => {
    const keys = ring({
      keyFile: write('open', 'open\n', 0o644),
      environment: environmentOf({ BACKUP_ENCRYPTION_KEY_COMMAND: 'echo run >> runs; echo command' }),
      settingsKey: { value: 'settings', isWrittenOut: true },
    });
    const first = await keys.primary();
    expect(keys.findings.map(({ code }) => code)).toEqual(['key-exposed']);
    for (let time = 0; time < 3; time += 1) {
      expect(await keys.primary()).toBe(first);
      expect(await candidatesOf(keys)).toEqual(['open', 'command', 'settings']);
    }
    expect(keys.findings.map(({ code }) => code)).toEqual(['key-exposed', 'key-in-settings']);
    expect(readFileSync(join(root, 'runs'), 'utf8')).toBe('run\n');
  });

  test('of a source that is behind is not looked for', async () => {
    const environment = environmentOf({ BACKUP_ENCRYPTION_KEY_COMMAND: ': > run; echo command' });
    await ring({ keyFile: write('key', 'key\n'), environment }).primary();
    expect(existsSync(join(root, 'run'))).toBe(false);
  });

  test('in the settings is a finding where it is written out there, and only there', async () => {
    const named = ring({ settingsKey: { value: 'word', isWrittenOut: false } });
    await named.primary();
    expect(named.findings).toEqual([]);
    const unused = ring({ keyFile: write('key', 'key\n'), settingsKey: { value: 'word', isWrittenOut: true } });
    await unused.primary();
    expect(unused.findings).toEqual([]);
  });

  test('keeps what was derived from it', async () => {
    const keys = ring({ keyFile: write('key', 'key\n') });
    const [one, other] = [await keys.primary(), await keys.primary()];
    if (one?.kind !== 'secret' || other?.kind !== 'secret') throw new Error('it is no secret');
    expect(keys.secretOf(one)).toBe(keys.secretOf(other));
    expect(keys.secretOf(one).bytes).toBe(one.secret);
  });
});

describe('a path', () => {
  test('begins at the project’s root where it is relative, or at the home folder', async () => {
    write('beside', 'beside\n');
    write('project/below', 'below\n');
    const of = (path: string): Promise<(string | undefined)[]> =>
      candidatesOf(ring({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_FILE: path }), oldKeyFiles: [path] }));
    expect(await of('../beside')).toEqual(['beside', 'beside']);
    expect(await of('below')).toEqual(['below', 'below']);
    // Nothing is written into anybody's home: from there it leads to the test's folder.
    expect(await of(`~/${relative(homedir(), join(folder, 'beside'))}`)).toEqual(['beside', 'beside']);
  });

  test('of a recipient does as well', () => {
    write('project/one.pem', rsaPair(2048).publicKey);
    const home = `~/${relative(homedir(), join(root, 'one.pem'))}`;
    const [one, other] = ring({ recipients: ['one.pem', home] }).recipients();
    expect(one?.fingerprint).toMatch(/^sha256:/);
    expect(other?.fingerprint).toBe(one?.fingerprint);
  });
});

describe('recipients', () => {
  const fingerprintOf = (bits: number): string | undefined => {
    const file = write('any.pem', rsaPair(bits).publicKey);
    return ring({ recipients: [file] }).recipients()[0]?.fingerprint;
  };

  test('are given in their order, a public key or the private one that it belongs to', () => {
    const recipients = [write('a.pem', rsaPair(3072).publicKey), write('b.pem', rsaPair(2048).privateKey)];
    const given = ring({ recipients }).recipients();
    expect(given.map(({ fingerprint }) => fingerprint)).toEqual([fingerprintOf(3072), fingerprintOf(2048)]);
    expect(given.every(({ key }) => key.type === 'public')).toBe(true);
  });

  test('are none where none are given; others may take their place', async () => {
    expect(ring().recipients()).toEqual([]);
    const keys = ring({ recipients: ['/no/such.pem'], keyFile: write('key', 'key\n') });
    const others = keys.withRecipients([write('a.pem', rsaPair(2048).publicKey)]);
    expect(others.recipients()).toHaveLength(1);
    expect(wordOf(await others.primary())).toBe('key');
  });

  test.each([
    ['a secret', 'word\n'],
    ['a key that is too small', rsaPair(1024).publicKey],
    ['a key of an unusual size', rsaPair(2056).publicKey],
    ['a key of another kind', ecPair().publicKey],
  ])('are no such thing: %s', async (_story, content) => {
    const file = write('other.pem', content);
    expect(await refusalOf(async () => ring({ recipients: [file] }).recipients())).toMatchObject({
      code: 'KEY_INVALID',
      params: {
        source: `storage.recipients (${file})`,
        problem: 'it is no RSA key of 2048 bits or more, in a multiple of 512, in PEM',
      },
    });
  });

  test('are no more than a wrapped secret is looked for in', async () => {
    const file = write('a.pem', rsaPair(2048).publicKey);
    const most = mostWrappedBytes / 256;
    expect(ring({ recipients: Array<string>(most).fill(file) }).recipients()).toHaveLength(most);
    expect(
      await refusalOf(async () => ring({ recipients: Array<string>(most + 1).fill(file) }).recipients()),
    ).toMatchObject({
      code: 'KEY_INVALID',
      params: { problem: 'a backup cannot be wrapped to so many keys' },
    });
  });

  test('that are missing are named', async () => {
    expect(await refusalOf(async () => ring({ recipients: ['gone.pem'] }).recipients())).toMatchObject({
      code: 'KEY_UNREADABLE',
      params: { source: `storage.recipients (${join(root, 'gone.pem')})`, reason: 'ENOENT' },
    });
  });
});

describe('nothing of a secret is in what is said', () => {
  const secret = 'zXq7-no-word-of-any-message';
  const lines = `${secret}\nand ${secret}\n`;
  const cases: [string, () => Partial<KeyRingOptions>][] = [
    ['of a file', () => ({ keyFile: write('key', lines) })],
    [
      'of a file that is named by a variable',
      () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_FILE: write('key', lines) }) }),
    ],
    ['given in place of a file', () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_FILE: secret }) })],
    ['given in place of the option’s file', () => ({ keyFile: join(root, secret) })],
    [
      'that a command prints',
      () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_COMMAND: `printf '${secret}\\n${secret}\\n'` }) }),
    ],
    [
      'in a command that fails',
      () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_COMMAND: `echo ${secret}; exit 9` }) }),
    ],
    ['given in place of a command', () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_COMMAND: secret }) })],
    [
      'in a command that no shell takes',
      () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY_COMMAND: `echo '${secret}` }) }),
    ],
    ['in a variable', () => ({ environment: environmentOf({ BACKUP_ENCRYPTION_KEY: lines }) })],
    [
      'in a variable, as what begins like PEM',
      () => ({
        environment: environmentOf({
          BACKUP_ENCRYPTION_KEY: `-----BEGIN PRIVATE KEY-----\\n${secret}\\n-----END PRIVATE KEY-----`,
        }),
      }),
    ],
    ['in .env', () => (write('project/.env', `BACKUP_ENCRYPTION_KEY="${secret}\\n${secret}"\n`), {})],
    ['in the settings', () => ({ settingsKey: { value: lines, isWrittenOut: true } })],
    ['given in place of an old file', () => ({ oldKeyFiles: [secret] })],
    ['given in place of an old file, and too long for one', () => ({ oldKeyFiles: [secret.repeat(20)] })],
  ];
  test.each(cases)('%s', async (_story, optionsOf) => {
    const { code, all } = await refusalOf(() => candidatesOf(ring(optionsOf())));
    expect(['KEY_INVALID', 'KEY_UNREADABLE']).toContain(code);
    expect(all).not.toContain(secret);
    expect(all).not.toContain(secret.slice(0, 10));
  });

  test('given in place of a recipient', async () => {
    const { code, all } = await refusalOf(async () => ring({ recipients: [secret] }).recipients());
    expect(code).toBe('KEY_UNREADABLE');
    expect(all).not.toContain(secret);
  });
});
