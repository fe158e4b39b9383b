import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { Header } from 'tar/header';
import { BackupError, isBackupError, reasonOf } from '../core/errors.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import type { Compression } from '../config/settings.ts';
import { readManifestFile, readStoredManifest } from '../store/manifest-reader.ts';
import { bombReason } from '../store/manifest-bounds.ts';
import { formatMetadata, largestMetadataBytes, parseMetadata, type Metadata } from '../store/metadata.ts';
import { codecOf } from './codecs.ts';
import { openRange } from './opened-range.ts';
import { canBegin, isToolCompression, unpackStream, unpackWhole } from './codecs/tool-unpack.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { PayloadDescription } from './payload.ts';
import { encodeTarHeader, tarHeaderSize, tarPadding } from './tar-headers.ts';

/**
 * An archive's own copy of manifest and metadata, so that the archive alone is a whole backup. Its last frames are: the
 * manifest's tar header; the manifest; and one frame that ends the tar, with metadata.json. That last frame is found
 * from the archive's end by the magic bytes of its kind, and metadata.json in it names where the manifest begins.
 */

export const manifestMember = '.backup/manifest.jsonl';
export const metadataMember = '.backup/metadata.json';

const blockBytes = 512;

/** Appends both members and the tar's end. The packer has finished. `manifestFile` is the `manifest.jsonl.gz`. */
export async function appendEmbeddedManifest(
  frames: FrameWriter,
  options: PayloadDescription & { level: number; mtimeNs: bigint },
): Promise<Metadata> {
  const { codec } = frames;
  const compress = (bytes: Buffer): Promise<Buffer> => codec.compress(bytes, options.level);
  const manifestOffset = frames.append(
    await compress(headerBlock(manifestMember, options.manifestBytes, options.mtimeNs)),
  );
  if (codec.name === 'gzip') {
    // The file's members are what is wanted here, byte for byte.
    for await (const piece of readStoredManifest(options.manifestFile, options.opener)) frames.append(piece);
  } else {
    for await (const frame of inFrames(readManifestFile(options.manifestFile, options.opener), codec.frameBytes)) {
      frames.append(await compress(frame));
    }
  }
  const { archive, ...rest } = options.metadata;
  if (archive === undefined) throw new TypeError('metadata of an archive names the archive');
  const { file, compression, encryption } = archive;
  const own = { file, compression, ...(encryption === undefined ? {} : { encryption }), manifestOffset };
  const unproven: Metadata = { ...rest, archive: own };
  const metadata = options.authenticate?.(unproven) ?? unproven;
  const text = Buffer.from(formatMetadata(metadata), 'utf8');
  const end = Buffer.concat([
    Buffer.alloc(tarPadding(options.manifestBytes)),
    headerBlock(metadataMember, text.length, options.mtimeNs),
    text,
    Buffer.alloc(tarPadding(text.length) + 2 * blockBytes),
  ]);
  frames.append(await compress(end));
  return metadata;
}

/** The same bytes in pieces of that size: small ones shrink less, and some codecs start a process for each. */
async function* inFrames(pieces: AsyncIterable<Buffer>, frameBytes: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < frameBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

function headerBlock(path: string, size: number, mtimeNs: bigint): Buffer {
  const entry = { path, kind: 'file' as const, mode: 0o600, mtimeNs, uid: 0, gid: 0, size };
  const block = Buffer.alloc(tarHeaderSize(entry));
  encodeTarHeader(entry, block, 0);
  return block;
}

/** How far from an archive's end its last frame is looked for. */
const searchedBytes = [1 << 16, 1 << 20, 1 << 24];
/** Metadata, and a tar's padding around it. */
const largestEndBytes = largestMetadataBytes + (1 << 16);
/**
 * Places at which a stream may begin before the last one is found. By chance there is one in 16 MiB; but an enemy can put
 * millions there, of which each unpacks to megabytes before it fails.
 */
const mostTries = 128;
/** The same where each costs the start of a program. */
const mostToolTries = 32;

/** What an archive that lies alone says of itself, or undefined when it is none of ours. */
export async function readEmbeddedMetadata(
  file: string,
  compression: Compression,
  opener?: Opener,
): Promise<{ metadata: Metadata; endOffset: number } | undefined> {
  const fd = openSync(file, 'r');
  try {
    const size = fstatSync(fd).size;
    for (const window of searchedBytes) {
      const start = Math.max(opener?.headBytes ?? 0, size - window);
      if (size <= start) return undefined;
      const stored = Buffer.alloc(size - start);
      readSync(fd, stored, 0, stored.length, start);
      const tail = opener === undefined ? stored : opener.open(stored, start);
      const found = compression === 'none' ? findPlainEnd(tail, start) : await findCompressedEnd(tail, compression);
      if (found === 'foreign') return undefined;
      if (found !== undefined) {
        return { metadata: parseMetadata(found.text, file), endOffset: start + found.at };
      }
      if (size - start < window) return undefined;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

async function findCompressedEnd(
  tail: Buffer,
  compression: Compression,
): Promise<{ text: string; at: number } | 'foreign' | undefined> {
  const { magic } = codecOf(compression, 'decompress');
  if (magic === undefined) return undefined;
  let tries = 0;
  for (let at = tail.lastIndexOf(magic); at !== -1; at = at === 0 ? -1 : tail.lastIndexOf(magic, at - 1)) {
    if (!canBegin(compression, tail, at)) continue;
    const raw = await decompressAll(tail.subarray(at), compression);
    if (raw === undefined) {
      tries += 1;
      if (tries === (isToolCompression(compression) ? mostToolTries : mostTries)) return 'foreign';
      continue;
    }
    // This is the last member, so it is ours or none is: to go on through thousands of members would take hours.
    const text = metadataIn(raw);
    return text === undefined ? 'foreign' : { text, at };
  }
  return undefined;
}

interface ZstdWithInfo {
  zstdDecompress(
    bytes: Buffer,
    options: { maxOutputLength: number; info: boolean },
    done: (error: Error | null, result: { buffer: Buffer; engine: { bytesWritten: number } }) => void,
  ): void;
}

function decompressAll(bytes: Buffer, compression: Compression): Promise<Buffer | undefined> {
  if (isToolCompression(compression)) return unpackWhole(compression, bytes, largestEndBytes);
  return new Promise((resolve) => {
    if (compression === 'gzip') {
      const options = { maxOutputLength: largestEndBytes };
      zlib.gunzip(bytes, options, (error, result) => resolve(error === null ? result : undefined));
      return;
    }
    // Node's zstd ends with the first frame and says nothing of what follows it: only a last frame takes all bytes.
    const options = { maxOutputLength: largestEndBytes, info: true };
    (zlib as unknown as ZstdWithInfo).zstdDecompress(bytes, options, (error, result) =>
      resolve(error === null && result.engine.bytesWritten === bytes.length ? result.buffer : undefined),
    );
  });
}

/** The text of metadata.json in the bytes of a last frame: padding, then its member, then the tar's end. */
function metadataIn(raw: Buffer): string | undefined {
  for (let at = raw.length % blockBytes; at + blockBytes <= raw.length; at += blockBytes) {
    if (raw[at] === 0) continue;
    return memberAt(raw, at)?.text;
  }
  return undefined;
}

/** The text of the metadata member whose header is there, and where its last block ends. */
function memberAt(raw: Buffer, at: number): { text: string; end: number } | undefined {
  const size = memberSize(raw, at, metadataMember);
  if (size === undefined) return undefined;
  const from = at + blockBytes;
  const end = from + size;
  if (end > raw.length) return undefined;
  return { text: raw.toString('utf8', from, end), end: end + tarPadding(size) };
}

/** The size that the header of a member with that name declares; undefined where there is no such header. */
function memberSize(raw: Buffer, at: number, name: string): number | undefined {
  if (at + blockBytes > raw.length) return undefined;
  try {
    const header = new Header(raw, at);
    return header.cksumValid && header.path === name && (header.size ?? -1) >= 0 ? header.size : undefined;
  } catch {
    // Header throws plain errors, and only about numbers that no tar holds: any file may be asked about.
    return undefined;
  }
}

function findPlainEnd(tail: Buffer, start: number): { text: string; at: number } | 'foreign' | undefined {
  const name = Buffer.from(`${metadataMember}\0`);
  for (let at = tail.lastIndexOf(name); at !== -1; at = at === 0 ? -1 : tail.lastIndexOf(name, at - 1)) {
    if ((start + at) % blockBytes !== 0) continue;
    const member = memberAt(tail, at);
    if (member === undefined) continue;
    // What follows must be the tar's end and nothing else: a tar of somebody may hold one of ours as its last member.
    return member.end + 2 * blockBytes === tail.length ? { text: member.text, at } : 'foreign';
  }
  return undefined;
}

/** Where an archive's own manifest is, in stored bytes. */
export interface EmbeddedPlace {
  manifestOffset: number;
  /** Where the frame behind it begins. */
  endOffset: number;
  compression: Compression;
  /** Decrypts the archive. */
  opener?: Opener | undefined;
}

/** The uncompressed bytes of an archive's own manifest. */
export async function* readEmbeddedManifest(file: string, place: EmbeddedPlace): AsyncGenerator<Buffer> {
  let header: Buffer | undefined = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of decompressed(file, place)) {
    let bytes = chunk;
    if (header !== undefined) {
      header = Buffer.concat([header, bytes]);
      if (header.length < blockBytes) continue;
      const size = memberSize(header, 0, manifestMember);
      if (size === undefined) {
        throw new BackupError('MANIFEST_DAMAGED', {
          backup: file,
          problem: 'the archive holds none where its metadata says',
        });
      }
      const reason = bombReason(size, place.endOffset - place.manifestOffset);
      if (reason !== undefined) throw new BackupError('MANIFEST_DAMAGED', { backup: file, problem: reason });
      left = size;
      bytes = header.subarray(blockBytes);
      header = undefined;
    }
    const wanted = bytes.subarray(0, left);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    // What follows is padding, or made to be unpacked in vain.
    if (left === 0) return;
  }
}

async function* decompressed(file: string, place: EmbeddedPlace): AsyncGenerator<Buffer> {
  const end = Math.max(place.manifestOffset, place.endOffset - 1);
  if (isToolCompression(place.compression)) {
    const source = openRange(file, place.manifestOffset, end, place.opener);
    try {
      yield* unpackStream(place.compression, source);
    } catch (error) {
      throw damaged(file, error);
    }
    return;
  }
  // Node's zstd stream ends with the first frame: those that follow get a decoder of their own.
  let bytes = 0;
  let decoders = 0;
  for (let start = place.manifestOffset; start <= end;) {
    decoders += 1;
    // Ours hold megabytes each; a million of almost none would keep busy for hours.
    if (decoders > fewFrames + bytes / smallestFrameBytes)
      throw damaged(file, new RangeError('its frames are too small'));
    const source = openRange(file, start, end, place.opener);
    const decoder = decoderOf(place.compression);
    try {
      if (decoder === undefined) {
        for await (const chunk of source) yield chunk as Buffer;
        return;
      }
      source.on('error', (error) => decoder.destroy(error));
      source.pipe(decoder);
      for await (const chunk of decoder) {
        bytes += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
      if (decoder.bytesWritten === 0) return;
      start += decoder.bytesWritten;
    } catch (error) {
      throw damaged(file, error);
    } finally {
      source.destroy();
      decoder?.destroy();
    }
  }
}

const fewFrames = 64;
const smallestFrameBytes = 1 << 14;

function damaged(file: string, error: unknown): BackupError {
  if (isBackupError(error)) return error;
  return new BackupError('MANIFEST_DAMAGED', { backup: file, problem: reasonOf(error) }, { cause: error });
}

/** `bytesWritten`: how many bytes it has taken of those given to it. */
type Decoder = Transform & { bytesWritten: number };

function decoderOf(compression: Compression): Decoder | undefined {
  if (compression === 'none') return undefined;
  if (compression === 'gzip') return createGunzip({ chunkSize: 1 << 18 });
  codecOf('zstd', 'decompress');
  return (zlib as unknown as { createZstdDecompress(): Decoder }).createZstdDecompress();
}
