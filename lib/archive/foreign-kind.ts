import { open } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { Header } from 'tar/header';
import { systemCode } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';

/** What a file is, told by its bytes and never by its name. */
export type ArchiveKind = 'tar' | 'tar.gz' | 'tar.zst' | 'tar.bz2' | 'tar.xz' | 'zip' | 'unknown';

const headBytes = 8192;
const tarBlock = 512;

const magics: Array<[kind: ArchiveKind, magic: string]> = [
  ['tar.gz', '1f8b'],
  ['tar.zst', '28b52ffd'],
  ['tar.bz2', '425a68'],
  ['tar.xz', 'fd377a585a00'],
  ['zip', '504b0304'],
  // A zip without entries is its end record alone.
  ['zip', '504b0506'],
];

/**
 * Tells what kind of archive a file is. Inside gzip it looks for a tar; of zstd, bzip2 and xz it knows only the
 * outside. A damaged gzip counts as `tar.gz`, so that reading it can say where the damage is.
 * @param opener decrypts it.
 * @throws the system's error where the file cannot be read.
 */
export async function detectArchive(file: string, opener?: Opener): Promise<ArchiveKind> {
  const { head, size } = await readHead(file, opener);
  const found = magics.find(([, magic]) => head.subarray(0, magic.length / 2).toString('hex') === magic)?.[0];
  if (found === 'tar.gz') return holdsTar(head) ? 'tar.gz' : 'unknown';
  if (found !== undefined) return found;
  return beginsLikeTar(head) || isEmptyTar(head, size) ? 'tar' : 'unknown';
}

async function readHead(file: string, opener?: Opener): Promise<{ head: Buffer; size: number }> {
  const handle = await open(file, 'r');
  try {
    const from = opener?.headBytes ?? 0;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, from);
    const read = buffer.subarray(0, bytesRead);
    return { head: opener?.open(read, from) ?? read, size: (await handle.stat()).size - from };
  } finally {
    await handle.close();
  }
}

function holdsTar(head: Buffer): boolean {
  try {
    const raw = gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
    // Too little came out to tell: damaged, or something small that was never a tar.
    if (raw.length < tarBlock) return !isWholeGzip(head);
    return beginsLikeTar(raw) || raw.every((byte) => byte === 0);
  } catch (error) {
    if (!isZlibError(error)) throw error;
    return true;
  }
}

function isWholeGzip(bytes: Buffer): boolean {
  try {
    gunzipSync(bytes);
    return true;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    return false;
  }
}

function isZlibError(error: unknown): boolean {
  return systemCode(error)?.startsWith('Z_') === true;
}

function beginsLikeTar(bytes: Buffer): boolean {
  if (bytes.length < tarBlock) return false;
  try {
    return new Header(bytes.subarray(0, tarBlock)).cksumValid;
  } catch {
    // Header throws only on numbers that no tar holds.
    return false;
  }
}

/** An empty tar is nothing but zeros; a large file of zeros is something else. */
function isEmptyTar(head: Buffer, size: number): boolean {
  return size >= 2 * tarBlock && size <= 1 << 20 && size % tarBlock === 0 && head.every((byte) => byte === 0);
}
