import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lengthClass, maskedLabel, maskText, maskValue, secretReason } from '../../lib/core/mask-secrets.ts';

const plainName = 'SETTING';
const reason = (name: string, value: string): string | undefined => secretReason({ name, value });

/** Written in two parts, so that no scanner of repositories takes a made-up token for a real one. */
const joined = (...parts: string[]): string => parts.join('');

const fromAlphabet = (alphabet: string, length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: length, maxLength: length });
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

describe('names that say "secret"', () => {
  test.each([
    ...['DB_PASSWORD', 'PGPASSWORD', 'MYSQL_PWD', 'smtp_pass', 'DBPASS', 'passphrase', 'LOGIN_PASSCODE'],
    ...['API_KEY', 'PRIVATE_KEY', 'SSH_KEYS', 'SSHKEY', 'accessKeyId', 'encryptionKey', 'PUBLIC_KEY', 'apikey'],
    ...['GITHUB_TOKEN', 'githubToken', 'CLIENT_SECRET', 'secretKeyBase', 'AWS_CREDENTIALS', 'GIT_CREDS'],
    ...[
      'BASIC_AUTH',
      'OAUTH',
      'AUTHORIZATION',
      'SESSION_ID',
      'COOKIE',
      'SENTRY_DSN',
      'SLACK_WEBHOOK_URL',
      'PASSWORD_SALT',
    ],
    ...[
      'CONNECTION_STRING',
      'ConnectionStrings__Main',
      'AZURE_DEVOPS_PAT',
      'JWT',
      'TOTP_SEED',
      'ＡＰＩ＿ＫＥＹ',
      'DBパスワード',
    ],
  ])('%s is masked whatever it holds', (name) => {
    expect(reason(name, 'x')).toBe('name');
  });

  test.each([
    ...['KEYBOARD', 'MONKEY', 'HOTKEY', 'AUTHOR', 'GIT_AUTHOR_NAME', 'COMPASS', 'BYPASS', 'PASSENGER', 'SPIN', 'PATH'],
    ...['TOKENIZERS_PARALLELISM', 'HOME', 'LANG', 'TZ', 'NODE_ENV', 'PORT', 'SEEDLING', 'DATABASE_URL'],
  ])('%s is not', (name) => {
    expect(reason(name, 'some words')).toBeUndefined();
  });

  test('a limit or a switch beside such a word is shown; a password that is a number is not', () => {
    expect(reason('MAX_TOKENS', '4096')).toBeUndefined();
    expect(reason('SESSION_TIMEOUT', '30m')).toBeUndefined();
    expect(reason('AUTH_ENABLED', 'true')).toBeUndefined();
    expect(reason('AUTH_ENABLED', 'hunter2')).toBe('name');
    expect(reason('DB_PASSWORD', '12345')).toBe('name');
    expect(reason('MAX_PASSWORD', '12345')).toBe('name');
  });

  test('where a key rests is shown; the key is not', () => {
    expect(reason('BACKUP_ENCRYPTION_KEY_FILE', '/run/secrets/backup')).toBeUndefined();
    expect(reason('BACKUP_ENCRYPTION_KEY_FILE', 'hunter2')).toBe('name');
    expect(reason('PWD', '/srv/app')).toBeUndefined();
    expect(reason('PWD', 'hunter2')).toBe('name');
  });

  test('an empty value is no secret', () => {
    expect(reason('DB_PASSWORD', '')).toBeUndefined();
    expect(maskValue({ name: 'DB_PASSWORD', value: '' })).toBeUndefined();
  });
});

describe('values that are secrets under any name', () => {
  test.each([
    'postgres://app:hunter2@db.example.com/main',
    'redis://:hunter2@127.0.0.1:6379/0',
    'postgresql+asyncpg://u:p/w#d@h:5432/db',
    'mongodb+srv://user:p%40ss@cluster0.example.net/?retryWrites=true',
    'https://0123abcd@o1.ingest.example.com/2',
    'app:hunter2@tcp(db:3306)/main',
    'jdbc:oracle:thin:scott/tiger@//db:1521/orcl',
    'jdbc:postgresql://h/db?user=x&password=y',
    'https://storage.example.com/c/f?sv=2024&sig=abc%3D',
    'https://example.com/cb?access_token=abc',
    joined('https://hooks.slack', '.com/services/T0/B0/xyz'),
    joined('https://discord', '.com/api/webhooks/1/abc'),
    'https://team.webhook.office.com/webhookb2/abc',
    'https://hc-ping.com/abc',
    'https://ci.example.com/hooks/deploy-abc',
  ])('an address with a secret in it: %s', (value) => {
    expect(reason(plainName, value)).toBe('url');
  });

  test.each([
    joined('ghp', '_', 'a'.repeat(36)),
    joined('github', '_pat_', '11AAAA_bbbbbbbbbbbbbbbb'),
    joined('AKIA', 'IOSFODNN7EXAMPLE'),
    joined('ASIA', 'IOSFODNN7EXAMPLE'),
    joined('xoxb', '-1234-5678-abcd'),
    joined('sk', '_live_', '4eC39HqLyjWDarjtT1zdp7dc'),
    joined('AI', 'za', 'SyA1234567890123456789012345678901234'.slice(0, 35)),
    joined('sk-', 'proj-abcdefghijklmnopqrst'),
    joined('npm', '_', 'b'.repeat(36)),
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    joined('SG', '.abcdefghijklmnop.abcdefghijklmnop'),
    joined('SK', 'a0'.repeat(16)),
    joined('123456789', ':AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQrr'.slice(0, 36)),
    joined('glpat', '-abcdefghij0123456789'),
    joined('hf', '_abcdefghijklmnopqrst'),
    'Bearer abc123def456',
    'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ',
  ])('a token of a known shape: %s', (value) => {
    expect(reason(plainName, value)).toBe('token');
  });

  test('keys in PEM, also on one line with \\n written out, also cut short', () => {
    for (const kind of ['RSA PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'PGP PRIVATE KEY BLOCK']) {
      expect(reason(plainName, `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----`)).toBe('pem');
      expect(reason(plainName, `-----BEGIN ${kind}-----\\nAAAA`)).toBe('pem');
    }
  });

  test('a password inside a list of settings', () => {
    expect(reason(plainName, 'Server=db;User Id=app;Password=hunter2;')).toBe('assignment');
    expect(reason(plainName, 'host=db password=hunter2')).toBe('assignment');
    expect(reason(plainName, 'AccountName=x;AccountKey=abc')).toBe('assignment');
    expect(reason(plainName, '{"user": "app", "password": "hunter2"}')).toBe('assignment');
  });

  test('random strings of 16 characters or more', () => {
    const hex = '0123456789abcdef';
    const alphabets = [`${letters}0123456789+/`, hex, `${letters}0123456789`, 'abcdefghijklmnopqrstuvwxyz0123456789'];
    for (const alphabet of alphabets) {
      let missed = 0;
      const drawn = fc.sample(fromAlphabet(alphabet, 24), { numRuns: 500, seed: 7 });
      for (const value of drawn) missed += reason(plainName, value) === undefined ? 1 : 0;
      expect(missed).toBeLessThanOrEqual(5);
    }
    expect(reason(plainName, 'Tr0ub4dor&3xyz')).toBe('entropy');
    expect(reason(plainName, '3f2504e0-4f89-11d3-9a0c-0305e82c3301')).toBe('entropy');
  });

  test.each([
    ...[
      '/usr/local/bin:/usr/bin:/opt/x/node_modules/.bin',
      'C:\\Program Files\\nodejs',
      './data/ccla/notes',
      '~/backups',
    ],
    ...['/nix/store/4cb41dc80aaa730a2abd15bd3118ecd9-node', 'data/knowledge-base/learning-sessions', '/tmp'],
    ...[
      '2026-11-21T08:56:00.000Z',
      '20261121_030000',
      'backup-2026-06-19T12-00-00-000Z-abc123',
      '0 2 * * *',
      '*/15 9-17 * * 1-5',
    ],
    ...[
      'v20.20.2-linux-x64-musl',
      '^7.10.1',
      '1.0.0-beta.12+build.5',
      'x86_64-unknown-linux-gnu',
      'node:20-bookworm-slim',
    ],
    ...[
      'development',
      'a,b,c,knowledge-base,learning-sessions',
      'The quick brown fox jumps over the lazy dog.',
      'true',
    ],
    ...[
      'https://api.example.com/v1/organizations',
      'postgres://localhost:5432/poppo',
      'ssh://git@github.com/org/repo.git',
    ],
    ...[
      'http://localhost:8080/pkg@1.2.3',
      'git@github.com:org/repo.git',
      'First.Last2024@example.com',
      'sqlite:./data/history.db',
    ],
    ...[
      '--max-old-space-size=4096 --enable-source-maps',
      'Asia/Tokyo',
      'en_US.UTF-8',
      '日本語の設定です',
      '1234567890',
    ],
    ...['noninteractive', 'processor-identification', 'kakuninHozonShuuryou', 'maxIncrementalsPerDifferential'],
    `sha256:${'ab12'.repeat(16)}`,
  ])('what everybody may see stays: %s', (value) => {
    expect(reason(plainName, value)).toBeUndefined();
  });

  test('a random-looking value passes under a name that says what it is', () => {
    expect(reason('GIT_COMMIT', '51ab254d51ab254d51ab254d51ab254d51ab254d')).toBeUndefined();
    expect(reason('TENANT_ID', '3f2504e0-4f89-11d3-9a0c-0305e82c3301')).toBeUndefined();
    expect(reason('TENANT_ID', 'postgres://u:p@h/db')).toBe('url');
  });

  test('a long value without a pattern takes no noticeable time', () => {
    const commands = [
      ...['-u a:', 'curl -u', 'mysql -p', ' -u a ', '-u a -p', 'docker login ', '--password ', '"--token", '],
      ...['<password ', '<a.password>', '<![CDATA[', 'key="token" ', 'cookie: a=b;', 'cookie: ', 'authorization: a '],
      ...['session', 'sess=', ';sid=', '<', 'a.'],
    ];
    for (const piece of [
      'a',
      '-',
      '://',
      'eyJ-',
      'a-',
      'http://a',
      'a:',
      '-----BEGIN A-----',
      'password',
      '?key',
      ...commands,
    ]) {
      secretReason({ name: plainName, value: piece.repeat(100_000 / piece.length) });
      maskText(piece.repeat(20_000 / piece.length));
    }
  }, 20_000);
});

describe('what is shown in place of a secret', () => {
  test('its length, in classes only', () => {
    expect([1, 7, 8, 15, 16, 31, 32, 63, 64, 5000].map(lengthClass)).toEqual(
      ['1-7', '1-7', '8-15', '8-15', '16-31', '16-31', '32-63', '32-63', '64+', '64+'], // prettier-ignore
    );
    expect(maskValue({ name: 'TOKEN', value: 'hunter2!' })).toEqual({ masked: true, reason: 'name', length: '8-15' });
    expect(maskedLabel('hunter2!')).toBe('[masked:8-15]');
  });

  test('two secrets of one class under one name cannot be told apart', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8, maxLength: 15 }),
        fc.string({ minLength: 8, maxLength: 15 }),
        (one, other) => {
          expect(maskValue({ name: 'DB_PASSWORD', value: one })).toEqual(
            maskValue({ name: 'DB_PASSWORD', value: other }),
          );
          expect(maskedLabel(one)).toBe(maskedLabel(other));
        },
      ),
    );
  });
});
