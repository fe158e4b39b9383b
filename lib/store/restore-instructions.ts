import { hasRawBytes } from '../core/path-bytes.ts';
import type { ChainArchive } from './chain-archive.ts';
import { envInstructions } from './env-instructions.ts';
import type { Metadata } from './metadata.ts';
import { rebuildInstructions } from './rebuild-instructions.ts';
import { openedArchives, openedMetadata, sealedInstructions } from './sealed-instructions.ts';
import { code, prose, quote } from './shell-words.ts';

/** A source of the backup: where it stands in it, and where it came from. */
export interface PlacedSource {
  /** Path in the backup. */
  path: string;
  /** Path below the project root. */
  origin: string;
  isFolder: boolean;
}

/** Sources beyond this many get the general way only. */
const mostCommands = 100;

/**
 * The text of RESTORE.md: how to get everything of this backup back with stock tools.
 * @param chainArchives the archives of all backups of its chain, the oldest first, its own last; for a backup that needs
 *   no other, nothing has to be given.
 */
export function restoreInstructions(
  metadata: Metadata,
  sources: readonly PlacedSource[],
  chainArchives: readonly ChainArchive[] = [],
): string {
  const isSealed = metadata.archive?.encryption !== undefined;
  const sections = [
    `# How to restore ${metadata.id} by hand`,
    [
      `Made ${prose(metadata.timestamp)} on ${prose(metadata.host)}: ${metadata.files} files, ${metadata.size} bytes, targets ${Object.keys(metadata.targets).map(prose).join(', ')}.`,
      'You need nothing but the tools named here. `PROJECT` is the folder of the project that gets its files back.',
      'Stop the application first: a database must not be in use while its file is replaced.',
    ].join('\n'),
    '```sh\nPROJECT=/path/to/the/project\n```',
    ...sealedInstructions(metadata, chainArchives),
    ...steps(openedMetadata(metadata), sources, isSealed ? openedArchives(chainArchives) : chainArchives, isSealed),
  ];
  return `${sections.join('\n\n')}\n`;
}

function steps(
  metadata: Metadata,
  sources: readonly PlacedSource[],
  chainArchives: readonly ChainArchive[],
  isSealed: boolean,
): readonly string[] {
  // Checked before anything is put back: what was put together of many pieces may lack some.
  if (chainArchives.length > 1) {
    const checked = [rebuildInstructions(metadata, chainArchives), rebuiltHashes(metadata)];
    return [...checked, ...back(metadata, sources), ...envInstructions(metadata.envEncrypted, isSealed)];
  }
  const { archive } = metadata;
  const isTar = archive !== undefined && !archive.file.endsWith('.zip');
  const manifest = isTar ? 'cat restored/.backup/manifest.jsonl' : `zcat ${quote(`${metadata.id}/manifest.jsonl.gz`)}`;
  const unpack = isTar ? tar(metadata) : archive === undefined ? tree(metadata) : zip(metadata);
  return [
    unpack,
    ...back(metadata, sources),
    ...envInstructions(metadata.envEncrypted, isSealed),
    hashes(metadata, manifest),
  ];
}

/** Of an encrypted archive the hash was checked before it was decrypted. */
function hashCheck({ archive }: Metadata): string[] {
  if (archive?.sha256 === undefined) return [];
  return [`echo ${quote(`${archive.sha256}  ${archive.file}`)} | sha256sum -c`];
}

const opener: Record<string, string> = {
  gzip: 'gzip -t',
  bzip2: 'bzip2 -t',
  xz: 'xz -t',
  zstd: 'zstd -t -q',
};

function tar(metadata: Metadata): string {
  const { file = '', compression = 'none' } = metadata.archive ?? {};
  const test = opener[compression];
  return [
    '## Check the archive',
    'Run these in the folder that holds the archive (the one that holds the folder of this backup):',
    code([
      `ARCHIVE="$PWD/"${quote(file)}`,
      ...hashCheck(metadata),
      ...(test === undefined ? [] : [`${test} "$ARCHIVE"`]),
      'tar tf "$ARCHIVE"',
    ]),
    '## Unpack everything, as it stands in the backup',
    code(['mkdir restored', 'tar xpf "$ARCHIVE" -C restored']),
  ].join('\n\n');
}

function zip(metadata: Metadata): string {
  const { file = '' } = metadata.archive ?? {};
  return [
    '## Check the archive',
    'Run these in the folder that holds the archive (the one that holds the folder of this backup):',
    code([`ARCHIVE="$PWD/"${quote(file)}`, ...hashCheck(metadata), 'unzip -tq "$ARCHIVE"']),
    '## Unpack everything, as it stands in the backup',
    code(['mkdir restored', 'unzip -q "$ARCHIVE" -d restored']),
  ].join('\n\n');
}

function tree(metadata: Metadata): string {
  return [
    '## The files',
    'They lie in this folder as they are. To have them as they stand in the backup, run in the folder that holds this one:',
    code(['mkdir restored', `cp -a ${quote(`${metadata.id}/.`)} restored/`]),
  ].join('\n\n');
}

/** One command a source, from `restored/` to the place that it came from. */
function back(metadata: Metadata, sources: readonly PlacedSource[]): string[] {
  const plain = sources.filter((source) => isPlain(source.path) && isPlain(source.origin));
  const shown = plain.slice(0, mostCommands);
  if (shown.length === 0) return [];
  const left = sources.length - shown.length;
  return [
    '## Put them back where they came from',
    code(shown.flatMap((source) => commandsFor(source, sources))),
    ...(left === 0
      ? []
      : [
          `${left} more source(s) stand in the manifest: the line of each entry there names its \`path\` and its \`origin\`.`,
        ]),
    ...(metadata.databases.length === 0
      ? []
      : [
          'A database that is put back this way must not keep the write-ahead log of its predecessor:',
          code(
            metadata.databases
              .filter(({ name }) => isPlain(name))
              .slice(0, mostCommands)
              .map(
                ({ name }) =>
                  `rm -f "$PROJECT/"${quote(`${name}-wal`)} "$PROJECT/"${quote(`${name}-shm`)} "$PROJECT/"${quote(`${name}-journal`)}`,
              ),
          ),
        ]),
  ];
}

function commandsFor(source: PlacedSource, all: readonly PlacedSource[]): string[] {
  const parent = source.origin.includes('/') ? `/${source.origin.slice(0, source.origin.lastIndexOf('/'))}` : '';
  const makeParent = `mkdir -p "$PROJECT"${parent === '' ? '' : quote(parent)}`;
  if (!source.isFolder) return [makeParent, `cp -a restored/${quote(source.path)} "$PROJECT/"${quote(source.origin)}`];
  // What other sources put into this one's folder goes elsewhere, so it must not come along.
  const others = all.filter((other) => other.path.startsWith(`${source.path}/`) && isPlain(other.path));
  const inside = others.map((other) => `--exclude=${quote(`./${other.path.slice(source.path.length + 1)}`)}`);
  const made = source.path === 'config' ? ["--exclude='./environment.json'"] : [];
  const target = `"$PROJECT/"${quote(source.origin)}`;
  return [
    `mkdir -p ${target}`,
    `tar cf - -C restored/${quote(source.path)} ${[...inside, ...made, '.'].join(' ')} | tar xpf - -C ${target}`,
  ];
}

/** @param read the command that gives the manifest. */
function hashes(metadata: Metadata, read: string): string {
  return checkSection(metadata, [
    ...hashList(read),
    '  | sha256sum --quiet -c && echo all files are as the manifest says',
  ]);
}

/** Where what is wrong has to stop a script: the files are put back next. */
function rebuiltHashes(metadata: Metadata): string {
  const [first = '', ...rest] = hashList('cat rebuild/manifest.jsonl');
  return [
    checkSection(metadata, [
      `if ${first}`,
      ...rest,
      '  | sha256sum -c > rebuild/checked',
      'then echo all files are as the manifest says',
      "else sed '/: OK$/d' rebuild/checked; false",
      'fi',
    ]),
    'A file that is named here is not what the backup held: take it away before the others are put back.',
  ].join('\n\n');
}

/** The files' hashes, as sha256sum reads them. */
const hashList = (read: string): string[] => [
  `${read} \\`,
  `  | sed -n 's/^{"path":"\\([^"\\\\]*\\)".*"sha256":"\\([0-9a-f]\\{64\\}\\)".*/\\2  restored\\/\\1/p' \\`,
];

function checkSection(metadata: Metadata, commands: readonly string[]): string {
  return [
    '## Check every file',
    'The manifest names the SHA-256 of each file. In the folder that holds `restored`:',
    code(commands),
    `The manifest itself, uncompressed, has the SHA-256 \`${metadata.checksum.replace('sha256:', '')}\`.`,
  ].join('\n\n');
}

/** A path that a shell and a person can read; others are told of in the manifest. */
function isPlain(path: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return !hasRawBytes(path) && !/[\u0000-\u001f\u007f`]/.test(path);
}
