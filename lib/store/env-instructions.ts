import type { Metadata } from './metadata.ts';
import { code, quote } from './shell-words.ts';

/**
 * The section of RESTORE.md about the `.env` files: none where the backup holds none. For the folder that holds `restored`.
 * @param isSealed the backup is encrypted, and `KEY` is set already.
 */
export function envInstructions(envEncrypted: Metadata['envEncrypted'] = [], isSealed = false): string[] {
  if (envEncrypted.length === 0) return [];
  const open = 'openssl enc -d -a -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -pass "file:$KEY"';
  return [
    '## The `.env` files',
    isSealed
      ? 'They are in a file of their own, encrypted with the same secret as the archive: `KEY` is the file that it was decrypted with.'
      : 'They are in a file of their own, encrypted with the key that was given when the backup was made. `KEY` is its file; of one that is not a line of text, make the hex digits first: `od -An -v -tx1 FILE | tr -d " \\n" > key.hex`',
    code([
      ...(isSealed ? [] : ['KEY=/path/to/the/key']),
      'umask 077',
      ...envEncrypted.map((path, at) => `${open} -in restored/${quote(path)} > env-files${at === 0 ? '' : at + 1}.txt`),
    ]),
    'In that text a line `# ai-backup: PATH, mode …, owner …, N bytes` stands before each file; the N bytes behind it are the file as it was.',
  ];
}
