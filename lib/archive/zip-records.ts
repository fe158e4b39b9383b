import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { BackupError, reasonOf, systemCode } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import { decodePath, printablePath } from '../core/path-bytes.ts';
import { detectArchive } from './foreign-kind.ts';
import { ForeignNames, type NameProblem, type NameRules } from './foreign-names.ts';
import { unsafeZipName, zipEntryOf, type ZipEntry } from './zip-entry.ts';
import { openZipFile } from './zip-file-reader.ts';

/** The longest path that Linux knows: no link says more. */
const maxLinkBytes = 4096;

/** An entry that was checked, and what its content is read with. */
export interface CheckedZipEntry {
  entry: ZipEntry;
  record: Entry;
  zip: ZipFile;
}

/**
 * The entries of a zip, each checked before it is given. Ending the iteration closes the file.
 * @throws BackupError UNSAFE_ENTRY, ARCHIVE_DAMAGED, ARCHIVE_UNKNOWN.
 */
export async function* checkedEntries(
  file: string,
  rules: NameRules,
  opener?: Opener,
): AsyncGenerator<CheckedZipEntry> {
  const names = new ForeignNames({ sameName: 'refuse', ...rules });
  const zip = await openZip(file, opener);
  let storedBytes = 0;
  try {
    for await (const record of recordsOf(file, zip)) {
      const entry = zipEntryOf(record);
      const reason = unsafeZipName(record, entry.path);
      if (reason !== undefined) throw unsafe(file, { path: entry.path, reason });
      refuseUnreadable(file, record, entry);
      await refuseTwoFaces(file, zip, record, entry);
      // Entries that share bytes are how a small zip unpacks to petabytes.
      storedBytes += record.compressedSize;
      if (storedBytes > zip.fileSize) throw damaged(file, 'its entries claim more bytes than it has');
      if (entry.kind === 'symlink') entry.linkTarget = await linkTargetOf(file, zip, record, entry);
      const problem = names.add(entry);
      refuse(file, problem);
      entry.looksLikeAnother = problem?.kind === 'look-alike';
      yield { entry, record, zip };
    }
    refuse(file, names.finish());
  } finally {
    zip.close();
  }
}

/** Opens a zip; the caller closes it. */
export async function openZip(file: string, opener?: Opener): Promise<ZipFile> {
  try {
    return await openZipFile(file, opener);
  } catch (error) {
    if (systemCode(error) !== undefined) throw error;
    const reason = `its directory, which ends a zip, cannot be read (${reasonOf(error)})`;
    if (opener !== undefined || (await detectArchive(file)) === 'zip') throw damaged(file, reason);
    throw new BackupError('ARCHIVE_UNKNOWN', { archive: file, reason }, { cause: error });
  }
}

/** The records of a zip's directory, as they are. */
export async function* recordsOf(file: string, zip: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw zipError(file, error);
  }
}

function refuseUnreadable(file: string, record: Entry, entry: ZipEntry): void {
  const name = JSON.stringify(printablePath(entry.path));
  if (record.isEncrypted()) throw new BackupError('ARCHIVE_UNKNOWN', { archive: file, reason: `${name} is encrypted` });
  if (!record.canDecodeFileData()) {
    const reason = `${name} is compressed by method ${record.compressionMethod}; only 0 (stored) and 8 (deflate) are read here`;
    throw new BackupError('ARCHIVE_UNKNOWN', { archive: file, reason });
  }
  if (entry.kind !== 'file' && entry.kind !== 'symlink' && record.uncompressedSize > 0) {
    throw damaged(file, `${name} is a ${entry.specialKind ?? 'folder'} and claims to have content`);
  }
}

/** Programs that read a zip as a stream believe the local headers, all others its directory. */
async function refuseTwoFaces(file: string, zip: ZipFile, record: Entry, entry: ZipEntry): Promise<void> {
  const local = await zip.readLocalFileHeaderPromise(record).catch((error: unknown) => {
    throw zipError(file, error);
  });
  const name = JSON.stringify(printablePath(entry.path));
  if (!local.fileName.equals(record.fileNameRaw)) throw damaged(file, `${name} has another name in its local header`);
  if (local.compressionMethod !== record.compressionMethod) throw damaged(file, `${name} has two ways of compression`);
}

async function linkTargetOf(file: string, zip: ZipFile, record: Entry, entry: ZipEntry): Promise<string> {
  const name = JSON.stringify(printablePath(entry.path));
  if (record.uncompressedSize > maxLinkBytes) throw damaged(file, `the link ${name} is longer than any path`);
  const parts: Buffer[] = [];
  for await (const part of contentOf(file, zip, record, { ...entry, size: record.uncompressedSize })) parts.push(part);
  return decodePath(Buffer.concat(parts));
}

/**
 * An entry's content, checked against its declared size and CRC-32.
 * @throws BackupError ARCHIVE_DAMAGED where it is not what was declared.
 */
export async function* contentOf(
  file: string,
  zip: ZipFile,
  record: Entry,
  entry: ZipEntry,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let sum = 0;
  let stream: Readable | undefined;
  try {
    // yauzl ends the stream with an error at the first byte beyond the declared size.
    stream = await zip.openReadStreamPromise(record);
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      sum = crc32(chunk as Buffer, sum);
      yield chunk as Buffer;
    }
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw zipError(file, error, entry.path);
  } finally {
    stream?.destroy();
  }
  if (sum !== entry.crc32) throw damaged(file, `${JSON.stringify(printablePath(entry.path))} does not have its CRC-32`);
}

function refuse(file: string, problem: NameProblem | undefined): void {
  if (problem?.kind === 'unsafe') throw unsafe(file, problem);
  if (problem?.kind === 'conflict') throw damaged(file, printablePath(problem.reason));
}

function unsafe(archive: string, problem: { path: string; reason: string }): BackupError {
  return new BackupError('UNSAFE_ENTRY', {
    archive,
    path: printablePath(problem.path),
    reason: printablePath(problem.reason),
  });
}

/** ARCHIVE_DAMAGED, said of a zip. */
export const damaged = (archive: string, problem: string): BackupError =>
  new BackupError('ARCHIVE_DAMAGED', { archive, problem });

/** yauzl's errors have no codes, zlib's begin with `Z_`: both mean damage. The system's own stay what they are. */
export function zipError(file: string, error: unknown, path?: string): unknown {
  const code = systemCode(error);
  if (error instanceof BackupError || (code !== undefined && !code.startsWith('Z_'))) return error;
  const where = path === undefined ? '' : `${JSON.stringify(printablePath(path))}: `;
  return new BackupError('ARCHIVE_DAMAGED', { archive: file, problem: `${where}${reasonOf(error)}` }, { cause: error });
}
