import { describe, expect, test } from '@jest/globals';
import { maskText, secretReason } from '../../lib/core/mask-secrets.ts';
import { ordinary } from '../support/canary-ordinary.ts';
import { secrets, word } from '../support/canary-table.ts';

describe('of ordinary values', () => {
  test('there are more than a hundred, and none is masked', () => {
    expect(ordinary.length).toBeGreaterThan(100);
    const masked = ordinary.filter(([name, value]) => secretReason({ name, value }) !== undefined);
    expect(masked).toEqual([]);
  });

  test('none is changed in a text', () => {
    const changed = ordinary.map(([, value]) => [value, maskText(value)]).filter(([value, shown]) => value !== shown);
    expect(changed).toEqual([]);
  });

  test.each([
    'Give its key with --encryption-key FILE, or BACKUP_ENCRYPTION_KEY_FILE.',
    'The key of --encryption-key (/etc/backup/key) could not be read: ENOENT.',
    'openssl pkeyutl -decrypt --private-key /etc/ssl/private/site.key',
    'Tried: BACKUP_ENCRYPTION_KEY_FILE (/etc/backup/key), storage.encryptionKey.',
    '鍵を --encryption-key FILE で指定してください。',
  ])('nor is a sentence about keys: %s', (text) => {
    expect(maskText(text)).toBe(text);
  });
});

describe('of secrets', () => {
  test('there are more than a hundred, and all are masked', () => {
    expect(secrets.length).toBeGreaterThan(100);
    const shown = secrets.filter(([name, value]) => secretReason({ name, value }) === undefined);
    expect(shown).toEqual([]);
  });

  test('under a name that says so, none stands in a text: name=value, JSON, YAML', () => {
    const shown = secrets
      .filter(([name, value]) => value === word && !name.includes('＿'))
      .flatMap(([name, value]) => [`${name}=${value}`, `{"${name}": "${value}"}`, `a:\n  ${name}: ${value}\n`])
      .filter((text) => maskText(text).includes(word));
    expect(shown).toEqual([]);
  });
});
