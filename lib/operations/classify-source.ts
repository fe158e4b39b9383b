import { certificateFileName } from '../targets/certificate-references.ts';
import { isSqliteCompanion } from '../targets/databases/sqlite-header.ts';

/** What a file of a host project is to a backup. */
export type SourceKind =
  | 'database'
  | 'config'
  | 'packed-logs'
  | 'plain-logs'
  | 'access-logs'
  | 'agents'
  | 'state'
  | 'knowledge'
  | 'uploads'
  | 'data'
  | 'secrets'
  | 'certificates';

export interface SourceClass {
  kind: SourceKind;
  /** The file, folder or glob below the project root that names it in a target's `paths`. */
  source: string;
}

const configFolders = ['config', '.poppo'];
const stateFolders = ['state', 'queue', 'status'];
const agentFolders = ['agents', 'data/ccla', 'data/ccag', 'data/ccpm'];
const logFolders = ['logs', 'log', 'var/log'];
const knowledgeFolders = ['knowledge', 'knowledge_base', 'knowledge-base', 'kb'].flatMap((name) => [
  name,
  `data/${name}`,
]);
/** Only where users' files come to rest: a `src/uploads/` is program code. */
const uploadParents = [
  '',
  'data/',
  'public/',
  'static/',
  'storage/',
  'storage/app/',
  'public/storage/',
  'var/',
  'www/',
];
const uploadFolders = uploadParents.flatMap((parent) => [`${parent}uploads`, `${parent}attachments`]);
const dataFolders = ['data', 'storage'];

const sampleSecrets = /\.(example|sample|template|dist|defaults?)$/;

/** The class of a file by its path alone, or undefined when nothing says that it is more than program code. */
export function classifySource(path: string): SourceClass | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // SQLite's own side files belong to their database, whose copy holds what is in them.
  if (isSqliteCompanion(name) !== undefined || name.endsWith('.tmp')) return undefined;
  if (/^\.env(\.|$)/.test(name)) return sampleSecrets.test(name) ? undefined : { kind: 'secrets', source: path };
  if (certificateFileName.test(name)) return { kind: 'certificates', source: path };
  return (
    inFolder(path, configFolders, 'config') ??
    inFolder(path, stateFolders, 'state') ??
    inFolder(path, agentFolders, 'agents') ??
    classifyLog(path, name) ??
    inFolder(path, uploadFolders, 'uploads') ??
    inFolder(path, knowledgeFolders, 'knowledge') ??
    classifyData(path, name)
  );
}

function folderOf(path: string, folders: readonly string[]): string | undefined {
  return folders.find((folder) => path.startsWith(`${folder}/`));
}

function inFolder(path: string, folders: readonly string[], kind: SourceKind): SourceClass | undefined {
  const source = folderOf(path, folders);
  return source === undefined ? undefined : { kind, source };
}

function classifyLog(path: string, name: string): SourceClass | undefined {
  const folder = folderOf(path, logFolders);
  if (folder === undefined || name.startsWith('.')) return undefined;
  if (name.endsWith('.gz')) {
    const source = `${folder}/**/*.gz`;
    // The default target takes packed logs of `logs/` only; elsewhere they need a path of their own.
    return { kind: folder === 'logs' ? 'packed-logs' : 'plain-logs', source };
  }
  if (/access/i.test(name)) return { kind: 'access-logs', source: path };
  const rotated = /\.([A-Za-z]+)\.\d+$/.exec(name)?.[1];
  const glob = rotated === undefined ? globOf(name) : `*.${rotated}.*`;
  return { kind: 'plain-logs', source: `${folder}/**/${glob}` };
}

function classifyData(path: string, name: string): SourceClass | undefined {
  const folder = folderOf(path, dataFolders);
  if (folder === undefined || name.startsWith('.')) return undefined;
  const rest = path.slice(folder.length + 1).split('/');
  return { kind: 'data', source: rest.length > 1 ? `${folder}/${rest[0]}` : `${folder}/${globOf(name)}` };
}

/** `*.json` for every `….json`; a name without an ending stands for itself. */
function globOf(name: string): string {
  const ending = /[^.]\.([A-Za-z0-9]+)$/.exec(name)?.[1];
  return ending === undefined ? name : `*.${ending}`;
}
