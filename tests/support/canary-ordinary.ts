/** What stands in real environments and settings, and everybody may see. */
export const ordinary: readonly [name: string, value: string][] = [
  // Ports, counts, switches, limits, times
  ...pairs({
    PORT: '8080',
    DB_PORT: '5432',
    WORKERS: '4',
    DEBUG: 'true',
    VERBOSE: 'false',
    MAX_TOKENS: '4096',
    RETRIES: '3',
  }),
  ...pairs({
    SESSION_TIMEOUT: '30m',
    TOKEN_TTL: '3600',
    AUTH_ENABLED: 'true',
    USE_AUTH: 'no',
    KEY_LENGTH: '2048',
    CACHE_TTL: '60s',
  }),
  ...pairs({
    MAX_UPLOAD: '52428800',
    TIMEOUT_MS: '15000',
    RATIO: '0.75',
    PERCENT: '95%',
    PHONE: '+81 3-1234-5678',
    YEAR: '2026',
  }),
  ...pairs({
    SINCE: '2026-11-21T08:56:00.000Z',
    STAMP: '20261121_030000',
    DAY: '2026-11-21',
    CRON: '*/15 9-17 * * 1-5',
  }),
  // About a key or a token, and none
  ...pairs({
    AUTH_URL: 'https://auth.example.com/realms/main',
    AUTH_PROVIDER: 'google',
    TOKEN_TYPE: 'Bearer',
    LOGIN_URL: '/login',
  }),
  ...pairs({
    COOKIE_DOMAIN: '.example.com',
    SESSION_STORE: 'redis',
    KEY_ALGORITHM: 'RSA',
    JWT_ISSUER: 'https://auth.example.com',
  }),
  ...pairs({
    S3_KEY_PREFIX: 'uploads/',
    API_KEY_HEADER: 'X-Api-Key',
    KEYCLOAK_URL: 'https://kc.example.com',
    SESSION_NAME: 'sid',
  }),
  // Names, words, languages
  ...pairs({
    NODE_ENV: 'production',
    LOG_LEVEL: 'debug',
    LANG: 'en_US.UTF-8',
    LC_ALL: 'C.UTF-8',
    TZ: 'Asia/Tokyo',
    USER: 'deploy',
  }),
  ...pairs({
    APP_NAME: 'poppo-builder-suite',
    SERVICE: 'knowledge-base-synchronizer',
    AUTHOR: 'Jane Example',
    EDITOR: 'vim',
  }),
  ...pairs({
    REGION: 'ap-northeast-1',
    BUCKET: 'company-backups-eu-west-1',
    QUEUE: 'incoming-orders-high-priority',
    KEYBOARD: 'us',
  }),
  ...pairs({
    MODEL: 'claude-sonnet-4-20250514',
    MODEL_TWO: 'gpt-4o-mini-2024-07-18',
    IMAGE: 'node:20-bookworm-slim',
    TIER: 'db.t3.medium',
  }),
  ...pairs({
    GREETING: 'こんにちは、世界',
    LABEL: '日本語の設定です',
    CITY: 'Zürich',
    MOTTO: 'Ceci n’est pas une pipe',
  }),
  ...pairs({ TEXT: 'The quick brown fox jumps over the lazy dog, and then it goes home to sleep for a while.' }),
  ...pairs({
    NOTE: 'Ask the team before the password policy changes',
    HINT: 'the key is under the mat, and the token is in the box',
  }),
  ...pairs({
    SENTENCE: 'Basic authentication is switched off here',
    QUESTION: 'Who has the key?',
    BANNER: '=== Backup of November ===',
  }),
  ...pairs({
    FEATURES: 'search,export,import,knowledge-base,learning-sessions',
    FLAGS: '--max-old-space-size=4096 --enable-source-maps',
  }),
  ...pairs({
    CLASS: 'maxIncrementalsPerDifferential',
    METHOD: 'kakuninHozonShuuryou',
    CONSTANT: 'MAXIMUM_NUMBER_OF_CONNECTIONS',
  }),
  // Paths and files
  ...pairs({
    HOME: '/home/deploy',
    PATH: '/usr/local/bin:/usr/bin:/opt/x/node_modules/.bin',
    SHELL: '/bin/bash',
    PWD: '/srv/app',
  }),
  ...pairs({
    WINDOWS: 'C:\\Program Files\\nodejs',
    DATA_DIR: './data/ccla/notes',
    HERE: '~/backups/2026',
    TMPDIR: '/tmp/build-x7Kq9Zp2Lm4Rt6',
  }),
  ...pairs({
    STORE: '/nix/store/4cb41dc80aaa730a2abd15bd3118ecd9-node',
    MODULE: 'node_modules/@scope/package-name/dist/index.js',
  }),
  ...pairs({
    TLS_KEY_FILE: '/etc/ssl/private/site.key',
    DB_PASSWORD_FILE: '/run/secrets/db',
    SSH_AUTH_SOCK: '/tmp/ssh-a/agent.1',
  }),
  ...pairs({
    BACKUP_ENCRYPTION_KEY_FILE: '/etc/backup/key',
    TOKEN_PATH: './token',
    CREDENTIALS_DIR: '/etc/app',
    GLOB: 'logs/**/*.gz',
  }),
  ...pairs({
    BACKUP: 'backup-2026-06-19T12-00-00-000Z-abc123',
    ARCHIVE: 'backup-2026-06-19T12-00-00-000Z-abc123.tar.gz',
  }),
  // Addresses without secrets
  ...pairs({
    URL: 'https://api.example.com/v1/organizations',
    BASE: 'http://localhost:3000',
    CDN: '//cdn.example.com/assets',
  }),
  ...pairs({ SEARCH: 'https://example.com/search?q=backup&page=2&sort=asc', DOCS: 'https://example.com/docs#restore' }),
  ...pairs({
    DATABASE_URL: 'postgres://localhost:5432/poppo',
    SQLITE: 'sqlite:./data/history.db',
    REDIS: 'redis://cache:6379/0',
  }),
  ...pairs({
    MONGO: 'mongodb://db1:27017,db2:27017/app?replicaSet=rs0',
    JDBC: 'jdbc:postgresql://db:5432/main?ssl=true',
  }),
  ...pairs({
    REMOTE: 'git@github.com:org/repo.git',
    CLONE: 'ssh://git@github.com/org/repo.git',
    MAIL: 'First.Last2024@example.com',
  }),
  ...pairs({
    HOSTS: 'db1.internal,db2.internal,db3.internal',
    LISTEN: '0.0.0.0:8080',
    V6: 'fe80::1ff:fe23:4567:890a',
    CIDR: '10.0.0.0/16',
  }),
  ...pairs({
    PACKAGE: 'http://localhost:8080/pkg@1.2.3',
    REGISTRY: 'https://registry.npmjs.org/',
    PROXY: 'http://proxy.internal:3128',
  }),
  // What looks random and is named as public
  ...pairs({
    GIT_COMMIT: '51ab254d51ab254d51ab254d51ab254d51ab254d',
    GIT_SHA: '0f3c9a77d2b14e8890cc1de2aa43f6b5d7e8f901',
  }),
  ...pairs({ TENANT_ID: '3f2504e0-4f89-11d3-9a0c-0305e82c3301', REQUEST_UUID: '9b2d7a10-6c3e-4a58-8f1d-2e7c5b9a0d43' }),
  ...pairs({
    IMAGE_DIGEST: `sha256:${'ab12'.repeat(16)}`,
    FILE_CHECKSUM: 'd41d8cd98f00b204e9800998ecf8427e',
    BUILD_ID: '8f14e45fceea167a5a36dedd',
  }),
  ...pairs({
    INTEGRITY: `sha256-${'Zm9v'.repeat(10)}Zm8=`,
    PINNED: `node@sha256:${'cd34'.repeat(16)}`,
    ETAG: '5d41402abc4b2a76b9719d911017c592',
  }),
  ...pairs({
    CERT_FINGERPRINT: 'A1B2C3D4E5F60718293A4B5C6D7E8F9012345678',
    DEPLOY_REVISION: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  }),
  // Versions and platforms
  ...pairs({
    VERSION: '1.0.0-beta.12+build.5',
    RANGE: '^7.10.1',
    NODE: 'v20.20.2',
    PLATFORM: 'linux-x64-musl',
    TARGET: 'x86_64-unknown-linux-gnu',
  }),
  ...pairs({
    AGENT: 'npm/10.8.2 node/v20.20.2 linux x64 workspaces/false',
    TERM: 'xterm-256color',
    DISPLAY: ':0',
    UMASK: '0022',
  }),
  ...pairs({
    JSON_TEXT: '{"name": "app", "port": 8080, "tags": ["a", "b"]}',
    YAML_TEXT: 'a: 1\nb: two words\n',
    CSV: 'id,name,created',
  }),
  ...pairs({
    OPTIONS: '-Xmx1g -Dfile.encoding=UTF-8 -Duser.timezone=UTC',
    COMMAND: 'docker run -p 8080:80 -u 1000:1000 app',
    SORT: 'name:asc',
  }),
];

function pairs(values: Record<string, string>): [string, string][] {
  return Object.entries(values);
}
