import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskText, maskValue, secretReason } from '../../lib/core/mask-secrets.ts';
import { environmentSnapshot } from '../../lib/targets/environment-snapshot.ts';

/** How names put a prefix before a secret's word, or a suffix behind it. */
const nameStyles = ['#', 'db.#', 'db-#', 'db_#', 'spring.mail.#', 'MY_DB_#', '#2', 'x.y-z.#'];
const words = [
  ...['password', 'passwd', 'passphrase', 'pwd', 'pass', 'secret', 'token', 'apikey', 'api_key', 'api-key', 'apiKey'],
  ...['credential', 'credentials', 'privateKey', 'private_key', 'access-key', 'accessKey', 'clientSecret'],
];
const camelNames = ['keyStorePassword', 'dbPwd', 'dbPass', 'proxyPassword', 'mailSecret', 'botToken', 'DBPASS', 'auth'];
const names = [
  ...words.flatMap((word) => nameStyles.map((style) => style.replace('#', word))),
  ...words.map((word) => `DB_${word.toUpperCase()}`),
  ...camelNames,
];

/** Every way in which a text gives a name its value. */
const assignments: ((name: string, value: string) => string)[] = [
  (name, value) => `-D${name}=${value} -Xmx1g`,
  (name, value) => `-Da=b -D${name}="${value}" -Dx=y`,
  (name, value) => `env ${name}=${value} run`,
  (name, value) => `export ${name}=${value}; run`,
  (name, value) => `docker run -e ${name}=${value} image`,
  (name, value) => `kubectl create --from-literal=${name}=${value}`,
  (name, value) => `["--env","${name}=${value}"]`,
  (name, value) => `helm --set a=b,${name}=${value}`,
  (name, value) => `tool --${name} ${value} --port 80`,
  (name, value) => `tool --${name}=${value}`,
  (name, value) => `{"db":{"user":"a","${name}":"${value}"}}`,
  (name, value) => `{\\"db\\":{\\"${name}\\":\\"${value}\\"}}`,
  (name, value) => `{'${name}': '${value}'}`,
  (name, value) => `{"${name}": ["a", "${value}"]}`,
  (name, value) => `db:\n  ${name}: ${value}\n  user: a`,
  (name, value) => `a: b\\n${name}: ${value}\\n`,
  (name, value) => `['${name}' => '${value}']`,
  (name, value) => `Server=a;${name}=${value};x=y`,
  (name, value) => `Server=a;${name}=two ${value};x=y`,
  (name, value) => `jdbc:postgresql://h/d?user=a&${name}=${value}`,
  (name, value) => `curl -H "${name}: ${value}" https://h`,
  (name, value) => `$env:${name}="${value}"`,
  (name, value) => `setx ${name} ${value}`,
  (name, value) => `//registry.example.com/:_${name}=${value}`,
  (name, value) => `form[${name}]=${value}`,
];

/** Words and short words with a number: nothing about the value itself says that it is a secret. */
const lowEntropy = fc
  .constantFrom('hunter', 'sesame', 'tiger', 'wombat')
  .chain((word) => fc.nat(99).map((n) => `${word}${n}q`));

describe('a secret after its name', () => {
  test('in any form of the name and of the text, nothing of it is shown', () => {
    fc.assert(
      fc.property(fc.constantFrom(...assignments), fc.constantFrom(...names), lowEntropy, (place, name, secret) => {
        const text = place(name, secret);
        expect(secretReason({ name: 'SETTING', value: text })).toBeDefined();
        const shown = maskText(text);
        for (let at = 0; at + 5 <= secret.length; at += 1) expect(shown).not.toContain(secret.slice(at, at + 5));
        expect(maskText(shown)).toBe(shown);
        const bytes = environmentSnapshot({
          environment: { JAVA_OPTS: text },
          dotenvFiles: [],
          runtime: { node: 'v20', platform: 'linux', arch: 'x64' },
        }).toString();
        expect(bytes).not.toContain(secret.slice(0, 5));
      }),
      { numRuns: 3000, seed: 5 },
    );
  });

  test.each([
    ...[
      'smbclient //h/s -U a%hunter16',
      'user:hunter13',
      'password hunter17',
      'the password is hunter17',
      'token abc123',
    ],
    ...[
      'redis://:hunter1@host',
      'amqp://guest:hunter1@host',
      'AccountName=a;AccountKey=hunter1',
      'PGPASSWORD=hunter1 psql',
    ],
    ...['machine h login a password hunter', 'requirepass hunter', "CREATE USER a IDENTIFIED BY 'hunter'"],
    ...[
      "ALTER ROLE a WITH PASSWORD 'hunter'",
      'lftp -u a,hunter h',
      'sqlplus sa/hunter@db',
      'rabbitmqctl add_user a hunter',
    ],
    ...[
      'net use x: /user:a hunter',
      'openssl enc -k hunter',
      'tool /password:hunter',
      'パスワード：hunter',
      'STRIPE_KEY=hunter run',
    ],
    ...[
      '%22password%22%3A%22hunter%22',
      'DB_PASSWORD="hunter',
      '{"auth":{"a":{"b":1},"c":"hunter"}}',
      'my api key: hunter',
    ],
  ])('%s', (text) => {
    expect(secretReason({ name: 'CMD', value: text })).toBeDefined();
    expect(maskText(text)).not.toContain('hunter');
    expect(maskText(text)).not.toContain('abc123');
  });

  test('what stands around it stays', () => {
    const shown = (text: string): string => maskText(text).replaceAll(/\[masked:[^\]]*\]/g, '#');
    expect(shown('-Ddb.password=hunter4 -Dx=y')).toBe('-Ddb.password=# -Dx=y');
    expect(shown('export DB_PWD=hunter20; run')).toBe('export DB_PWD=#; run');
    expect(shown('{"db":{"password":"a\\"b","port":1}}')).toBe('{"db":{"password":"#","port":1}}');
    expect(shown('Server=a;Password=two words;Port=1')).toBe('Server=a;Password=#;Port=1');
    expect(shown('login a password hunter4 port 1')).toBe('login a password # port 1');
  });

  test('of a value there is its length class only', () => {
    const value = '-Djavax.net.ssl.keyStorePassword=hunter5 -Xmx1g';
    expect(maskValue({ name: 'JAVA_TOOL_OPTIONS', value })).toEqual({
      masked: true,
      reason: 'assignment',
      length: '32-63',
    });
  });
});

describe('no secret', () => {
  test.each([
    ...['/usr/bin:/opt/compass/bin', 'PWD=/home/x', 'PWD=/home/x OLDPWD=/srv run', 'compass=north', 'bypass=true'],
    ...[
      'passenger=5',
      'tokenize=true',
      'tokenizer=bpe',
      'max_tokens=400',
      '--max-tokens 400',
      'maxTokens: 4096',
      'tokens=3',
    ],
    ...[
      'author=x',
      'author: Jane',
      'keyboard=us',
      'monkey=1',
      'SSH_AUTH_SOCK=/tmp/x run',
      'secretary=x',
      'authority=x',
    ],
    ...[
      'DB_PASSWORD_FILE=/run/secrets/db',
      '--password-file /run/x',
      '--password-stdin',
      '--no-password main',
      '--auth basic',
    ],
    ...[
      '-Djavax.net.ssl.keyStore=/etc/k.jks',
      'ssh -o PasswordAuthentication=no h',
      'primary_key=id',
      'PRIMARY_KEY=id',
    ],
    ...[
      'session_timeout=30',
      'token: undefined',
      'git -c credential.helper=store',
      'DB_PASS=${DB_PASS} run',
      'auth=none',
    ],
    ...[
      '/etc/ssl/private.key: permission denied',
      'secrets.json: not found',
      'at f (/x/mask-secrets.ts:66:20)',
      'secret://a/b',
    ],
    ...['token::Kind', 'Unexpected token < in JSON at position 0', 'PASS tests/a1.test.ts', 'the password was refused'],
    ...[
      'password authentication failed for user "app"',
      'nginx:alpine',
      'node:20',
      'user:1000',
      'admin:org',
      'root:root',
    ],
  ])('%s', (text) => {
    expect(secretReason({ name: 'CMD', value: text })).toBeUndefined();
    expect(maskText(text)).toBe(text);
  });
});

test.each([
  ...[
    'a=',
    'é=',
    'パスワード=',
    'password=',
    'password="',
    'password=\\"',
    'password=)',
    'password={ ',
    'password=[',
    'pwd=${A} ',
  ],
  ...[
    'API_KEY_PATH:/a:',
    'PWD=/a:',
    'password ',
    'password is ',
    '--password ',
    'api key ',
    ' -U a%',
    'sqlplus -a ',
    'net use ',
  ],
  ...['add_user a ', 'openssl -k ', 'lftp -u a,', 'identified by ', 'a.', '%3D', ';pwd=a'],
])('100 kB of %j are looked through in linear time', (piece) => {
  const timeOf = (length: number): number => {
    const text = piece.repeat(length / piece.length);
    const start = performance.now();
    secretReason({ name: 'SETTING', value: text });
    maskText(text);
    return performance.now() - start;
  };
  // What grew with the square took more than four seconds.
  expect(timeOf(100_000)).toBeLessThan(3000);
});
