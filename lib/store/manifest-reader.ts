import { createHash, timingSafeEqual, type Hmac } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BackupError, isBackupError, isSystemError, reasonOf } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import {
  mostArchives,
  mostExtents,
  mostFrames,
  type ManifestEnd,
  type ManifestHeader,
  type ManifestLine,
} from './manifest.ts';
import { BeforeLastLine } from './before-last-line.ts';
import { bounded } from './manifest-bounds.ts';
import { parseManifestLine, UnsafePathError } from './manifest-lines.ts';

/** A line longer than this is no line of ours: paths are at most some kilobytes. */
const longestLineBytes = 1 << 20;

/**
 * Reads a manifest's lines in flat memory, from its uncompressed bytes, some at a time.
 *
 * When `checksum` (`sha256:<hex>`) is given, the whole manifest must have it. As lines are given out before the end is
 * read, a caller that acts on them reads the manifest to its end first, or can take its acts back.
 *
 * @param mac keyed: the one that the last line names has to be that of the lines before it.
 * @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY where a path leads out of the destination, NOT_AUTHENTIC.
 */
export async function* readManifest(
  bytes: AsyncIterable<Buffer>,
  backup: string,
  checksum?: string,
  mac?: Hmac,
): AsyncGenerator<ManifestLine[]> {
  const digest = createHash('sha256');
  const beforeEnd = mac === undefined ? undefined : new BeforeLastLine(mac);
  let endMac: string | undefined;
  let owner: ManifestHeader['owner'] | undefined;
  let archives = 0;
  let ended: ManifestEnd['end'] | undefined;
  let entries = 0;
  let frames = 0;
  let pending: number[] = [];
  const damaged = (problem: string): BackupError => new BackupError('MANIFEST_DAMAGED', { backup, problem });

  for await (const texts of splitLines(bytes, [digest, ...(beforeEnd === undefined ? [] : [beforeEnd])], damaged)) {
    const batch: ManifestLine[] = [];
    for (const text of texts) {
      if (ended !== undefined) throw damaged('it goes on after its end');
      const line = parseLine(text, owner, backup, damaged);
      if (line.type === 'header') {
        if (owner !== undefined) throw damaged('it has two headers');
        owner = line.header.owner;
        archives = line.header.archives.length;
        if (archives > mostArchives) throw damaged(`it names ${archives} archives`);
      } else if (owner === undefined) throw damaged('it does not begin with a header');
      if (line.type === 'extents') {
        if (pending.length + line.extents.length > mostExtents * 3) throw damaged('an entry has too many extents');
        for (const one of line.extents) pending.push(one);
        continue;
      }
      if (line.type === 'entry') {
        entries += 1;
        takeExtents(line, pending, frames, damaged);
      }
      if (pending.length > 0) {
        if (line.type !== 'entry') throw damaged('extents stand before no entry');
        pending = [];
      }
      if (line.type === 'frame') {
        if (line.frame.frame !== frames) throw damaged(`frame ${line.frame.frame} stands where ${frames} is expected`);
        if (line.frame.archive >= archives) {
          throw damaged(`frame ${frames} is in archive ${line.frame.archive}, of ${archives} that it names`);
        }
        frames += 1;
        if (frames > mostFrames) throw damaged('it has too many frames');
      }
      if (line.type === 'end') {
        ended = line.end;
        endMac = line.mac;
      }
      batch.push(line);
    }
    yield batch;
  }
  if (ended === undefined) throw damaged('it is cut short');
  if (ended.entries !== entries || ended.frames !== frames) {
    throw damaged(
      `its last line names ${ended.entries} entries and ${ended.frames} frames; it holds ${entries} and ${frames}`,
    );
  }
  if (checksum !== undefined && checksum !== `sha256:${digest.digest('hex')}`) {
    throw damaged('it does not have the checksum that metadata.json names');
  }
  if (mac !== undefined && (endMac === undefined || !isSameDigest(mac.digest(), endMac))) {
    throw new BackupError('NOT_AUTHENTIC', { backup, problem: 'the MAC of the manifest is not right' });
  }
}

const isSameDigest = (one: Buffer, hex: string): boolean => {
  const other = Buffer.from(hex, 'hex');
  return one.length === other.length && timingSafeEqual(one, other);
};

/** Gives an entry the extents that stood before it. */
function takeExtents(
  line: Extract<ManifestLine, { type: 'entry' }>,
  pending: readonly number[],
  frames: number,
  damaged: (problem: string) => BackupError,
): void {
  const { entry, extentCount } = line;
  if (extentCount === undefined) {
    if (pending.length > 0) throw damaged(`extents stand before ${entry.path}, which has none`);
    return;
  }
  delete line.extentCount;
  if (pending.length !== extentCount * 3) {
    throw damaged(`${entry.path} names ${extentCount} extents where ${pending.length / 3} stand before it`);
  }
  let size = 0;
  for (let at = 0; at < pending.length; at += 3) {
    if ((pending[at] ?? 0) >= frames) throw damaged(`${entry.path} names a frame that is not there`);
    // One of no bytes costs as much as any other, and there could be any number of them.
    if (pending[at + 2] === 0) throw damaged(`${entry.path} names an extent of nothing`);
    size += pending[at + 2] ?? 0;
  }
  if (size !== entry.size) throw damaged(`the extents of ${entry.path} are ${size} bytes of ${entry.size}`);
  entry.extents = Float64Array.from(pending);
}

function parseLine(
  text: string,
  owner: ManifestHeader['owner'] | undefined,
  backup: string,
  damaged: (problem: string) => BackupError,
): ManifestLine {
  try {
    return parseManifestLine(text, owner ?? { uid: 0, gid: 0 });
  } catch (error) {
    if (error instanceof UnsafePathError) {
      throw new BackupError(
        'UNSAFE_ENTRY',
        { archive: backup, path: error.path, reason: error.reason },
        { cause: error },
      );
    }
    throw damaged(reasonOf(error));
  }
}

async function* splitLines(
  bytes: AsyncIterable<Buffer>,
  digests: readonly { update(data: Buffer): unknown }[],
  damaged: (problem: string) => BackupError,
): AsyncGenerator<string[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of bytes) {
      for (const digest of digests) digest.update(chunk);
      const lines: string[] = [];
      let from = 0;
      for (let newline = chunk.indexOf(10); newline !== -1; newline = chunk.indexOf(10, from)) {
        rest.push(chunk.subarray(from, newline));
        lines.push((rest.length === 1 ? (rest[0] ?? chunk) : Buffer.concat(rest)).toString('utf8'));
        rest = [];
        restBytes = 0;
        from = newline + 1;
      }
      if (from < chunk.length) {
        rest.push(chunk.subarray(from));
        restBytes += chunk.length - from;
        if (restBytes > longestLineBytes) throw damaged('a line has no end');
      }
      yield lines;
    }
  } catch (error) {
    if (isBackupError(error) || isSystemError(error, 'ENOENT', 'EACCES', 'EIO')) throw error;
    throw damaged(reasonOf(error));
  }
  if (restBytes > 0) throw damaged('its last line is cut short');
}

/** The bytes of a `manifest.jsonl.gz`, decrypted where it is encrypted, and compressed still. */
export async function* readStoredManifest(file: string, opener?: Opener): AsyncGenerator<Buffer> {
  let at = opener?.headBytes ?? 0;
  for await (const chunk of createReadStream(file, { start: at, highWaterMark: 1 << 18 })) {
    const stored = chunk as Buffer;
    yield opener === undefined ? stored : opener.open(stored, at);
    at += stored.length;
  }
}

/**
 * The uncompressed bytes of a `manifest.jsonl.gz`, or of an encrypted one.
 * @throws RangeError, TypeError where it is made to harm its reader; the system's and zlib's errors.
 */
export async function* readManifestFile(file: string, opener?: Opener): AsyncGenerator<Buffer> {
  const stat = statSync(file);
  // Whoever opens a FIFO waits for ever.
  if (!stat.isFile() && !stat.isDirectory()) throw new TypeError('the manifest is no file');
  const source =
    opener === undefined
      ? createReadStream(file, { highWaterMark: 1 << 18 })
      : Readable.from(readStoredManifest(file, opener), { objectMode: false });
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  // A source that fails must end the reader; pipe alone would leave it hanging.
  source.on('error', (error: Error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* bounded(gunzip as AsyncIterable<Buffer>, stat.size);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
