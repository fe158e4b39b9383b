import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Compression } from '../config/settings.ts';
import { BackupError, systemCode } from '../core/errors.ts';
import { codecOf } from './codecs.ts';
import { ToolFailure } from './codecs/stock-tool.ts';
import { isToolCompression, unpackStream } from './codecs/tool-unpack.ts';
import { detectArchive, type ArchiveKind } from './foreign-kind.ts';

/** How a tar is compressed. */
export type TarCompression = Compression;

/** Bytes that cannot be what they claim to be. The reader adds how far it came, and tells it as ARCHIVE_DAMAGED. */
export class ForeignDamage extends Error {
  override readonly name = 'ForeignDamage';
}

const readBytes = 1 << 18;
const outputBytes = 1 << 18;
const fewStreams = 10_000;
const smallestStreamBytes = 1 << 10;

interface ZstdRuntime {
  createZstdDecompress(options: { chunkSize: number }): Transform & { bytesWritten: number };
}

/**
 * How the file's tar is compressed, by its bytes.
 * @throws BackupError ARCHIVE_UNKNOWN where it is no tar, or one that cannot be read on this runtime; CODEC_UNAVAILABLE
 * where a program is missing that unpacks it.
 */
export async function compressionOf(file: string): Promise<TarCompression> {
  const kind = await detectArchive(file);
  if (kind === 'tar') return 'none';
  if (kind === 'tar.gz') return 'gzip';
  if (kind === 'tar.zst' && hasZstd()) return 'zstd';
  if (kind === 'tar.bz2') return codecOf('bzip2', 'decompress').name;
  if (kind === 'tar.xz') return codecOf('xz', 'decompress').name;
  throw new BackupError('ARCHIVE_UNKNOWN', { archive: file, reason: whyNot[kind] });
}

const whyNot: Record<Exclude<ArchiveKind, 'tar' | 'tar.gz' | 'tar.bz2' | 'tar.xz'>, string> = {
  'tar.zst': `it is compressed with zstd, which needs Node 22.15 or later (this is ${process.version}); unpack it with \`zstd -d\` first`,
  zip: 'it is a zip, not a tar',
  unknown: 'its bytes are those of no archive that is known here',
};

const hasZstd = (): boolean => 'createZstdDecompress' in zlib;

/**
 * The tar's uncompressed bytes, one chunk at a time. Members of gzip, frames of zstd and streams of bzip2 and xz that
 * follow each other are one stream. Whoever stops early closes it by ending the iteration.
 * @throws ForeignDamage where the compressed bytes are damaged, cut off or followed by something else.
 */
export async function* tarBytes(
  file: string,
  compression: TarCompression,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const { size } = await stat(file);
  if (compression === 'none') {
    for await (const chunk of createReadStream(file, { highWaterMark: readBytes })) {
      signal?.throwIfAborted();
      yield chunk as Buffer;
    }
    return;
  }
  if (isToolCompression(compression)) {
    try {
      for await (const chunk of unpackStream(compression, createReadStream(file, { highWaterMark: readBytes }))) {
        signal?.throwIfAborted();
        yield chunk;
      }
    } catch (error) {
      throw damageOf(error, compression);
    }
    return;
  }
  let bytes = 0;
  let decoders = 0;
  for (let start = 0; start < size;) {
    decoders += 1;
    // Each costs a tenth of a millisecond: a million of frames with next to nothing in them would keep busy for hours.
    if (decoders > fewStreams + bytes / smallestStreamBytes)
      throw new ForeignDamage('its compressed bytes are in too many pieces');
    const decoder = decoderOf(compression);
    // A failure comes out of the iteration below; the callback only keeps it from being thrown twice.
    pipeline(createReadStream(file, { start, highWaterMark: readBytes }), decoder, () => undefined);
    try {
      for await (const chunk of decoder) {
        signal?.throwIfAborted();
        bytes += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch (error) {
      throw damageOf(error, compression);
    }
    if (decoder.bytesWritten === 0)
      throw new ForeignDamage('something that is not compressed follows its compressed bytes');
    start += decoder.bytesWritten;
    if (start < size && (await isZeroFrom(file, start))) return;
  }
}

function decoderOf(compression: 'gzip' | 'zstd'): Transform & { bytesWritten: number } {
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize: outputBytes });
  return (zlib as unknown as ZstdRuntime).createZstdDecompress({ chunkSize: outputBytes });
}

function damageOf(error: unknown, compression: string): unknown {
  if (error instanceof ToolFailure) {
    const isCutOff = /unexpected end of input|ends unexpectedly/i.test(error.message);
    const what = `its compressed bytes are ${isCutOff ? 'cut off' : 'damaged'}`;
    return new ForeignDamage(`${what} (${compression}: ${error.message})`, { cause: error });
  }
  const code = systemCode(error) ?? '';
  if (!code.startsWith('Z_') && !code.startsWith('ZSTD_')) return error;
  const what = code === 'Z_BUF_ERROR' ? 'its compressed bytes are cut off' : 'its compressed bytes are damaged';
  return new ForeignDamage(`${what} (${compression}: ${(error as Error).message})`, { cause: error });
}

/** Tapes and some tools fill up the last block with zeros behind the compressed bytes; gzip accepts that, so do we. */
async function isZeroFrom(file: string, start: number): Promise<boolean> {
  for await (const chunk of createReadStream(file, { start, highWaterMark: readBytes })) {
    if (!(chunk as Buffer).every((byte) => byte === 0)) return false;
  }
  return true;
}
