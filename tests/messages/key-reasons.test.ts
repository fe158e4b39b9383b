import { expect, test } from '@jest/globals';
import { isBackupError } from '../../lib/core/errors.ts';
import { readKeyFile } from '../../lib/crypto/key-file.ts';
import { parseKey } from '../../lib/crypto/key.ts';
import { recipientKeys } from '../../lib/crypto/recipients.ts';
import { reason } from '../../lib/messages/ja/reasons.ts';

const parsed = (text: string) => () => parseKey(Buffer.from(text), { name: 'a key' });

test.each([
  ['nothing', parsed('')],
  ['two lines', parsed('one\ntwo\n')],
  ['too long a line', parsed('x'.repeat(2000))],
  ['PEM of nothing', parsed('-----BEGIN PRIVATE KEY-----\n')],
  ['what has no end', () => readKeyFile({ name: '--encryption-key', file: '/dev/zero' })],
  ['what is not there', () => readKeyFile({ name: '--encryption-key', file: '/no/such/thing' })],
  ['a folder', () => readKeyFile({ name: '--encryption-key', file: '/' })],
])('why %s is no key is said in Japanese', (_story, read) => {
  try {
    read();
  } catch (error) {
    if (isBackupError(error, 'KEY_INVALID')) return expect(reason(error.params.problem)).toMatch(/[ぁ-ん]/);
    if (isBackupError(error, 'KEY_UNREADABLE')) return expect(reason(error.params.reason)).toMatch(/[ぁ-ん]/);
    throw error;
  }
  throw new Error('it is one');
});

test.each([`it is no ${recipientKeys}`, `it is no ${recipientKeys}, in PEM`])('%s', (words) => {
  expect(reason(words)).toMatch(/[ぁ-ん]/);
});
