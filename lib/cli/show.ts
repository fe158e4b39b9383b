import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { printablePath } from '../core/path-bytes.ts';
import { openBackup } from '../operations/open-backup.ts';
import type { ForeignBackup, OpenBackup } from '../operations/opened-backup.ts';
import type { Metadata } from '../store/metadata.ts';
import { formatTime } from '../store/manifest-lines.ts';
import { showFindings } from './findings-text.ts';
import { formatBytes } from './format-amounts.ts';
import { formatMoment } from './format-moment.ts';
import { plainTable } from './table.ts';
import { defineVerb, type CommandContext } from './verb.ts';

/** More backups of a chain are counted, not listed. */
const mostOfChain = 8;

/** `show`: one backup. */
export const showVerb = defineVerb<{ backup: string | undefined; files: boolean }>({
  name: 'show',
  positionals: '[backup]',
  describe: (messages) => messages.show.describe,
  options: (yargs, { show: text }) =>
    yargs
      .positional('backup', { type: 'string', describe: text.backup })
      .option('files', { type: 'boolean', default: false, describe: text.files }),
  run: async (context, options) => {
    const run = await context.open();
    const backup = await openBackup(run, options.backup ?? 'latest', context.workingFolder);
    if (backup.kind === 'foreign') return showForeign(context, backup, options.files);
    if (context.output.json) await printJson(context, backup, options.files);
    else await print(context, backup, options.files);
    return exitCode.done;
  },
});

async function printJson(context: CommandContext, backup: OpenBackup, withFiles: boolean): Promise<void> {
  const place = { directory: backup.folder, archivePath: backup.archive };
  if (!withFiles) return context.output.document({ ...backup.metadata, ...place });
  // Its end proves the manifest: a damaged one is to give an error and not half a document.
  for await (const _ of backup.readManifest());
  const entries = context.output.documentWithList({ ...backup.metadata, ...place }, 'entries');
  for await (const batch of backup.readManifest()) {
    for (const line of batch) {
      if (line.type !== 'entry') continue;
      const { path, origin, kind, mode, mtimeNs, size, sha256, linkTarget } = line.entry;
      entries.add({
        path,
        origin,
        kind,
        mode: mode.toString(8).padStart(4, '0'),
        mtime: formatTime(mtimeNs),
        size,
        sha256,
        linkTarget,
      });
    }
  }
  entries.end();
}

async function print(context: CommandContext, backup: OpenBackup, withFiles: boolean): Promise<void> {
  const { output, messages } = context;
  const text = messages.show;
  const { metadata } = backup;
  output.line(plainTable(output, [], summaryRows(context, backup)));
  output.line();
  const rows = Object.entries(metadata.targets).map(([name, one]) => [
    name,
    one.files.toLocaleString('en'),
    formatBytes(one.size),
  ]);
  output.line(plainTable(output, [text.target, text.fileCount, text.size], rows, [1, 2]));
  if (withFiles) {
    output.line();
    for await (const batch of backup.readManifest()) {
      for (const line of batch) {
        if (line.type !== 'entry') continue;
        const { kind, mode, size, path, linkTarget } = line.entry;
        const shown = `${printablePath(path)}${kind === 'directory' ? '/' : ''}`;
        const link = linkTarget === undefined ? '' : ` -> ${printablePath(linkTarget)}`;
        output.line(`${mode.toString(8).padStart(4, '0')}  ${formatBytes(size).padStart(10)}  ${shown}${link}`);
      }
    }
  }
  if (metadata.warnings.length > 0) output.line();
  showFindings(metadata.warnings, context);
}

function summaryRows(context: CommandContext, backup: OpenBackup): string[][] {
  const { output, messages } = context;
  const text = messages.show;
  const { metadata } = backup;
  const { color } = output;
  const filesText = messages.common.filesCount(metadata.files);
  return [
    [text.id, color.bold(metadata.id)],
    ...(metadata.name === undefined ? [] : [[text.name, printablePath(metadata.name)]]),
    [text.made, text.madeText(formatMoment(metadata.timestamp), printablePath(metadata.host))],
    [text.type, `${messages.list.types[metadata.type]}, ${metadata.mode}`],
    [text.size, text.sizeText(filesText, formatBytes(metadata.size), formatBytes(metadata.storedSize))],
    ...(backup.archive === undefined ? [] : [[text.archive, printablePath(backup.archive)]]),
    ...(backup.folder === undefined ? [] : [[text.folder, printablePath(backup.folder)]]),
    [text.layout, layoutText(metadata)],
    ...encryptionRows(context, metadata),
    ...chainRows(context, metadata),
    ...(metadata.since === undefined ? [] : [[text.since, text.sinceText(formatMoment(metadata.since))]]),
    ...(metadata.consolidatedFrom === undefined ? [] : [[text.madeFrom, metadata.consolidatedFrom]]),
    [text.state, stateText(context, metadata)],
    ...(metadata.git === undefined
      ? []
      : [
          [
            text.git,
            text.gitText(
              metadata.git.commit.slice(0, 12),
              metadata.git.branch === undefined ? '' : ` (${printablePath(metadata.git.branch)})`,
              metadata.git.dirty,
            ),
          ],
        ]),
    ...metadata.databases.map((one, index) => [
      index === 0 ? text.databases : '',
      text.databaseText(printablePath(one.name), one.tables?.length ?? 0),
    ]),
  ];
}

function encryptionRows({ messages: { show: text } }: CommandContext, { archive }: Metadata): string[][] {
  if (archive?.encryption === undefined) return [];
  const { recipients } = archive.encryption;
  return [[text.encrypted, recipients === undefined ? text.encryptedKey : text.encryptedTo(recipients.length)]];
}

/** The backups that it needs, newest first, one a row. */
function chainRows({ messages, output }: CommandContext, { base, chain, id }: Metadata): string[][] {
  const text = messages.show;
  const others = chain.filter((one) => one !== id).reverse();
  // A plain tree may name a base, which it linked to and does not need.
  if (others.length === 0) return base === undefined ? [] : [[text.base, text.linkedText(base)]];
  const shown = output.verbose ? others : others.slice(0, mostOfChain);
  const left = others.length - shown.length;
  const rows = [text.needsText(others.length), ...shown, ...(left === 0 ? [] : [text.moreText(left)])];
  return rows.map((one, index) => [index === 0 ? text.chain : '', index === 0 ? one : output.color.dim(one)]);
}

function layoutText(metadata: Metadata): string {
  const compression = metadata.archive?.compression;
  return compression === undefined || metadata.layout !== 'tar'
    ? metadata.layout
    : `${metadata.layout}, ${compression}`;
}

function stateText(context: CommandContext, metadata: Metadata): string {
  const { messages, output } = context;
  const text = messages.show;
  const complete = metadata.complete ? output.color.green(text.complete) : output.color.yellow(text.incomplete);
  const verified =
    metadata.verifiedAt === undefined ? text.neverVerified : text.verifiedAt(formatMoment(metadata.verifiedAt));
  return `${complete}, ${verified}`;
}

async function showForeign(context: CommandContext, backup: ForeignBackup, withFiles: boolean): Promise<ExitCode> {
  const { listForeign, readForeign } = await import('../operations/read-foreign.ts');
  const { output, messages, signal } = context;
  const text = messages.show;
  const { files, folders, links, bytes } = await readForeign(backup, signal);
  const about = { id: backup.id, archivePath: backup.archive, foreign: true, files, folders, links, size: bytes };
  if (withFiles) {
    const entries = output.documentWithList(about, 'entries');
    await listForeign(backup, signal, ({ path, kind, size }) => {
      entries.add({ path, kind, size });
      output.line(`${formatBytes(size).padStart(10)}  ${printablePath(path)}`);
    });
    entries.end();
  } else output.document(about);
  output.line(text.foreign(printablePath(backup.archive)));
  output.line(text.foreignText(files, folders, links, formatBytes(bytes)));
  return exitCode.done;
}
