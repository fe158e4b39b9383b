import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { BackupError, isSystemError } from '../core/errors.ts';
import { refusedRead } from '../core/refused-read.ts';
import { nearestName } from '../core/nearest-name.ts';
import { detectArchive, type ArchiveKind } from '../archive/foreign-kind.ts';
import { readEmbeddedManifest, readEmbeddedMetadata } from '../archive/embedded-manifest.ts';
import type { Compression } from '../config/settings.ts';
import { readManifest, readManifestFile } from '../store/manifest-reader.ts';
import type { ManifestLine } from '../store/manifest.ts';
import { readMetadata, type Metadata } from '../store/metadata.ts';
import {
  listStore,
  openStore,
  storedAt,
  type Store,
  type StoredBackup,
  type UnreadableBackup,
} from '../store/store.ts';
import { rememberManifest } from './remember-manifest.ts';
import type { RunContext } from './run-context.ts';

/** A backup that can be read: one of a store, or an archive that lies alone. */
export interface OpenBackup {
  kind: 'backup';
  id: string;
  metadata: Metadata;
  /** Its folder; absent for an archive that lies alone. */
  folder?: string;
  /** Its archive; absent for a plain tree. */
  archive?: string;
  /** Other places where archives that it builds on may lie: folders of stores. */
  stores?: readonly string[];
  /** The uncompressed bytes of the manifest, not proven by anything. */
  readManifestBytes(): AsyncIterable<Buffer>;
  /**
   * The manifest's lines, from its beginning, proven by the checksum at its end.
   * @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY
   */
  readManifest(): AsyncGenerator<ManifestLine[]>;
}

/** An archive that someone else made. */
export interface ForeignBackup {
  kind: 'foreign';
  id: string;
  archive: string;
  archiveKind: ArchiveKind;
}

/**
 * Finds a backup by `latest`, its ID, a unique beginning of it, its name, or the path of its archive or folder.
 * `latest` is the newest one that is not a safety backup: that holds what a restore replaced.
 * @throws BackupError BACKUP_NOT_FOUND, BACKUP_AMBIGUOUS, STORE_NOT_FOUND, STORE_EMPTY, ARCHIVE_UNKNOWN,
 * MANIFEST_DAMAGED, BACKUP_UNREADABLE
 */
export async function openBackup(
  context: Pick<RunContext, 'settings'>,
  name: string,
  workingFolder: string,
): Promise<OpenBackup | ForeignBackup> {
  const store = openStore(context.settings.storage);
  const path = looksLikePath(name) ? resolve(workingFolder, name) : undefined;
  if (path !== undefined && exists(path)) return inStore(await openPath(path), store);
  if (path !== undefined && /^\.{0,2}\//.test(name)) throw noSuchFile(store, name, path);
  const { backups, loneArchives, unreadable } = await listStore(store);
  if (name === 'latest') {
    refuseDamagedNewest(backups, unreadable);
    const latest = backups.find((one) => one.metadata.type !== 'pre-restore') ?? backups[0];
    if (latest !== undefined) return openStored(latest);
    throw new BackupError('STORE_EMPTY', { store: store.path });
  }
  const exact = backups.find((one) => one.id === name) ?? backups.find((one) => one.metadata.name === name);
  if (exact !== undefined) return openStored(exact);
  const matching = backups.filter((one) => one.id.startsWith(name));
  if (matching.length > 1) throw new BackupError('BACKUP_AMBIGUOUS', { name, matches: matching.map((one) => one.id) });
  if (matching[0] !== undefined) return openStored(matching[0]);
  const damaged = unreadable.find((one) => basename(one.folder).startsWith(name));
  if (damaged !== undefined) throw damagedBackup(damaged);
  const lone = await findLone(loneArchives, name);
  if (lone === undefined && path !== undefined) throw noSuchFile(store, name, path);
  return lone ?? noSuchBackup(store, name, backups);
}

/** What a backup that lies elsewhere builds on may still be in the store. */
function inStore<B extends OpenBackup | ForeignBackup>(backup: B, store: Store): B {
  return backup.kind === 'backup' ? { ...backup, stores: [store.path] } : backup;
}

const noSuchFile = (store: Store, name: string, file: string): BackupError =>
  new BackupError('BACKUP_NOT_FOUND', { name, store: store.path, file });

/**
 * An archive in the store that lost its folder, by its file's name, with or without its ending, or by what it says of
 * itself.
 */
async function findLone(files: readonly string[], name: string): Promise<OpenBackup | ForeignBackup | undefined> {
  const named = files.find((file) => basename(file) === name || basename(file).startsWith(`${name}.`));
  if (named !== undefined) return openPath(named);
  const own = (await openLoneArchives(files)).filter((one) => one.kind === 'backup');
  return own.find((one) => one.id === name || one.metadata.name === name);
}

/** Who asks for the newest backup must not be given an older one in silence. IDs sort by time. */
function refuseDamagedNewest(backups: readonly StoredBackup[], unreadable: readonly UnreadableBackup[]): void {
  const newest = backups.reduce((newestId, { id }) => (id > newestId ? id : newestId), '');
  const damaged = unreadable.find(({ folder }) => basename(folder) > newest);
  if (damaged !== undefined) throw damagedBackup(damaged);
}

function damagedBackup({ folder, code, reason }: UnreadableBackup): BackupError {
  if (code === 'BACKUP_UNREADABLE') return new BackupError(code, { path: join(folder, 'metadata.json'), reason });
  return new BackupError('MANIFEST_DAMAGED', { backup: folder, problem: reason });
}

function noSuchBackup(store: Store, name: string, backups: readonly StoredBackup[]): never {
  const known = backups.flatMap((one) => [one.id, ...(one.metadata.name === undefined ? [] : [one.metadata.name])]);
  const nearest = nearestName(name, known);
  throw new BackupError('BACKUP_NOT_FOUND', { name, store: store.path, ...(nearest === undefined ? {} : { nearest }) });
}

const looksLikePath = (name: string): boolean =>
  name.includes('/') || /\.(tar|tgz|zip|gz|zst|tbz2?|txz|bz2|xz)$/.test(name);

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Opens the backup whose archive or folder is at that path. */
async function openPath(path: string): Promise<OpenBackup | ForeignBackup> {
  try {
    return await lookInto(path);
  } catch (error) {
    throw refusedRead(error, path);
  }
}

async function lookInto(path: string): Promise<OpenBackup | ForeignBackup> {
  if (statSync(path).isDirectory()) {
    const metadata = await readMetadata(path);
    if (metadata === undefined) {
      throw new BackupError('ARCHIVE_UNKNOWN', { archive: path, reason: 'it is a folder without metadata.json' });
    }
    return openStored(storedAt(path, metadata));
  }
  const archiveKind = await detectArchive(path);
  const own = await readOwnMetadata(path, archiveKind);
  return own === undefined
    ? { kind: 'foreign', id: basename(path), archive: path, archiveKind }
    : openLone(path, own.metadata, own.endOffset);
}

async function readOwnMetadata(
  path: string,
  kind: ArchiveKind,
): Promise<{ metadata: Metadata; endOffset: number } | undefined> {
  switch (kind) {
    case 'tar':
      return readEmbeddedMetadata(path, 'none');
    case 'tar.gz':
      return readEmbeddedMetadata(path, 'gzip');
    case 'tar.zst':
      return readEmbeddedMetadata(path, 'zstd');
    case 'tar.bz2':
      return readEmbeddedMetadata(path, 'bzip2');
    case 'tar.xz':
      return readEmbeddedMetadata(path, 'xz');
    case 'zip': {
      const { readZipMetadata } = await import('../archive/zip-payload.ts');
      const metadata = await readZipMetadata(path);
      return metadata === undefined ? undefined : { metadata, endOffset: 0 };
    }
    default:
      return undefined;
  }
}

/** Opens a backup of a store. */
export function openStored(backup: StoredBackup): OpenBackup {
  const { id, metadata, folder, archive } = backup;
  const file = join(folder ?? '', 'manifest.jsonl.gz');
  return {
    kind: 'backup',
    id,
    metadata,
    ...(folder === undefined ? {} : { folder }),
    ...(archive === undefined ? {} : { archive }),
    readManifestBytes: () => readManifestFile(file),
    readManifest: rememberManifest(() => {
      if (folder === undefined) throw new TypeError('a backup of a store has a folder');
      return readStoredManifest(file, id, metadata.checksum);
    }),
  };
}

async function* readStoredManifest(file: string, id: string, checksum: string): AsyncGenerator<ManifestLine[]> {
  try {
    yield* readManifest(readManifestFile(file), id, checksum);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'EISDIR')) throw refusedRead(error, file);
    throw new BackupError(
      'MANIFEST_DAMAGED',
      { backup: id, problem: 'manifest.jsonl.gz is missing' },
      { cause: error },
    );
  }
}

function openLone(archive: string, metadata: Metadata, endOffset: number): OpenBackup {
  const { id, checksum, archive: summary } = metadata;
  const readManifestBytes = (): AsyncGenerator<Buffer> => {
    if (metadata.layout === 'zip') return readZipBytes(archive);
    const manifestOffset = summary?.manifestOffset;
    if (manifestOffset === undefined) {
      throw new BackupError('MANIFEST_DAMAGED', {
        backup: archive,
        problem: 'its metadata names no place of the manifest',
      });
    }
    const compression: Compression = summary?.compression ?? 'none';
    return readEmbeddedManifest(archive, { manifestOffset, endOffset, compression });
  };
  return {
    kind: 'backup',
    id,
    // An archive cannot hold its own size.
    metadata: { ...metadata, storedSize: statSync(archive).size },
    archive,
    readManifestBytes,
    readManifest: rememberManifest(() => readManifest(readManifestBytes(), id, checksum)),
  };
}

async function* readZipBytes(archive: string): AsyncGenerator<Buffer> {
  const { readZipManifest } = await import('../archive/zip-payload.ts');
  yield* readZipManifest(archive);
}

/** The backups of a store that are whole archives without a folder, too. */
export async function openLoneArchives(files: readonly string[]): Promise<(OpenBackup | ForeignBackup)[]> {
  const opened: (OpenBackup | ForeignBackup)[] = [];
  for (const file of files) {
    try {
      opened.push(await openPath(file));
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      opened.push({ kind: 'foreign', id: basename(file), archive: file, archiveKind: 'unknown' });
    }
  }
  return opened;
}
