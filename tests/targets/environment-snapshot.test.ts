import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { environmentSnapshot, type EnvironmentSource } from '../../lib/targets/environment-snapshot.ts';

const runtime = { node: 'v20.20.2', platform: 'linux', arch: 'x64' };

const snapshotOf = (source: Partial<EnvironmentSource>): string =>
  environmentSnapshot({ environment: {}, dotenvFiles: [], runtime, ...source }).toString('utf8');

interface Parsed {
  format: number;
  process: Record<string, unknown>;
  dotenvFiles: { origin: string; variables: Record<string, unknown> }[];
}
const parsed = (source: Partial<EnvironmentSource>): Parsed => JSON.parse(snapshotOf(source)) as Parsed;

describe('the snapshot of the environment', () => {
  test('holds what is open, and in place of secrets the reason and the class of the length', () => {
    const text = [
      'PORT=3000',
      'export DATABASE_URL="postgres://app:hunter2@db/main"',
      'GITHUB_TOKEN=abc # for the bot',
      'EMPTY_SECRET=',
      "TLS_KEY='-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'",
      'not a variable',
    ].join('\n');
    expect(
      parsed({ environment: { NODE_ENV: 'production', API_KEY: 'x' }, dotenvFiles: [{ origin: '.env', text }] }),
    ).toEqual({
      format: 1,
      runtime,
      process: { API_KEY: { masked: true, reason: 'name', length: '1-7' }, NODE_ENV: { value: 'production' } },
      dotenvFiles: [
        {
          origin: '.env',
          variables: {
            DATABASE_URL: { masked: true, reason: 'url', length: '16-31' },
            EMPTY_SECRET: { value: '' },
            GITHUB_TOKEN: { masked: true, reason: 'name', length: '1-7' },
            PORT: { value: '3000' },
            TLS_KEY: { masked: true, reason: 'name', length: '32-63' },
          },
        },
      ],
    });
  });

  test('holds the fingerprint of each secret where there is a key, and of nothing else', () => {
    const scheme = {
      salt: '0011223344556677',
      kdf: 'pbkdf2-hmac-sha256',
      iterations: 600_000,
      keyCheck: '8899aabbccddeeff',
    };
    const of = (name: string, value: string): string => `${name}|${value.length}`;
    const text = 'API_KEY=secret\nPORT=3000\nEMPTY_SECRET=\n';
    const source = { dotenvFiles: [{ origin: '.env', text }], fingerprints: { scheme, of } };
    expect(parsed(source)).toEqual({
      format: 1,
      runtime,
      fingerprints: scheme,
      process: {},
      dotenvFiles: [
        {
          origin: '.env',
          variables: {
            API_KEY: { masked: true, reason: 'name', length: '1-7', fingerprint: 'API_KEY|6' },
            EMPTY_SECRET: { value: '' },
            PORT: { value: '3000' },
          },
        },
      ],
    });
  });

  test('the same environment gives the same bytes, in whatever order it comes', () => {
    const files = [
      { origin: '.env', text: 'B=2\nA=1' },
      { origin: 'api/.env', text: 'C=3' },
    ];
    const one = snapshotOf({ environment: { B: '2', A: '1', a: '0' }, dotenvFiles: files });
    const other = snapshotOf({ environment: { a: '0', A: '1', B: '2' }, dotenvFiles: [...files].reverse() });
    expect(other).toBe(one);
    expect(one.endsWith('}\n')).toBe(true);
  });

  test('the way in which the run was started leaves no trace', () => {
    const plain = { PATH: '/usr/bin:/bin', HOME: '/home/me' };
    const byNpm = {
      ...plain,
      PATH: '/srv/app/node_modules/.bin:/node_modules/.bin:/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin:/usr/bin:/bin',
      npm_config_cache: '/home/me/.npm',
      npm_lifecycle_event: 'backup:create',
      INIT_CWD: '/srv/app',
      NODE: '/usr/bin/node',
      COLOR: '1',
    };
    const byShell = { ...plain, _: '/usr/bin/node', SHLVL: '3', PWD: '/srv/app', OLDPWD: '/', TERM: 'xterm' };
    expect(snapshotOf({ environment: byNpm })).toBe(snapshotOf({ environment: plain }));
    expect(snapshotOf({ environment: byShell })).toBe(snapshotOf({ environment: plain }));
    expect(snapshotOf({ environment: { ...plain, GONE: undefined } })).toBe(snapshotOf({ environment: plain }));
  });

  test('a secret that stands where a name belongs is masked too', () => {
    const token = ['gh', 'p_', 'c'.repeat(36)].join('');
    expect(snapshotOf({ environment: { [token]: '1' } })).not.toContain('cccc');
  });

  test('names that mean something to JavaScript are only names', () => {
    const environment = Object.fromEntries([
      ['__proto__', 'plain'],
      ['constructor', 'plain'],
    ]);
    expect(Object.keys(parsed({ environment }).process)).toEqual(['__proto__', 'constructor']);
  });
});

describe('nothing of a secret gets out', () => {
  const secret = fc.stringMatching(/^[A-Z0-9]{20}$/);
  const placed: fc.Arbitrary<(value: string) => [string, string]> = fc.constantFrom(
    (value: string): [string, string] => ['APP_PASSWORD', value],
    (value: string): [string, string] => ['DATABASE_URL', `postgres://app:${value}@db:5432/main`],
    (value: string): [string, string] => ['HOOK', `https://h.example.com/x?token=${value}`],
    (value: string): [string, string] => ['SETTINGS', `host=db;password=${value}`],
    (value: string): [string, string] => ['DEPLOY', `-----BEGIN RSA PRIVATE KEY-----${value}`],
    (value: string): [string, string] => ['GITLAB', `glpat-${value}`],
  );

  test('no four characters of it stand in the bytes, from the process or from a .env file', () => {
    fc.assert(
      fc.property(secret, placed, (value, place) => {
        const [name, text] = place(value);
        const file = { origin: '.env', text: `${name}='${text}'` };
        const shown = snapshotOf({ environment: { [name]: text }, dotenvFiles: [file] });
        for (let at = 0; at + 4 <= value.length; at += 1) expect(shown).not.toContain(value.slice(at, at + 4));
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  test('another secret of the same class gives the same bytes', () => {
    fc.assert(
      fc.property(secret, secret, placed, (one, other, place) => {
        const bytesOf = (value: string): string => snapshotOf({ environment: Object.fromEntries([place(value)]) });
        expect(bytesOf(one)).toBe(bytesOf(other));
      }),
    );
  });
});
