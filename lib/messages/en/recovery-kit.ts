export const recoveryKit = {
  title: 'Recovery kit',
  project: 'Project',
  folder: 'Folder',
  store: 'Backups',
  host: 'Machine',
  made: 'Made',
  newest: 'Newest backup',
  none: 'none encrypted yet',
  holdsKey:
    'This page holds the key in clear: whoever has it can read every backup. Put the paper where only the right people find it, and delete the file that it was printed from.',
  withoutKey: 'This page does not hold the key. Without the key nobody can open the backups.',

  keyHeading: 'The key',
  keyLine: (length: number) =>
    `One line of ${length} characters, without the gaps that are shown here for the eye. The code holds the same line.`,
  keyHex: 'It consists of the digits 0 to 9 and the small letters a to f.',
  keyRaw: 'It is no text. These are its bytes in hex digits; the commands below write them.',
  keyInFile: (file: string) =>
    `The key is in the file ${file} on the machine named above. Keep a copy of it elsewhere.`,
  keyFrom: (source: string) => `The key is given in ${source}. Get it from there, or from where you keep a copy of it.`,
  keyFromCommand: (source: string, command: string) => `The key is what this command prints (${source}): ${command}`,
  keyFromSecretCommand: (source: string) =>
    `The key is what the command of ${source} prints. The command is not shown here, for it may hold a secret itself. Where the command waits below, paste the key, press Enter and then Ctrl-D.`,
  recipients:
    'The backups are encrypted to these public keys. To open them you need the private key of any one of them.',
  recipient: (file: string, fingerprint: string) => `${file}: ${fingerprint}`,
  privateFits: 'This tells whether a private key is the right one: it prints one of these fingerprints.',
  privateKey:
    'The private key, in PEM. The codes hold it too, cut into pieces: put what they give together in their order.',

  handHeading: 'Open the newest backup by hand',
  exampleHeading: 'Open a backup by hand',
  handNeeds:
    'You need the backups, or a copy of them, and a shell with openssl 1.1.1 or later, tar, gzip and sha256sum. Where the backups lie elsewhere now, change the first line. The commands work in a new folder named recovery. A line that is indented belongs to the one above it.',
  exampleNote:
    'There was no encrypted backup when this page was made. Put the ID of one in the place of BACKUP-ID, and write this page again after the first backup.',
  checkNote: 'Check what is stored. Each line has to end in OK; if one does not, go on with another backup.',
  openNote: 'Decrypt the archive and the manifest, which names every file with its SHA-256.',
  openChainNote: (count: number) =>
    `Decrypt the archives and the manifest, which names every file with its SHA-256. This backup builds on ${count === 1 ? 'another one' : `${count} others`}.`,
  unpackNote: 'Unpack everything into the folder restored, and check every file.',
  chainNote:
    'Put the files together in the folder restored, with the script that RESTORE.md holds, and check every file.',
  environmentNote: 'The .env files come out as one text:',
  backNote: (file: string) =>
    `What belongs where in the project is told in ${file}, which lies with the backups and is readable.`,

  toolkitHeading: 'Restore with the toolkit',
  toolkitNote:
    'In a fresh copy of the project, say a new clone, and in the same shell: the first line still belongs into the folder recovery. The first restore shows what it would do, the second does it.',
  otherHeading: 'Another backup',
  otherNote:
    'Each backup has a folder in the store that is named like its ID. Its metadata.json is readable: archive.file is the name of its archive, and the hashes to check stand there too.',
  page: (number: number, total: number) => `Code ${number} of ${total}`,
};
