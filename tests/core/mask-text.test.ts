import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errorCatalogue } from '../../lib/core/error-catalogue.ts';
import { maskText } from '../../lib/core/mask-secrets.ts';

/** Written in two parts, so that no scanner of repositories takes a made-up token for a real one. */
const joined = (...parts: string[]): string => parts.join('');

const fromAlphabet = (alphabet: string, length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: length, maxLength: length });

describe('command lines, markup and headers', () => {
  const frames: ((secret: string) => string)[] = [
    (secret) => `curl -u app:${secret} https://h/x gave 401`,
    (secret) => `curl -uapp:${secret} https://h/x`,
    (secret) => `curl --silent --user 'app:${secret}' https://h`,
    (secret) => `spawn curl [ '-u', 'app:${secret}' ] ENOENT`,
    (secret) => `curl -x proxy:3128 --proxy-user=app:${secret} https://h`,
    (secret) => `mysqldump -h db -P 3306 -u root -p${secret} main`,
    (secret) => `/usr/bin/mysql -p"${secret} ${secret}" -e "select 1"`,
    (secret) => `dump -u root -p${secret} main`,
    (secret) => `-uroot -p'${secret}'`,
    (secret) => `{"spawnargs":["mysqldump","-u","root","-p${secret}","main"]}`,
    (secret) => `7z x -p${secret} a.7z`,
    (secret) => `docker login -u me -p ${secret} registry.example.com`,
    (secret) => `sshpass -p ${secret} ssh -p 2222 me@h`,
    (secret) => `mongodump --db x -p ${secret}`,
    (secret) => `unzip -P ${secret} a.zip`,
    (secret) => `redis-cli -h r -a ${secret} ping`,
    (secret) => `ldapsearch -x -w ${secret}`,
    (secret) => `tool --password ${secret} x`,
    (secret) => `tool --db-password "${secret} and ${secret}" x`,
    (secret) => `tool --password='${secret} ${secret}'`,
    (secret) => `tool --passwd ${secret} --secret-key ${secret}`,
    (secret) => `["tool","--api-key","${secret}"]`,
    (secret) => `<user>app</user><password>${secret}</password>`,
    (secret) => `<ns:Db.Password kind="plain">\n  ${secret}\n</ns:Db.Password>`,
    (secret) => `<apiKey><![CDATA[${secret}]]</]]></apiKey> <token>${secret}</token> <secret>${secret}</secret>`,
    (secret) => `<clientSecret><![CDATA[${secret} & ${secret}]]></clientSecret>`,
    (secret) => `<add key="DbPassword" value="${secret}" />`,
    (secret) => `Authorization: Basic ${secret}`,
    (secret) => `headers: { authorization: 'Basic ${secret}=' }`,
    (secret) => `Proxy-Authorization: ApiKey 1${secret}`,
    (secret) => `Authorization: 1${secret}`,
    (secret) => `Cookie: theme=dark; session=${secret}; lang=en`,
    (secret) => `Set-Cookie: sid=${secret}; Path=/; HttpOnly`,
    (secret) => `{"cookie":"connect.sid=${secret}"}`,
    (secret) => `request with session=${secret} failed`,
    (secret) => `?x;PHPSESSID=${secret}&y`,
  ];
  const secretText = fromAlphabet('ACDEFGHIJKLMNOPQRSTUVWXYZ0123456789', 24);

  test.each(frames.map((frame) => [frame('…'), frame] as const))('%s shows nothing of it', (_, frame) => {
    fc.assert(
      fc.property(secretText, (secret) => {
        const shown = maskText(frame(secret));
        for (let at = 0; at + 4 <= secret.length; at += 1) expect(shown).not.toContain(secret.slice(at, at + 4));
        expect(maskText(shown)).toBe(shown);
      }),
      { numRuns: 50, seed: 13 },
    );
  });

  test('a short word is a password as well, and what stands around it stays', () => {
    const shown = (text: string): string => maskText(text).replaceAll(/\[masked:[^\]]*\]/g, '#');
    expect(shown('mysqldump -h db -u root -phunter2 main')).toBe('mysqldump -h db -u root -p# main');
    expect(shown('curl -u app:hunter2 https://h/x')).toBe('curl -u app:# https://h/x');
    expect(shown('<db><password>hunter2</password></db>')).toBe('<db><password>#</password></db>');
    expect(shown('tool --password hunter2 --port 80')).toBe('tool --password # --port 80');
    expect(shown('Authorization: Basic hunterhunter, then')).toBe('Authorization: Basic #, then');
    expect(shown('Cookie: session=hunter2; a=b\nHost: h')).toBe('Cookie: #\nHost: h');
  });

  test.each([
    ...['ssh -p 2222 host', 'docker run -p 8080:80 -u 1000:1000 image', 'node -p process.version', 'psql -p 5432 main'],
    ...['mkdir -p /srv/app', 'mkdir -pv a', 'cp -pr a b', 'tar -xpf a.tar', 'find . -print0 -perm 644', 'ls -px'],
    ...[
      'mysql -h db -P 3306 -p main',
      'mysql: server has gone away',
      'date -u +%H:%M',
      'sort -u file',
      'git push -u origin main',
    ],
    ...['use --password <password> to set it', '-p<password> is asked for', 'ffmpeg -i a.mkv -pass 2 b.mp4'],
    ...[
      '<tokens>3</tokens>',
      '<password></password>',
      '<token-count>5</token-count>',
      '<PasswordPolicy>long</PasswordPolicy>',
    ],
    ...['Authorization: required', 'the cookie: not set', 'session=expired', 'sessions=12', 'Set-Cookie is missing'],
    ...['unzip -P', 'curl -u app https://h/x', 'https://h:8080/x -u root'],
  ])('nothing in it is a secret: %s', (text) => {
    expect(maskText(text)).toBe(text);
  });
});

describe('free text', () => {
  const frames: ((secret: string) => string)[] = [
    (secret) => `connect to postgres://app:${secret}@db:5432/main failed`,
    (secret) => `GET https://h/x?page=2&api_key=${secret}&q=1 gave 401`,
    (secret) => `?key=${secret} and key again`,
    (secret) => `libpq: host=db password=${secret} dbname=x`,
    (secret) => `pg_dump --password ${secret} main`,
    (secret) => `{"apiKey":"${secret}","n":1}`,
    (secret) => `authorization: Bearer 1a${secret}`,
    (secret) => `token ${joined('gh', 'p_')}${secret} was refused`,
    (secret) => `posting to ${joined('https://hooks.slack', '.com/services/')}${secret} failed`,
    (secret) => `bad key -----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY----- in file`,
  ];

  test('no four characters of a secret of a known shape are left', () => {
    const secretText = fromAlphabet('ACDEFGHIJKLMNOPQRSTUVWXYZ0123456789', 24);
    fc.assert(
      fc.property(fc.constantFrom(...frames), secretText, (frame, secret) => {
        const shown = maskText(frame(secret));
        for (let at = 0; at + 4 <= secret.length; at += 1) expect(shown).not.toContain(secret.slice(at, at + 4));
      }),
      { numRuns: 500, seed: 11 },
    );
  });

  test('what stands around it stays, and masking twice changes nothing', () => {
    const shown = frames.map((frame) => maskText(frame('ABCDEFGHIJKLMNOP0123')));
    expect(shown[0]).toBe('connect to postgres://[masked:16-31]@db:5432/main failed');
    expect(shown[1]).toBe('GET https://h/x?page=2&api_key=[masked:16-31]&q=1 gave 401');
    expect(shown[2]).toBe('?key=[masked:16-31] and key again');
    expect(shown[3]).toBe('libpq: host=db password=[masked:16-31] dbname=x');
    expect(shown[4]).toBe('pg_dump --password [masked:16-31] main');
    expect(shown[5]).toBe('{"apiKey":"[masked:16-31]","n":1}');
    expect(shown[9]).toBe('bad key [masked:64+] in file');
    for (const text of shown) expect(maskText(text)).toBe(text);
  });

  test('a secret that is written like a label is masked all the same', () => {
    expect(maskText('password=[masked:8-15]hunter2')).not.toContain('hunter2');
  });

  test("the toolkit's own sentences come through unchanged", () => {
    // The texts in their code, not the code around them.
    const sentences = Object.values(errorCatalogue).flatMap(({ text }) =>
      String(text)
        .replace(/\$\{[^}]*\}/g, 'x')
        .split(/['`]/),
    );
    for (const sentence of sentences) expect(maskText(sentence)).toBe(sentence);
    for (const text of [
      'Basic authentication failed',
      'Unexpected token } in JSON',
      'key not found',
      'ENOENT: no such file',
    ]) {
      expect(maskText(text)).toBe(text);
    }
  });
});
