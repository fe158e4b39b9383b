import type { ChainArchive } from './chain-archive.ts';
import type { Metadata } from './metadata.ts';
import { stepsCarriedOut, stepsOfManifest } from './rebuild-script.ts';
import { code, prose, quote } from './shell-words.ts';

/** What makes a plain tar of an archive, to standard output. */
const unpacker: Record<string, string> = {
  none: 'cat',
  gzip: 'gzip -dc',
  zstd: 'zstd -dcq',
  bzip2: 'bzip2 -dc',
  xz: 'xz -dc',
};

/**
 * How to rebuild a backup whose content is in the archives of several.
 * @param archives all of the chain, the oldest first and the backup's own last: the order of the manifest's header, but
 *   that the own one is first there.
 */
export function rebuildInstructions(metadata: Metadata, archives: readonly ChainArchive[]): string {
  const own = archives.at(-1);
  return [
    '## What is needed',
    [
      'This backup builds on others: a file that had not changed is in the archive of an earlier one. These archives are needed,',
      'the oldest first, and the folder that this file is in:',
    ].join('\n'),
    `\`\`\`text\n${archives.map(listed).join('\n')}\n\`\`\``,
    [
      'Where one lies elsewhere, copy it here first. Where one is lost, the files whose content is in it are lost to this backup:',
      'the commands below rebuild all others, and name each that they leave out. Backups that the lost archive is not needed for',
      'are whole; each has its own list in its own `RESTORE.md`.',
    ].join('\n'),
    '## Check the archives',
    'Run these in the folder that holds the archives (the one that holds the folder of this backup):',
    code([
      `ls -l ${archives.map(({ file }) => operand(file)).join(' ')}`,
      ...(own === undefined || metadata.archive?.sha256 === undefined
        ? []
        : [`echo ${quote(`${metadata.archive.sha256}  ${own.file}`)} | sha256sum -c`]),
    ]),
    '## Rebuild every file, as it stands in the backup',
    [
      'The script makes a plain tar of each archive in `rebuild`, reads in the manifest where each piece of each file is, and puts the',
      'pieces together in `restored`. There has to be room for both. It takes a minute or two for 20,000 files.',
    ].join('\n'),
    code([
      'mkdir -p -m 700 rebuild',
      "cat > rebuild/rebuild.sh <<'END OF SCRIPT'",
      ...script(metadata, archives),
      'END OF SCRIPT',
      'sh rebuild/rebuild.sh',
    ]),
    'When the hashes below are right, `rm -r rebuild` gives its room back.',
  ].join('\n\n');
}

function script(metadata: Metadata, archives: readonly ChainArchive[]): string[] {
  const numbers = archives.map((_, at) => (at + 1) % archives.length);
  return [
    'set -eu',
    'mkdir -m 700 restored',
    '# 1. Plain tars, under the numbers that the manifest gives to the archives: 0 is that of this backup.',
    ...archives.map(
      ({ file, compression }, at) =>
        `${unpacker[compression] ?? 'cat'} ${operand(file)} > rebuild/${numbers[at] ?? 0}.tar || echo ${quote(`missing or damaged: ${file}`)} >&2`,
    ),
    'have=" "',
    `for number in ${numbers.join(' ')}; do`,
    '  if [ -s "rebuild/$number.tar" ]; then have="$have$number "; fi',
    'done',
    '# 2. The manifest. The end of the last archive holds it too, as .backup/manifest.jsonl.',
    `gzip -dc ${quote(`${metadata.id}/manifest.jsonl.gz`)} > rebuild/manifest.jsonl`,
    `echo ${quote(`${metadata.checksum.replace('sha256:', '')}  rebuild/manifest.jsonl`)} | sha256sum -c`,
    '# 3. What there is to do, step by step, in files that can be looked at.',
    `LC_ALL=C awk -v have="$have" '`,
    stepsOfManifest,
    "' rebuild/manifest.jsonl",
    '# 4. Do it.',
    stepsCarriedOut,
  ];
}

const listed = ({ backup, file, folder }: ChainArchive): string =>
  `${prose(file)}  of ${prose(backup)}${folder === undefined ? '' : `, last seen in ${prose(folder)}`}`;

/** A file for a command that would take a name with a hyphen for an option. */
const operand = (file: string): string => quote(file.startsWith('-') ? `./${file}` : file);
