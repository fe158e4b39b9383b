import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { hostileTar, tarPart } from '../fixtures/hostile-archives.ts';

export type Json = Record<string, unknown>;

/** A backup taken apart, to be changed and put together again with all its checksums right: what an enemy does. */
export interface ForgedBackup {
  id: string;
  metadata: Json;
  /** The manifest's lines, the last one included. */
  lines: unknown[];
  /** Absent for a plain tree. */
  archive?: { file: string; bytes: Buffer };
}

export function takeApart(files: Readonly<Record<string, Buffer>>, id: string): ForgedBackup {
  const metadata = JSON.parse(String(files[`${id}/metadata.json`])) as Json;
  const text = gunzipSync(files[`${id}/manifest.jsonl.gz`] ?? Buffer.alloc(0)).toString();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const file = (metadata.archive as { file?: string } | undefined)?.file;
  const bytes = file === undefined ? undefined : files[file];
  return { id, metadata, lines, ...(file === undefined || bytes === undefined ? {} : { archive: { file, bytes } }) };
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Makes the counts of the last line right, the totals of each target, and every frame's hash that its bytes can have. */
export function reckonLines(forged: ForgedBackup): void {
  const { lines, archive, metadata } = forged;
  const objects = lines.filter(isObject);
  const totals: Record<string, { files: number; size: number }> = {};
  for (const line of objects) {
    if (typeof line.path === 'string') {
      const of = (totals[line.path.split('/')[0] ?? ''] ??= { files: 0, size: 0 });
      if (line.kind === 'file') of.files += 1;
      if (line.kind === 'file' && typeof line.size === 'number') of.size += line.size;
    }
    const { offset, storedSize } = line;
    const isOwn = line.archive === 0 && Number.isSafeInteger(offset) && Number.isSafeInteger(storedSize);
    if (archive === undefined || !('frame' in line) || !isOwn) continue;
    const [from, size] = [Number(offset), Number(storedSize)];
    if (from >= 0 && size >= 0 && from + size <= archive.bytes.length) {
      line.sha256 = sha256(archive.bytes.subarray(from, from + size));
    }
  }
  const end = objects.find((line) => 'end' in line);
  const count = (key: string): number => objects.filter((line) => key in line).length;
  if (end !== undefined) end.end = { entries: count('path'), frames: count('frame') };
  metadata.targets = totals;
}

/** Puts it together; with `isSigned` all checksums are those of what is there. `text` makes JSON of a line. */
export function putTogether(
  files: Readonly<Record<string, Buffer>>,
  forged: ForgedBackup,
  isSigned: boolean,
  text: (value: unknown) => string = JSON.stringify,
): Record<string, Buffer> {
  const { id, metadata, lines, archive } = forged;
  const manifest = Buffer.from(`${lines.map(text).join('\n')}\n`);
  if (isSigned) {
    metadata.checksum = `sha256:${sha256(manifest)}`;
    if (archive !== undefined && isObject(metadata.archive)) {
      metadata.archive = { ...metadata.archive, size: archive.bytes.length, sha256: sha256(archive.bytes) };
    }
  }
  return {
    ...files,
    [`${id}/metadata.json`]: Buffer.from(text(metadata)),
    [`${id}/manifest.jsonl.gz`]: gzipSync(manifest, { level: 1 }),
    ...(archive === undefined ? {} : { [archive.file]: archive.bytes }),
  };
}

/** An archive that lies alone, with that manifest and metadata of its own: by the words of docs/format.md, gzip or plain. */
export function embed(forged: ForgedBackup, manifestBytes?: Buffer): Buffer {
  const { metadata, lines, archive } = forged;
  const { manifestOffset, compression } = metadata.archive as { manifestOffset: number; compression: string };
  const pack = (bytes: Buffer): Buffer => (compression === 'gzip' ? gzipSync(bytes) : bytes);
  const manifest = manifestBytes ?? Buffer.from(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  const own = { ...metadata, checksum: `sha256:${sha256(manifest)}`, storedSize: 0 };
  const { size: _, sha256: __, ...place } = metadata.archive as Json;
  const text = JSON.stringify({ ...own, archive: place });
  const padding = Buffer.alloc(-manifest.length & 511);
  return Buffer.concat([
    (archive?.bytes ?? Buffer.alloc(0)).subarray(0, manifestOffset),
    pack(tarPart({ name: '.backup/manifest.jsonl', size: manifest.length })),
    pack(manifest),
    pack(Buffer.concat([padding, hostileTar({ name: '.backup/metadata.json', content: text })])),
  ]);
}
