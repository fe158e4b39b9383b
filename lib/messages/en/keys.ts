import { countOf } from './count-of.ts';

export const keys = {
  describe: 'Make, check and change keys; print a recovery kit',
  action:
    'generate makes a key; check tells which backups the keys open; recovery-kit writes a page to print; rotate changes to a new key',
  file: 'generate: the file of the new key (default: .ai-backup.key in the project root)',
  rsa: 'generate: a pair of RSA keys, so that this machine can make backups and not read them',
  force: 'generate, recovery-kit: also in a place that is backed up; recovery-kit: over a file that is there',
  output: 'recovery-kit: a folder, or a file that ends in .html or .txt (default: the project root)',
  withKey: 'recovery-kit: with the key itself',
  withoutKey: 'recovery-kit: without the key, only with the steps to get it',
  rewrap: 'rotate: wrap the secrets of all backups to the public keys of storage.recipients',
  notOfAction: (option: string, action: string) => `keys ${action} has no ${option}`,
  noAction: 'keys needs to be told what to do: generate, check, recovery-kit or rotate',
  bothWays: '--with-key and --without-key cannot be given together',

  made: (file: string) => `Made the key ${file} (mode 0600).`,
  pairMade: (privateFile: string, publicFile: string) =>
    `Made the private key ${privateFile} (mode 0600) and the public key ${publicFile}.`,
  fingerprint: (fingerprint: string) => `Fingerprint of the public key: ${fingerprint}`,
  ignored: (line: string) => `Added ${line} to .gitignore.`,
  next: 'Next:',
  nextSecret: {
    use: (variable: string) => `Say where it is, with this line in .env:\n${variable}`,
    encrypt: 'Have every backup encrypted:\nnpm run backup:config -- --set-option storage.encrypt=true',
    keep: 'Keep a copy of the key elsewhere, in a password manager say.\nWithout it nobody can open the backups, you neither.',
    print: 'Print it, with the steps to restore:\nnpm run backup:keys -- recovery-kit',
  },
  nextPair: {
    keep: 'Move the private key off this machine, and keep a copy in a second place.\nWithout it nobody can open the backups.',
    use: (recipients: string) =>
      `Have every backup encrypted to the public key:\nnpm run backup:config -- --set-option '${recipients}' --set-option storage.encrypt=true`,
    restore: 'To check or restore, give the private key: --encryption-key FILE',
    print: 'Print the steps to restore:\nnpm run backup:keys -- recovery-kit',
  },

  heading: { backup: 'Backup', encrypted: 'Encrypted', opens: 'Opens with' },
  yes: 'yes',
  no: 'no',
  needsNone: 'needs no key',
  newBackups: (source: string) => `New backups are encrypted with the key of ${source}.`,
  newBackupsTo: (fingerprints: string) => `New backups are encrypted to the public keys ${fingerprints}.`,
  newBackupsNone: 'New backups cannot be made: encryption is asked for, and no key is given.',
  newBackupsPlain: 'New backups are not encrypted: storage.encrypt is false.',
  noBackups: 'There are no backups yet.',
  allOpen: (count: number) => `The keys open every encrypted backup (${count}).`,
  noneEncrypted: 'No backup is encrypted.',
  newestOpens: (id: string) => `The newest encrypted backup, ${id}, opens.`,
  newestFails: (id: string) => `The newest encrypted backup, ${id}, does not open.`,
  someFail: (count: number, total: number) => `${count} of ${countOf(total, 'backup')} cannot be opened.`,
  reasons: {
    KEY_MISSING: 'no key is given',
    KEY_WRONG: 'no key that is given fits',
    KEY_UNREADABLE: 'a key could not be read',
    KEY_INVALID: 'a key cannot be used',
    NOT_AUTHENTIC: 'the key fits, but the backup was changed',
    MANIFEST_DAMAGED: 'damaged',
    BACKUP_UNREADABLE: 'could not be read',
    WRAPPED_KEY_MISSING: 'wrapped.key is missing',
  },

  kitWritten: (file: string) => `Wrote ${file} (mode 0600).`,
  kitHoldsKey:
    'This kit holds the key in clear. Print it, keep the paper where only the right people find it, and delete what was written.',
  kitWithoutKey: 'This kit does not hold the key: keep that in a place of its own.',
  kitNoBackup: 'There is no encrypted backup yet. Write the kit again after the first one: it will name it.',

  rotated: (file: string) => `${file} holds a new key. The next backup is a full one, encrypted with it.`,
  oldKept: (file: string, settings: string) =>
    `The old key is ${file}, named in storage.oldKeyFiles of ${settings}. Keep it for as long as backups are kept that it opens.`,
  nextRotated: [
    'Keep a copy of the new key elsewhere, and print it:\nnpm run backup:keys -- recovery-kit',
    'See which key opens which backup:\nnpm run backup:keys -- check',
  ],
  rewrapped: (count: number, total: number) =>
    `Wrapped the secrets of ${countOf(count, 'backup')} to ${total === 1 ? 'the public key' : `the ${total} public keys`}:`,
  rewrappedNone: 'There was nothing to wrap anew.',
  alreadyWrapped: (count: number) =>
    `${countOf(count, 'backup')} ${count === 1 ? 'was' : 'were'} for these keys already.`,
  direct: (count: number) =>
    `${countOf(count, 'backup')} ${count === 1 ? 'stays as it is' : 'stay as they are'}: encrypted with a key itself. --rewrap is for public keys only.`,
  notRewrapped: (id: string, reason: string) => `${id} was left as it is: ${reason}`,
};
