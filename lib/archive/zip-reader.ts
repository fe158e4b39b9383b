import type { NameRules } from './foreign-names.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import { zipEntryOf, type ZipEntry } from './zip-entry.ts';
import { checkedEntries, contentOf, damaged, openZip, recordsOf } from './zip-records.ts';

export { extractZip, type ExtractZipRules } from './zip-extract.ts';
export type { ZipEntry } from './zip-entry.ts';

/**
 * Lists a zip's entries in the order of its directory, each checked before it is given: its name, where its link leads,
 * its local header, its claims. No content but that of links is read. Whoever stops early closes the file by ending the
 * iteration.
 * @throws BackupError UNSAFE_ENTRY; ARCHIVE_DAMAGED; ARCHIVE_UNKNOWN where it is no zip, or is encrypted or compressed
 * in a way that is not read here.
 */
export async function* inspectZip(file: string, rules: NameRules = {}): AsyncGenerator<ZipEntry> {
  for await (const { entry } of checkedEntries(file, rules)) yield entry;
}

/** What is read whole is metadata.json. */
const largestEntryBytes = 16 << 20;

export interface WalkZipOptions extends NameRules {
  file: string;
  signal?: AbortSignal;
  /** Decrypts it. */
  opener?: Opener | undefined;
}

/**
 * Gives each entry with its content, in the order of the zip's directory. Content that is read to its end is compared
 * with the declared size and CRC-32; what the visitor does not read is not looked at.
 * @throws what `inspectZip` throws; the visitor's own errors; the signal's reason.
 */
export async function walkZip(
  options: WalkZipOptions,
  visit: (entry: ZipEntry, content: AsyncIterable<Buffer>) => void | Promise<void>,
): Promise<void> {
  for await (const { entry, record, zip } of checkedEntries(options.file, options, options.opener)) {
    options.signal?.throwIfAborted();
    await visit(entry, contentOf(options.file, zip, record, entry, options.signal));
  }
}

/**
 * One file's content, whole.
 * @returns undefined where the zip holds no such file.
 * @throws BackupError ARCHIVE_DAMAGED also where it is larger than `maxBytes` (16 MiB).
 */
export async function readZipEntry(
  file: string,
  name: string,
  options: { maxBytes?: number; opener?: Opener | undefined } = {},
): Promise<Buffer | undefined> {
  const { maxBytes = largestEntryBytes, opener } = options;
  const parts: Buffer[] = [];
  let bytes = 0;
  const chunks = openZipEntry(file, name, opener);
  if ((await chunks.next()).done === true) return undefined;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw damaged(file, `${name} is larger than ${maxBytes} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/**
 * One file's content as a stream, checked against size and CRC-32. The first chunk is always an empty one where there
 * is such a file; where there is none, nothing is given.
 */
export async function* openZipEntry(file: string, name: string, opener?: Opener): AsyncGenerator<Buffer> {
  const zip = await openZip(file, opener);
  try {
    for await (const record of recordsOf(file, zip)) {
      const entry = zipEntryOf(record);
      if (entry.path !== name || entry.kind !== 'file') continue;
      yield Buffer.alloc(0);
      yield* contentOf(file, zip, record, entry);
      return;
    }
  } finally {
    zip.close();
  }
}
