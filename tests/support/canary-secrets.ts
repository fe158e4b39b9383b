import { createHash } from 'node:crypto';
import { seededBytes } from './seeded-bytes.ts';

/** A secret that is planted to see whether it gets out. */
export interface Canary {
  kind: string;
  /** A variable's name under which somebody would keep it. */
  name: string;
  /** What they would write there: the secret with whatever belongs around it. */
  text: string;
  /** What must be seen nowhere: not even eight characters of it. */
  secret: string;
}

/** Written in two parts, so that no scanner of repositories takes a made-up token for a real one. */
const joined = (...parts: string[]): string => parts.join('');

const alphabets = {
  letters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  hex: '0123456789abcdef',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  capitals: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
} as const;

/** The same for the same kind, each time. */
function drawn(kind: string, length: number, alphabet: keyof typeof alphabets = 'letters'): string {
  const seed = createHash('sha256').update(kind).digest().readUInt32LE();
  const letters = alphabets[alphabet];
  return [...seededBytes(seed, length)].map((byte) => letters[byte % letters.length]).join('');
}

/** Words that stand in no message, made into passwords as people make them: nothing about them looks random. */
const spoken = (first: string, second: string): string => `${first}-${second}`;

/** The encryption keys, one for each way in which a key is given. None looks random, but for the last. */
export const keyCanaries = {
  file: spoken('quillvetch', 'bramblewick'),
  variable: spoken('ospreyfjord', 'kumquatbog'),
  command: spoken('zephyrmoss', 'gantryfowl'),
  settings: spoken('walruspith', 'junipervex'),
  wrong: spoken('mothglyph', 'cobbleskein'),
  hex: drawn('key-hex', 64, 'hex'),
} as const;

/** One of each kind that projects have. */
export const canaries: readonly Canary[] = [
  ...passwords(),
  ...connections(),
  ...accountKeys(),
  ...tokens(),
  ...files(),
  ...pasted(),
];

/** Every text of which nothing may be seen. */
export const everySecret: readonly { kind: string; secret: string }[] = [
  ...canaries,
  ...Object.entries(keyCanaries).map(([way, secret]) => ({ kind: `encryption key: ${way}`, secret })),
];

function passwords(): Canary[] {
  const plain = spoken('vexedgnome', 'tulipquartz');
  const special = 'Pl&m "jy\\nx/über?=%41';
  const basic = spoken('fjordwaltz', 'jockeyplum');
  const nested = spoken('glyphsphinx', 'bogquiz');
  const inYaml = spoken('waxcymbal', 'dwarfjinx');
  const inXml = spoken('lynxtuft', 'vodkapage');
  return [
    { kind: 'password', name: 'DB_PASSWORD', text: plain, secret: plain },
    { kind: 'password with special characters', name: 'ADMIN_PASSPHRASE', text: special, secret: special },
    { kind: 'basic auth header', name: 'UPSTREAM_HEADER', ...headerOf(basic) },
    { kind: 'nested JSON', name: 'APP_JSON', text: JSON.stringify({ a: { b: { dbPass: nested } } }), secret: nested },
    { kind: 'nested YAML', name: 'APP_YAML', text: `db:\n  main:\n    dbPass: ${inYaml}\n`, secret: inYaml },
    { kind: 'XML', name: 'APP_XML', text: `<db><password>${inXml}</password></db>`, secret: inXml },
  ];
}

function headerOf(password: string): Pick<Canary, 'text' | 'secret'> {
  const secret = Buffer.from(`deploy:${password}`).toString('base64');
  return { text: `Authorization: Basic ${secret}`, secret };
}

function connections(): Canary[] {
  const made = (kind: string, name: string, make: (secret: string) => string, secret: string): Canary => ({
    kind,
    name,
    text: make(secret),
    secret,
  });
  return [
    made(
      'postgres',
      'DATABASE_URL',
      (it) => `postgres://app:${it}@db.internal:5432/main`,
      spoken('quartzimp', 'jovelynx'),
    ),
    made('mysql', 'LEGACY_URL', (it) => `mysql://root:${it}@10.0.0.4/shop`, spoken('hexedfrog', 'quipblitz')),
    made(
      'mongodb',
      'EVENTS_URL',
      (it) => `mongodb+srv://svc:${it}@c0.example.net/?w=majority`,
      spoken('nymphbox', 'gruffquay'),
    ),
    made('redis', 'CACHE_URL', (it) => `redis://:${it}@cache:6379/0`, spoken('jinxedbowl', 'kelpvat')),
    made('JDBC', 'REPORTS_URL', (it) => `jdbc:postgresql://h/r?user=r&password=${it}`, spoken('zincyawl', 'muddrift')),
    made(
      'ADO.NET',
      'LEDGER',
      (it) => `Server=db;Database=l;User Id=sa;Password=${it};`,
      spoken('owlgazebo', 'fluxpyre'),
    ),
    made(
      'token in a query',
      'CALLBACK',
      (it) => `https://api.example.com/cb?access_token=${it}&x=1`,
      drawn('query', 24),
    ),
    made('command line', 'DUMP_COMMAND', (it) => `mysqldump -u root -p${it} main`, spoken('brickvow', 'jazzhymn')),
  ];
}

function accountKeys(): Canary[] {
  const aws = drawn('aws', 40, 'base64');
  const azure = `${drawn('azure', 86, 'base64')}==`;
  const id = drawn('aws-id', 16, 'capitals');
  const gcp = pemBody('gcp');
  const account = { type: 'service_account', project_id: 'demo', private_key: pemOf('PRIVATE KEY', gcp, '\n') };
  return [
    { kind: 'AWS secret', name: 'AWS_SECRET_ACCESS_KEY', text: aws, secret: aws },
    { kind: 'AWS key ID', name: 'UPLOADER', text: joined('AK', 'IA', id), secret: id },
    {
      kind: 'Azure storage',
      name: 'BLOBS',
      text: `DefaultEndpointsProtocol=https;AccountName=demo;AccountKey=${azure};EndpointSuffix=core.windows.net`,
      secret: azure,
    },
    { kind: 'GCP account', name: 'GOOGLE_ACCOUNT', text: JSON.stringify(account), secret: gcp },
    { kind: 'Google API', name: 'MAPS', ...prefixed(['AI', 'za'], drawn('google', 35)) },
  ];
}

function tokens(): Canary[] {
  const jwt = `${drawn('jwt-payload', 60)}.${drawn('jwt-signature', 43)}`;
  const slackPath = `T0${drawn('slack-hook', 40)}`;
  return [
    { kind: 'GitHub', name: 'CI_GIT', ...prefixed(['gh', 'p_'], drawn('github', 36)) },
    { kind: 'GitHub fine-grained', name: 'CI_GIT_TWO', ...prefixed(['github', '_pat_'], drawn('github-pat', 60)) },
    { kind: 'GitLab', name: 'CI_LAB', ...prefixed(['glp', 'at-'], drawn('gitlab', 20)) },
    { kind: 'Slack', name: 'CHAT', ...prefixed(['xo', 'xb-1234-5678-'], drawn('slack', 24)) },
    { kind: 'Slack webhook', name: 'ALERTS', ...prefixed(['https://hooks.slack', '.com/services/'], slackPath) },
    { kind: 'Stripe', name: 'PAYMENTS', ...prefixed(['sk', '_live_'], drawn('stripe', 24)) },
    { kind: 'OpenAI', name: 'MODEL', ...prefixed(['sk-', 'proj-'], drawn('openai', 48)) },
    { kind: 'Anthropic', name: 'MODEL_TWO', ...prefixed(['sk-', 'ant-api03-'], drawn('anthropic', 60)) },
    { kind: 'SendGrid', name: 'MAIL', ...prefixed(['S', 'G.'], `${drawn('sg', 22)}.${drawn('sg-two', 43)}`) },
    { kind: 'JWT', name: 'SERVICE', text: `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.${jwt}`, secret: jwt },
    { kind: 'session cookie', name: 'PROBE', ...prefixed(['Cookie: ', 'theme=dark; sid='], drawn('cookie', 32)) },
    { kind: 'hex under an innocent name', name: 'WIDGET', ...prefixed(['', ''], drawn('hex', 40, 'hex')) },
    { kind: 'base64 under an innocent name', name: 'GADGET', ...prefixed(['', ''], drawn('base64', 44, 'base64')) },
  ];
}

function prefixed(prefix: [string, string], secret: string): Pick<Canary, 'text' | 'secret'> {
  return { text: joined(...prefix, secret), secret };
}

function files(): Canary[] {
  const rsa = pemBody('rsa');
  const ssh = drawn('ssh', 180, 'base64');
  const npm = drawn('npmrc', 36);
  const netrc = spoken('gimletoxy', 'phlegmbud');
  const docker = Buffer.from(`robot:${spoken('vaultpygmy', 'hexagonjut')}`).toString('base64');
  return [
    { kind: 'PEM key', name: 'TLS_PEM', text: pemOf('PRIVATE KEY', rsa, '\n'), secret: rsa },
    { kind: 'SSH key', name: 'DEPLOY_ID', text: pemOf('OPENSSH PRIVATE KEY', ssh, '\\n'), secret: ssh },
    { kind: 'npmrc', name: 'NPMRC', text: `//registry.example.com/:_authToken=${npm}`, secret: npm },
    { kind: 'netrc', name: 'NETRC', text: `machine git.example.com login bot password ${netrc}`, secret: netrc },
    {
      kind: 'docker config',
      name: 'DOCKER_CONFIG_JSON',
      text: JSON.stringify({ auths: { 'registry.example.com': { auth: docker } } }),
      secret: docker,
    },
  ];
}

/** What was pasted where it does not belong. */
function pasted(): Canary[] {
  return [
    { kind: 'git remote', name: 'ORIGIN', ...prefixedUrl(drawn('remote', 40)) },
    { kind: 'git branch', name: 'BRANCH', ...prefixed(['gh', 'p_'], drawn('branch', 36)) },
    { kind: 'name of a variable', name: 'PASTED', ...prefixed(['gh', 'o_'], drawn('name', 36)) },
  ];
}

function prefixedUrl(secret: string): Pick<Canary, 'text' | 'secret'> {
  return { text: `https://x-access-token:${secret}@git.example.com/demo.git`, secret };
}

/** What looks like a key's body, on one line. */
function pemBody(kind: string): string {
  return drawn(kind, 600, 'base64');
}

/** `lineEnd`: as `.env` files have it, or as it is. */
function pemOf(label: string, body: string, lineEnd: '\n' | '\\n'): string {
  const lines = body.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join(lineEnd);
}
