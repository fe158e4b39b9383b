import { canaries } from './canary-secrets.ts';

/** Written in two parts, so that no scanner of repositories takes a made-up token for a real one. */
const joined = (...parts: string[]): string => parts.join('');

const random = 'q7Lm2XvT9bRc4WnZ8kPd6HsJ3fGy5AeU1oIt0YxKqMzVwBnCrDsEfTgHjLkPoI';
const hex = '9f8e7d6c5b4a39281706f5e4d3c2b1a0948372615f0e1d2c';
/** Nothing about it says that it is a secret. */
export const word = 'lanternmoss';

/** Each as it would stand in a variable, a settings file, a log or an error. */
export const secrets: readonly [name: string, value: string][] = [
  ...canaries
    .filter(({ kind }) => kind !== 'name of a variable')
    .map(({ name, text }): [string, string] => [name, text]),
  // Under a name that says so, whatever they are
  ...[
    'DB_PASSWORD',
    'PGPASSWORD',
    'MYSQL_PWD',
    'smtp_pass',
    'DBPASS',
    'adminPassphrase',
    'LOGIN_PASSCODE',
    'redis.password',
  ].map(named),
  ...[
    'API_KEY',
    'STRIPE_KEY',
    'apiKey',
    'x-api-key',
    'SSHKEY',
    'PRIVATE_KEY',
    'encryptionKey',
    'storage.encryptionKey',
    'SIGNING_KEY',
  ].map(named),
  ...[
    'GITHUB_TOKEN',
    'authToken',
    'refresh_token',
    'BOT_TOKEN',
    'CSRF_TOKEN',
    'CLIENT_SECRET',
    'secretKeyBase',
    'JWT_SECRET',
  ].map(named),
  ...[
    'AWS_CREDENTIALS',
    'GIT_CREDS',
    'BASIC_AUTH',
    'AUTHORIZATION',
    'SESSION',
    'COOKIE',
    'SENTRY_DSN',
    'SLACK_WEBHOOK',
    'TOTP_SEED',
  ].map(named),
  ...[
    'AZURE_DEVOPS_PAT',
    'CONNECTION_STRING',
    'ConnectionStrings__Main',
    'WIFI_PSK',
    'PASSWORD_SALT',
    'PIN',
    'DBパスワード',
    'ＡＰＩ＿ＫＥＹ',
  ].map(named),
  ...['BACKUP_ENCRYPTION_KEY', 'MASTER_KEY', 'LICENSE_KEY', 'wallet.mnemonic', 'KEYTAB', 'dbPass', 'db_pwd'].map(named),
  // Within a text
  ...texts([
    `postgres://app:${word}@db/main`,
    `https://user:${word}@example.com/x`,
    `https://${hex}@sentry.example.com/2`,
    `amqps://svc:${word}@mq.internal/vhost`,
    `ftp://bob:${word}@files.example.com`,
    `smtp://mailer:${word}@smtp.example.com:587`,
    `jdbc:oracle:thin:scott/${word}@//db:1521/orcl`,
    `app:${word}@tcp(db:3306)/main`,
    `https://example.com/f?sig=${word}&x=1`,
    `https://example.com/f?X-Amz-Signature=${hex}`,
    `https://example.com/cb#access_token=${word}`,
    `Server=db;User Id=app;Password=${word};`,
    `host=db user=app password=${word} sslmode=require`,
    `AccountName=x;AccountKey=${word}`,
    `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=${word}`,
    `{"user": "app", "password": "${word}"}`,
    `{"db": {"primary": {"dbPass": "${word}"}}}`,
    `{\\"apiKey\\": \\"${word}\\"}`,
    `db:\n  password: ${word}\n`,
    `db:\n  dbPass: "${word} two"\n`,
    `[client]\npassword=${word}\n`,
    `spring.datasource.password=${word}`,
    `<password>${word}</password>`,
    `<add key="DbPassword" value="${word}"/>`,
    `Authorization: Bearer ${random.slice(0, 20)}`,
    `Authorization: Basic ${Buffer.from(`a:${word}`).toString('base64')}`,
    `X-Api-Key: ${word}`,
    `Cookie: session=${hex}`,
    `Set-Cookie: sid=${hex}; Path=/`,
    `machine h login a password ${word}`,
    `//registry.example.com/:_authToken=${word}`,
    `//registry.example.com/:_password=${word}`,
    `mysql -u root -p${word} main`,
    `curl -u app:${word} https://h`,
    `redis-cli -a ${word} ping`,
    `sshpass -p ${word} ssh h`,
    `tool --password ${word}`,
    `tool --api-key=${word}`,
    `-Djavax.net.ssl.keyStorePassword=${word}`,
    `ALTER ROLE a WITH PASSWORD '${word}'`,
    `PGPASSWORD=${word} psql`,
    `export AWS_SECRET_ACCESS_KEY=${word}`,
    `docker login -u me -p ${word}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${random}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN OPENSSH PRIVATE KEY-----\\n${random}`,
    `パスワード：${word}`,
    `Unexpected token 'l', "${word}" is not valid JSON`,
    `Unexpected token 'l', ..."pass": ${word.slice(0, 9)}"... is not valid JSON`,
  ]),
  // Tokens of a known shape
  ...texts([
    joined('gh', 's_', random.slice(0, 36)),
    joined('xo', 'xp-12-34-', random.slice(0, 20)),
    joined('xa', 'pp-1-', random.slice(0, 30)),
    joined('rk', '_live_', random.slice(0, 24)),
    joined('whsec', '_', random.slice(0, 32)),
    joined('AS', 'IA', 'IOSFODNN7EXAMPLE'),
    joined('ya', '29.', random.slice(0, 40)),
    joined('np', 'm_', random.slice(0, 36)),
    joined('py', 'pi-', random),
    joined('h', 'f_', random.slice(0, 34)),
    joined('dop', '_v1_', hex),
    joined('sh', 'pat_', hex.slice(0, 32)),
    joined('hv', 's.', random.slice(0, 24)),
    joined('gl', 'sa_', random.slice(0, 32)),
    joined('lin', '_api_', random.slice(0, 40)),
    joined('SK', hex.slice(0, 32)),
    joined('key-', hex.slice(0, 32)),
    joined('123456789', ':AA', random.slice(0, 33)),
    joined('AGE-SECRET', '-KEY-1', 'Q7LM2XVT9BRC4WNZ8KPD6HSJ3FGY5AEU1'),
    joined('https://discord', '.com/api/webhooks/1/', random.slice(0, 30)),
    joined('https://team.webhook', '.office.com/webhookb2/', random.slice(0, 30)),
    joined('https://api.telegram', '.org/bot123:', random.slice(0, 30)),
    joined('https://ci.example.com', '/hooks/', random.slice(0, 20)),
  ]),
  // What looks drawn by lot
  ...texts([
    hex,
    random,
    random.slice(0, 22),
    hex.slice(0, 32),
    'Tr0ub4dor&3xyz',
    '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
    `${random.slice(0, 43)}=`,
  ]),
];

function named(name: string): [string, string] {
  return [name, word];
}

function texts(values: string[]): [string, string][] {
  return values.map((value) => ['SETTING', value]);
}
