import { iterations } from '../crypto/derive-keys.ts';
import { quote } from '../store/shell-words.ts';
import { manifestName, sealedEnding, wrappedKeyFile } from '../store/sealed-names.ts';
import type { RecoverableArchive as Archive, RecoverableBackup, RecoveryFacts, RecoveryKey } from './recovery-facts.ts';

/** The commands of a recovery kit, block by block, for a POSIX shell with openssl, tar, gzip and sha256sum. */
export interface RecoveryCommands {
  /** A folder to work in, closed to others. */
  begin: string[];
  /** Puts the key into `backup.key`, or the private key into `private.pem`. */
  key: string[];
  /** Checks what is stored. */
  check: string[];
  /** Decrypts the archives and the manifest; unwraps the secrets where there are recipients. */
  open: string[];
  /** Unpacks and checks every file. A backup that builds on others is put together by the script of its RESTORE.md. */
  unpack: string[];
  /** Decrypts the `.env` files; empty where the backup has none. */
  environment: string[];
  /** The same with the toolkit, in a fresh copy of the project. */
  toolkit: string[];
}

/** Where names of a backup would stand before there is one. */
const example: Named = {
  id: 'BACKUP-ID',
  archives: [{ backup: 'BACKUP-ID', file: `BACKUP-ID.tar.gz${sealedEnding}`, recipients: 1 }],
};

const envExample = 'security/env.encrypted';

const decrypt = (cipher: string, secret: string): string =>
  `openssl enc -d ${cipher} -pbkdf2 -iter ${iterations} -md sha256 -pass file:${quote(secret)}`;

/** The commands of a recovery kit: for the backup that the facts name, or with an example's names. */
export function recoveryCommands(facts: RecoveryFacts): RecoveryCommands {
  const { backup, key, store } = facts;
  const named = backup ?? example;
  const isWrapped = backup === undefined ? key.kind === 'recipients' : ownArchive(backup).recipients > 0;
  const keyFile = isWrapped ? 'private.pem' : 'backup.key';
  return {
    begin: [
      `STORE=${quote(store)}`,
      `ID=${quote(named.id)}`,
      `ARCHIVE=${quote(ownArchive(named).file)}`,
      'umask 077',
      'mkdir recovery && cd recovery',
    ],
    key: keyCommands(facts),
    check: backup === undefined ? [] : checkCommands(backup),
    open: openCommands(named, isWrapped, backup?.metadata.checksum),
    unpack: unpackCommands(named),
    environment: (backup === undefined ? [envExample] : (backup.metadata.envEncrypted ?? [])).flatMap((path, at) => [
      `${decrypt('-a -aes-256-cbc', secretOf(named, named.id, isWrapped))} \\`,
      `  -in ${quote(`restored/${path}`)} -out ${at === 0 ? 'env.txt' : `env-${at + 1}.txt`}`,
    ]),
    toolkit: [
      `KEY="$PWD/${keyFile}"`,
      'cd /path/to/the/project',
      'npm ci',
      'npx ai-backup restore "$STORE/$ID" --encryption-key "$KEY" --dry-run',
      'npx ai-backup restore "$STORE/$ID" --encryption-key "$KEY"',
    ],
  };
}

type Named = Pick<RecoverableBackup, 'id' | 'archives'>;

const ownArchive = ({ id, archives }: Named): Archive => archives.at(-1) ?? { backup: id, file: id, recipients: 0 };

/** Where an archive rests: in the store, or where `--output` put it. */
function placeOf(archive: Archive, named: Named): string {
  if (archive.folder !== undefined) return quote(`${archive.folder}/${archive.file}`);
  return archive === named.archives.at(-1) ? '"$STORE/$ARCHIVE"' : `"$STORE"/${quote(archive.file)}`;
}

/** A chain has one key; only random secrets are of one backup each. */
const secretOf = ({ id }: { id: string }, backup: string, isWrapped: boolean): string =>
  isWrapped && backup !== id ? `${backup}.key` : 'backup.key';

function keyCommands({ key, root }: RecoveryFacts): string[] {
  switch (key.kind) {
    case 'secret':
      return key.isPrinted ? typedKey(key) : copiedKey(key);
    case 'command':
      return [key.command === undefined ? 'cat > backup.key' : `(cd ${quote(root)} && ${key.command}) > backup.key`];
    case 'recipients':
      return key.privateKey === undefined
        ? ['cp /path/to/the/private.pem private.pem']
        : ["cat > private.pem <<'END OF KEY'", ...key.privateKey.trimEnd().split('\n'), 'END OF KEY'];
  }
}

function typedKey({ text, secret, check }: Extract<RecoveryKey, { isPrinted: true }>): string[] {
  const write =
    text === undefined
      ? `printf '${[...secret].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}\\n'`
      : `printf '%s\\n' ${quote(text)}`;
  return [`${write} > backup.key`, `sha256sum backup.key | grep -q ^${check} && echo OK || echo MISTYPED`];
}

function copiedKey({ file, isHex }: Extract<RecoveryKey, { isPrinted: false }>): string[] {
  const from = quote(file ?? '/path/to/the/key');
  return [isHex ? `od -An -v -tx1 ${from} | tr -d ' \\n' > backup.key` : `cp ${from} backup.key`];
}

function checkCommands(backup: RecoverableBackup): string[] {
  const { metadata } = backup;
  const { folder } = ownArchive(backup);
  const { archive, manifest, instructions } = metadata;
  const ofArchive = archive?.sha256 === undefined ? [] : [`${archive.sha256}  $ARCHIVE`];
  const ofFolder = [
    ...(manifest === undefined ? [] : [`${manifest.sha256}  $ID/${manifest.file}`]),
    ...(instructions === undefined ? [] : [`${instructions.replace('sha256:', '')}  $ID/RESTORE.md`]),
  ];
  return folder === undefined
    ? checkIn('"$STORE"', [...ofArchive, ...ofFolder])
    : [...checkIn(quote(folder), ofArchive), ...checkIn('"$STORE"', ofFolder)];
}

/** A hash and a name take the width of a page: nothing else stands on their line. */
const checkIn = (folder: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`(cd ${folder} && sha256sum -c) <<END`, ...lines, 'END'];

function openCommands(named: Named, isWrapped: boolean, checksum?: string): string[] {
  const { id, archives } = named;
  const isChain = archives.length > 1;
  // Where the script of RESTORE.md looks for it.
  const manifest = isChain ? '"$ID/manifest.jsonl.gz"' : 'manifest.jsonl.gz';
  return [
    ...(isChain ? ['mkdir "$ID"'] : []),
    ...(isWrapped ? archives.flatMap((one) => unwrap(named, one)) : []),
    ...archives.flatMap((one) => [
      `${decrypt('-aes-256-ctr', secretOf(named, one.backup, isWrapped))} \\`,
      `  -in ${placeOf(one, named)} -out ${quote(openedName(one, named))}`,
    ]),
    `${decrypt('-aes-256-ctr', secretOf(named, id, isWrapped))} \\`,
    `  -in "$STORE/$ID/${manifestName(true)}" -out ${manifest}`,
    `gzip -dc ${manifest} > manifest.jsonl`,
    ...(checksum === undefined
      ? []
      : [`echo "${checksum.replace('sha256:', '')}  manifest.jsonl" \\`, '  | sha256sum -c']),
  ];
}

/** What a decrypted archive is called. */
function openedName({ file }: Archive, { archives }: Named): string {
  const name = file.endsWith(sealedEnding) ? file.slice(0, -sealedEnding.length) : file;
  if (archives.length > 1) return name;
  return `archive${/(\.tar(\.[a-z0-9]+)?|\.zip)$/.exec(name)?.[0] ?? ''}`;
}

const oaep = '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256';

/** Where there are several public keys, each place is tried: this one's block is the one that opens. */
function unwrap(named: Named, { backup, recipients }: Archive): string[] {
  const { id } = named;
  const secret = quote(secretOf(named, backup, true));
  const wrapped = `"$STORE/${backup === id ? '$ID' : backup}/${wrappedKeyFile}"`;
  const open = `openssl pkeyutl -decrypt -inkey private.pem ${oaep}`;
  if (recipients === 1) return [`${open} \\`, `  -in ${wrapped} -out ${secret}`];
  return [
    "bits=$(openssl pkey -in private.pem -noout -text | sed -n '1s/[^0-9]*\\([0-9]*\\).*/\\1/p')",
    'at=0',
    `until dd if=${wrapped} bs=64 skip=$at count=$((bits / 512)) 2> dd.log \\`,
    `  | ${open} \\`,
    `    -out ${secret} 2> openssl.log`,
    'do at=$((at + 1)); [ $at -lt 256 ] || break; done',
  ];
}

function unpackCommands(named: Named): string[] {
  return [
    ...(named.archives.length > 1 ? rebuild : unpack(quote(openedName(ownArchive(named), named)))),
    'sed -n \\',
    `  's/^{"path":"\\([^"\\\\]*\\)".*"sha256":"\\([0-9a-f]\\{64\\}\\)".*/\\2  restored\\/\\1/p' \\`,
    '  manifest.jsonl | sha256sum --quiet -c && echo all files are as the manifest says',
  ];
}

const unpack = (file: string): string[] => [
  'mkdir restored',
  file.endsWith('.zip') ? `unzip -q ${file} -d restored` : `tar xpf ${file} -C restored`,
];

/** The script is long; its hash was checked before. */
const rebuild = [
  'mkdir rebuild',
  `sed -n '/^cat > rebuild.rebuild.sh /,/^END OF SCRIPT$/p' "$STORE/$ID/RESTORE.md" \\`,
  "  | sed '1d;$d' > rebuild/rebuild.sh",
  'sh rebuild/rebuild.sh',
];
