import { describe, expect, test } from '@jest/globals';
import { canaryOf } from '../support/canary-project.ts';
import { CanarySearch } from '../support/canary-search.ts';
import { canaries, everySecret } from '../support/canary-secrets.ts';
import { expectNoLeak } from '../support/canary-watch.ts';

describe('the search itself', () => {
  const search = new CanarySearch(everySecret);
  const escaped = (text: string): string =>
    [...text].map((one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('');
  const forms: [string, (secret: string) => string][] = [
    ['as it is', (it) => it],
    ['JSON', (it) => JSON.stringify({ it })],
    ['JSON in JSON', (it) => JSON.stringify(JSON.stringify({ it }))],
    ['JSON, escaped', escaped],
    ['URL', (it) => `https://h/?q=${encodeURIComponent(it)}`],
    ['form', (it) => new URLSearchParams({ q: it }).toString()],
    ['every byte as in a URL', (it) => Buffer.from(it).toString('hex').replace(/../g, '%$&')],
    ['hex', (it) => Buffer.from(it).toString('hex')],
    ['hex in capitals', (it) => Buffer.from(it).toString('hex').toUpperCase()],
    ['base64', (it) => Buffer.from(it).toString('base64')],
    ['base64 behind one byte', (it) => Buffer.from(`a${it}`).toString('base64')],
    ['base64 behind two bytes', (it) => Buffer.from(`ab${it}`).toString('base64')],
    ['base64url', (it) => Buffer.from(`abc${it}`).toString('base64url')],
    ['backwards', (it) => [...it].reverse().join('')],
    ['UTF-16', (it) => Buffer.from(it, 'utf16le').toString('latin1')],
    ['its first half', (it) => it.slice(0, Math.ceil(it.length / 2))],
    ['its last half', (it) => it.slice(Math.floor(it.length / 2))],
    ['its first eight characters', (it) => `${it.slice(0, 8)}…`],
    ['eight characters of it', (it) => `…${it.slice(3, 11)}…`],
  ];

  test.each(forms)('finds every secret in the form: %s', (form, write) => {
    for (const { kind, secret } of everySecret) {
      const written = write(secret);
      const bytes = Buffer.from(`before ${written} behind`, form === 'UTF-16' ? 'latin1' : 'utf8');
      expect([kind, search.leaksIn(bytes).map((leak) => leak.kind)]).toEqual([kind, expect.arrayContaining([kind])]);
    }
  });

  test('finds nothing where there is nothing, in random bytes neither', () => {
    expect(search.leaksIn(Buffer.from('DATABASE_URL is [masked:32-63]; a password was refused.'))).toEqual([]);
    const noise = new Uint8Array(4 << 20);
    for (let at = 0; at < noise.length; at += 1 << 16) crypto.getRandomValues(noise.subarray(at, at + (1 << 16)));
    expect(search.leaksIn(Buffer.from(noise))).toEqual([]);
  });

  test('fails for a leak that a store holds, and knows enough kinds', () => {
    const leak = { where: 'metadata.json', bytes: Buffer.from(JSON.stringify({ git: canaryOf('git branch').text })) };
    expect(() => expectNoLeak([leak])).toThrow(/git branch \(as it is\)/);
    expect(new Set(canaries.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(30);
  });
});
