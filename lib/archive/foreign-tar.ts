import { BackupError } from '../core/errors.ts';
import { printablePath } from '../core/path-bytes.ts';
import type { ForeignEntry } from './foreign-entry.ts';
import { compressionOf, ForeignDamage, tarBytes, type TarCompression } from './foreign-stream.ts';
import { TarEntries, UnreadableTar } from './foreign-tar-entries.ts';
import { TarInput } from './foreign-tar-input.ts';
import { tarPadding } from './tar-headers.ts';

export interface ForeignTarOptions {
  file: string;
  /** Told by the file's first bytes where it is not given. */
  compression?: TarCompression;
  signal?: AbortSignal;
}

export interface ForeignTarTotals {
  entries: number;
  /** Bytes of content of all files. */
  bytes: number;
}

/**
 * Called once an entry, in the archive's order. The content can be read once, until the promise settles; what is not
 * read is passed over.
 */
export type ForeignVisit = (entry: ForeignEntry, content: AsyncIterable<Buffer>) => void | Promise<void>;

/**
 * Reads a tar that someone else made, from its first byte to its last. Names are given as they are: whoever writes
 * checks them first (`ForeignNames`). Memory does not grow with the archive.
 * @throws BackupError ARCHIVE_UNKNOWN where it is no tar; ARCHIVE_DAMAGED, with how far it could be read, where it is
 * cut off or damaged or shows two faces; the visitor's own errors; the signal's reason.
 */
export async function walkForeignTar(options: ForeignTarOptions, visit: ForeignVisit): Promise<ForeignTarTotals> {
  const compression = options.compression ?? (await compressionOf(options.file));
  const input = new TarInput(tarBytes(options.file, compression, options.signal));
  const entries = new TarEntries(input);
  const totals = { entries: 0, bytes: 0 };
  const reached: { path?: string } = {};
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const next = await entries.next();
      if (next === undefined) break;
      // `./` is the folder that the archive was made in.
      if (next.entry.path === '' && next.entry.kind === 'directory') continue;
      reached.path = next.entry.path;
      await visitOne(input, next.entry, next.bodySize, visit);
      totals.entries += 1;
      totals.bytes += next.entry.size;
    }
    await expectNothingMore(input);
    return totals;
  } catch (error) {
    if (error instanceof UnreadableTar) {
      throw new BackupError('ARCHIVE_UNKNOWN', { archive: options.file, reason: error.message }, { cause: error });
    }
    if (!(error instanceof ForeignDamage)) throw error;
    const problem = `${error.message}; ${howFar(totals.entries, reached.path)}`;
    throw new BackupError('ARCHIVE_DAMAGED', { archive: options.file, problem }, { cause: error });
  } finally {
    await input.close();
  }
}

function howFar(entries: number, path: string | undefined): string {
  if (path === undefined) return 'not one entry is readable';
  return `${entries} entries are whole, the last one reached is ${JSON.stringify(printablePath(path))}`;
}

async function visitOne(input: TarInput, entry: ForeignEntry, bodySize: number, visit: ForeignVisit): Promise<void> {
  let left = bodySize;
  let isOver = false;
  async function* content(): AsyncGenerator<Buffer> {
    while (left > 0 && !isOver) {
      const part = await input.some(left);
      if (part === undefined) throw new ForeignDamage('it is cut off');
      left -= part.length;
      yield part;
    }
  }
  await visit(entry, content());
  isOver = true;
  await input.skip(left + tarPadding(bodySize));
}

/** Behind the end mark there are zeros, up to the tape's block, and nothing else. */
async function expectNothingMore(input: TarInput): Promise<void> {
  for (;;) {
    const at = input.position;
    const part = await input.some(1 << 20);
    if (part === undefined) return;
    const found = part.findIndex((byte) => byte !== 0);
    if (found !== -1) throw new ForeignDamage(`something follows its end, at byte ${at + found} of the tar`);
  }
}
