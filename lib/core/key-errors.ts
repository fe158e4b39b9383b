import { define, exitCode } from './error-definition.ts';

/** Between quotes, so that the word behind it is not taken for its value, and masked. */
export const quotedOption = (source: string): string => (/^--\S+$/.test(source) ? `\`${source}\`` : source);

/** What is done by hand to change to a new key. */
function rotationSteps({
  source,
  kind,
}: {
  source: string;
  kind: 'text' | 'command' | 'settings' | 'recipients';
}): string {
  if (kind === 'recipients') {
    return [
      'Do this:',
      '1. npm run backup:keys -- generate --rsa NEW',
      '2. In the settings, put NEW.public.pem in the place of the old file in storage.recipients. New backups are encrypted to it.',
      '3. For the backups that there are: npm run backup:keys -- rotate --rewrap --encryption-key ./OLD.private.pem',
      '4. `npm run backup:keys -- check --encryption-key ./NEW.private.pem` shows that it opens them.',
    ].join('\n');
  }
  return [
    'Do this:',
    '1. npm run backup:keys -- generate ~/.config/ai-backup/new.key',
    '2. Write the old key, as one line, into a file of mode 0600 outside of the store and of every target; add its path to storage.oldKeyFiles.',
    kind === 'command'
      ? `3. Store the new key where the command of ${source} gets it from.`
      : `3. Put the new key in the place of the old one in ${source}; or take that out and set BACKUP_ENCRYPTION_KEY_FILE to the new file.`,
    '4. `npm run backup:keys -- check` shows which key opens which backup.',
  ].join('\n');
}

/** Errors of encryption and its keys. */
export const keyErrors = {
  /** What cannot be encrypted, though it was asked for. */
  ENCRYPTION_UNAVAILABLE: define<{ reason: string }>(exitCode.usage, (p) => ({
    message: `Encryption was asked for, but ${p.reason}. Nothing was written.`,
    hint: 'Choose --format tar or zip (in the settings: storage.compress true), or switch encryption off with --no-encrypt.',
  })),
  /** `backup`: the one that cannot be opened; absent where a new one was to be encrypted. `needsPrivate`: only a private key opens it. */
  KEY_MISSING: define<{ backup?: string; needsPrivate?: boolean }>(exitCode.key, (p) => ({
    message:
      p.backup === undefined
        ? 'Encryption was asked for, but no key is given. Nothing was written.'
        : `${p.backup} is encrypted, and no ${p.needsPrivate === true ? 'private key' : 'key'} is given.`,
    hint:
      p.backup === undefined
        ? 'Give its file with --encryption-key FILE or BACKUP_ENCRYPTION_KEY_FILE. `npm run backup:keys -- generate` makes a new one.'
        : `Give its ${p.needsPrivate === true ? 'private key' : 'key'} with --encryption-key FILE, BACKUP_ENCRYPTION_KEY_FILE, BACKUP_ENCRYPTION_KEY_COMMAND or BACKUP_ENCRYPTION_KEY.`,
  })),
  /** `tried`: where the keys came from, never the keys. */
  KEY_WRONG: define<{ backup: string; tried: string[]; needsPrivate?: boolean }>(exitCode.key, (p) => ({
    message: `No key that is given opens ${p.backup}. Tried: ${p.tried.join(', ')}.`,
    hint:
      p.needsPrivate === true
        ? 'It is encrypted to public keys: give the private key of one of them with --encryption-key FILE.'
        : 'Give the key that was used when it was made, with --encryption-key FILE. `npm run backup:keys -- check` shows which backups a key opens.',
  })),
  KEY_UNREADABLE: define<{ source: string; reason: string }>(exitCode.key, (p) => ({
    message: `The key of ${quotedOption(p.source)} could not be read: ${p.reason}.`,
    hint: 'Check the path and its permissions, or the command; or give the key in another way.',
  })),
  KEY_INVALID: define<{ source: string; problem: string }>(exitCode.key, (p) => ({
    message: `The key of ${p.source} cannot be used: ${p.problem}.`,
    hint: 'A key is one line of text, or an RSA key in PEM. `npm run backup:keys -- generate` makes one.',
  })),
  KEY_FILE_EXISTS: define<{ file: string }>(exitCode.usage, (p) => ({
    message: `${p.file} is there already, and what may be the only copy of a key is never overwritten.`,
    hint: 'Name another file. To change to a new key, run `npm run backup:keys -- rotate`.',
  })),
  /** `store` or `target`: what takes the place in. */
  KEY_PLACE_UNSAFE: define<{ path: string; store?: string; target?: string }>(exitCode.usage, (p) => ({
    message:
      p.target === undefined
        ? `${p.path} is no place for a key: it lies in the store ${p.store ?? ''}, so whoever gets the backups gets the key with them.`
        : `${p.path} is no place for a key: the target ${p.target} takes it in, so the only copy may be in the backup that it encrypts.`,
    hint: 'Choose a place outside of the store and of every target, such as ~/.config/ai-backup/. With --force it is written there all the same.',
  })),
  RECOVERY_KIT_EXISTS: define<{ file: string }>(exitCode.usage, (p) => ({
    message: `${p.file} is there already. Nothing was written.`,
    hint: 'Give --force to write it anew, or another place with --output.',
  })),
  /** A key that no file holds is changed where it is kept. `kind`: how it is given. */
  KEY_ROTATED_BY_HAND: define<{ source: string; kind: 'text' | 'command' | 'settings' | 'recipients' }>(
    exitCode.usage,
    (p) => ({
      message:
        p.kind === 'recipients'
          ? 'Backups are encrypted to public keys: a new pair is made and put in the place of the old one by hand. Nothing was changed.'
          : `The key comes from ${p.source}, which this command cannot write to. Nothing was changed.`,
      hint: rotationSteps(p),
    }),
  ),
  REWRAP_UNAVAILABLE: define<{ reason: 'no-recipients' | 'passphrase' }>(exitCode.usage, (p) => ({
    message:
      p.reason === 'no-recipients'
        ? 'There is nobody to wrap the secrets of the backups to: storage.recipients is empty. Nothing was changed.'
        : 'No backup here is encrypted to public keys: they are encrypted with the key itself, which nothing but a new backup changes. Nothing was changed.',
    hint:
      p.reason === 'no-recipients'
        ? 'Set storage.recipients to the files of the public keys, and run it again.'
        : 'Run `npm run backup:keys -- rotate` without --rewrap for a new key; keep the old one for as long as these backups are kept.',
  })),
  /** With the right key, what is stored is not what was made with it. */
  NOT_AUTHENTIC: define<{ backup: string; problem: string }>(exitCode.problemFound, (p) => ({
    message: `${p.backup} is not what was made with this key: ${p.problem}. Nothing was changed.`,
    hint: 'It is damaged, or somebody changed it. Restore from another backup; `npm run backup:verify -- --all` shows which are whole.',
  })),
  /** The settings ask for encryption, and this backup has none: anybody could have put it there. */
  NOT_ENCRYPTED: define<{ backup: string; toConsolidate?: boolean }>(exitCode.problemFound, (p) => ({
    message: `${p.backup} is not encrypted, though the settings ask for it: nobody can tell who made it. Nothing was changed.`,
    hint:
      p.toConsolidate === true
        ? 'If it was made before encryption was switched on, make a full backup in its place: `npm run backup:create -- --mode full`.'
        : 'If it was made before encryption was switched on, give --force to restore it.',
  })),
} as const;
