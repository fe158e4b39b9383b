import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readEmbeddedManifest, readEmbeddedMetadata } from '../../../lib/archive/embedded-manifest.ts';
import type { Compression } from '../../../lib/config/settings.ts';
import { readManifest } from '../../../lib/store/manifest-reader.ts';
import { embed, reckonLines, takeApart } from '../forged-backup.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateJson } from '../mutate-json.ts';
import { mutateLines } from '../mutate-lines.ts';

/** The ends of archives that lie alone, where their manifests and metadata are looked for. */
export const embeddedTarget: FuzzTarget = {
  name: 'embedded',
  share: 10,
  make(random, { stores }) {
    const store = random.pick(stores.filter((one) => ['gzip', 'none', 'bzip2', 'xz', 'zstd'].includes(one.name)));
    const forged = takeApart(store.files, random.pick(store.ids));
    const isWritable = ['gzip', 'none'].includes(store.name);
    if (!isWritable || forged.archive === undefined || random.chance(0.3)) {
      const bytes = forged.archive?.bytes ?? Buffer.alloc(0);
      // What is looked at is the end.
      const from = Math.max(0, bytes.length - random.pick([2000, 20_000]));
      const archive = Buffer.concat([bytes.subarray(0, from), mutateBytes(random, bytes.subarray(from))]);
      return { files: { archive }, options: { compression: store.name } };
    }
    if (random.chance(0.5)) mutateLines(random, forged);
    if (random.chance(0.7)) reckonLines(forged);
    const text = JSON.stringify(forged.metadata);
    try {
      if (random.chance(0.6)) forged.metadata = mutateJson(random, forged.metadata);
      let archive = embed(forged, random.chance(0.1) ? Buffer.alloc(80 << 20, 'x') : undefined);
      if (random.chance(0.05)) archive = Buffer.concat([archive, falseStarts()]);
      return { files: { archive }, options: { compression: store.name } };
    } catch {
      // Without a place for it, there is none: the text alone is as good.
      return { files: { archive: Buffer.from(text) }, options: { compression: store.name } };
    }
  },
  async run({ options }, room) {
    const file = join(room.case, 'archive');
    const compression = String(options.compression) as Compression;
    const own = await readEmbeddedMetadata(file, compression);
    const manifestOffset = own?.metadata.archive?.manifestOffset;
    if (own === undefined || manifestOffset === undefined) return;
    const place = { manifestOffset, endOffset: own.endOffset, compression };
    for await (const _ of readEmbeddedManifest(file, place));
    for await (const _ of readManifest(readEmbeddedManifest(file, place), 'backup', own.metadata.checksum));
  },
};

/** A thousand places that look like the beginning of a last member; each unpacks to much, and then fails. */
function falseStarts(): Buffer {
  const member = gzipSync(Buffer.alloc(4 << 20));
  return Buffer.concat(Array.from({ length: 1000 }, () => member.subarray(0, member.length - 6)));
}
