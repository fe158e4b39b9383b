import type { ChainArchive } from './chain-archive.ts';
import type { EncryptionSummary, Metadata } from './metadata.ts';
import { manifestName, sealedEnding, wrappedKeyOf } from './sealed-names.ts';
import { code, quote } from './shell-words.ts';

/** The folder that everything is decrypted into. What follows is done in it. */
export const openedFolder = 'opened';

/**
 * How to decrypt a backup by hand: its archives and its manifest come to lie in a folder of their own, as if it had not been
 * encrypted.
 * @param archives all of its chain, its own last.
 */
export function sealedInstructions(metadata: Metadata, archives: readonly ChainArchive[]): string[] {
  const { archive, id } = metadata;
  const encryption = archive?.encryption;
  if (archive === undefined || encryption === undefined) return [];
  const own = archives.at(-1) ?? { backup: id, file: archive.file, compression: archive.compression };
  const all = archives.length === 0 ? [own] : archives;
  return [
    '## The key',
    keyWords(encryption),
    'Run all of this in the folder that holds the archive (the one that holds the folder of this backup):',
    code([`mkdir -m 700 ${openedFolder}`, ...keyCommands(encryption, own.file)]),
    '## Check the stored files',
    code([
      `echo ${quote(`${archive.sha256 ?? ''}  ${archive.file}`)} | sha256sum -c`,
      `echo ${quote(`${metadata.manifest?.sha256 ?? ''}  ${id}/${manifestName(true)}`)} | sha256sum -c`,
    ]),
    '## Check that nobody changed the backup',
    [
      'The MAC covers all of `metadata.json` but what is noted later, and with it the hashes above. What is derived here opens nothing,',
      'but whoever else is on this machine can see it while the commands run.',
    ].join('\n'),
    code(macCommands(encryption, id)),
    '## Decrypt',
    code([
      `mkdir -m 700 ${quote(`${openedFolder}/${id}`)}`,
      ...all.flatMap((one) => decryptArchive(encryption, one, own)),
      `${openssl} -in ${quote(`${id}/${manifestName(true)}`)} -out ${quote(`${openedFolder}/${id}/${manifestName(false)}`)}`,
      `cd ${openedFolder}`,
    ]),
    `Remove \`${openedFolder}\` when the files are back: everything in it is readable.`,
  ];
}

/** What the commands that follow have to know: names without the ending, and no hash of what is encrypted. */
export function openedMetadata(metadata: Metadata): Metadata {
  const { archive } = metadata;
  if (archive?.encryption === undefined) return metadata;
  const { sha256: _, folder: __, encryption: ___, ...rest } = archive;
  return { ...metadata, archive: { ...rest, file: openedName(archive.file) } };
}

export const openedArchives = (archives: readonly ChainArchive[]): ChainArchive[] =>
  archives.map(({ backup, file, compression }) => ({ backup, file: openedName(file), compression }));

const openedName = (file: string): string =>
  file.endsWith(sealedEnding) ? file.slice(0, -sealedEnding.length) : `${file}.opened`;

const openssl = 'openssl enc -d -aes-256-ctr -pbkdf2 -iter 600000 -md sha256 -pass file:"$KEY"';

function keyWords({ recipients, keyForm }: EncryptionSummary): string {
  if (recipients !== undefined) {
    return [
      `It is encrypted with a secret of its own, which is wrapped to ${recipients.length} public key(s). Their SHA-256 (DER, SubjectPublicKeyInfo):`,
      ...recipients.map(({ fingerprint }, at) => `${at + 1}. \`${fingerprint.replace('sha256:', '')}\``),
      'The private key of any of them is needed. `openssl pkey -in PRIVATE.pem -pubout -outform DER | sha256sum` shows which one a key is.',
    ].join('\n');
  }
  return keyForm === 'hex'
    ? 'The secret is in the key file that was used: all of its bytes, written in hex digits.'
    : 'The secret is the one line in the key file that was used. If you have the secret itself, write it into a file first.';
}

function keyCommands(encryption: EncryptionSummary, archive: string): string[] {
  if (encryption.recipients !== undefined) {
    return [
      'PRIVATE=/path/to/private.pem',
      ...unwrap(archive, `${openedFolder}/secret`),
      `KEY="$PWD/${openedFolder}/secret"`,
    ];
  }
  if (encryption.keyForm !== 'hex') return ['KEY=/path/to/the/key/file'];
  return [
    'KEYFILE=/path/to/the/key/file',
    `(umask 077; od -An -v -tx1 "$KEYFILE" | tr -d ' \\n' > ${openedFolder}/secret)`,
    `KEY="$PWD/${openedFolder}/secret"`,
  ];
}

/**
 * The file holds one block a recipient, each as long as that one's key: every part is tried as far as there is one. The commands are
 * the same for any number of them: what is wrapped anew may be for more.
 */
function unwrap(archive: string, secret: string): string[] {
  const pkeyutl =
    'openssl pkeyutl -decrypt -inkey "$PRIVATE" -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256';
  return [
    'SIZE=$(( ($(openssl pkey -in "$PRIVATE" -noout -text | sed -n "s/.*Private-Key: (\\([0-9]*\\) bit.*/\\1/p") + 7) / 8 ))',
    `PARTS=$(( $(wc -c < ${operand(wrappedKeyOf(archive))}) / 64 ))`,
    'AT=0',
    `while [ $AT -lt $PARTS ]; do`,
    `  dd if=${operand(wrappedKeyOf(archive))} bs=64 skip=$AT count=$((SIZE / 64)) of=${openedFolder}/part 2>/dev/null`,
    `  if ${pkeyutl} -in ${openedFolder}/part -out ${openedFolder}/try 2>/dev/null && grep -Eqx '[0-9a-f]{64}' ${openedFolder}/try`,
    `  then mv ${openedFolder}/try ${secret}; break`,
    '  fi',
    '  AT=$((AT + 1))',
    'done',
  ];
}

function macCommands({ macSalt }: EncryptionSummary, id: string): string[] {
  const noted = ['mac', 'verifiedAt', 'drilledAt'].map((key) => `-e '/^  "${key}": /d'`).join(' ');
  return [
    `MASTER=$(openssl enc -aes-256-ctr -pbkdf2 -iter 600000 -md sha256 -pass file:"$KEY" -S ${macSalt} -P | sed -n 's/^key=//p')`,
    'MACKEY=$(openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:"$MASTER" -kdfopt info:"ai-backup metadata mac v1" HKDF | tr -d ":")',
    `MAC=$(sed ${noted} ${quote(`${id}/metadata.json`)} | openssl dgst -sha256 -mac HMAC -macopt hexkey:"$MACKEY" | sed 's/.* //')`,
    `if grep -q "^  \\"mac\\": \\"$MAC\\"," ${quote(`${id}/metadata.json`)}`,
    'then echo the backup is authentic; else echo "THE BACKUP IS NOT WHAT WAS MADE WITH THIS KEY"; false; fi',
  ];
}

/** Where a secret is one backup's own, each archive of a chain has another. */
function decryptArchive(encryption: EncryptionSummary, archive: ChainArchive, own: ChainArchive): string[] {
  const to = quote(`${openedFolder}/${openedName(archive.file)}`);
  const from = operand(archive.file);
  if (encryption.recipients === undefined || archive.file === own.file) return [`${openssl} -in ${from} -out ${to}`];
  const secret = `${openedFolder}/other`;
  return [...unwrap(archive.file, secret), `${openssl.replace('"$KEY"', secret)} -in ${from} -out ${to}`];
}

/** A file for a command that would take a name with a hyphen for an option. */
const operand = (file: string): string => quote(file.startsWith('-') ? `./${file}` : file);
