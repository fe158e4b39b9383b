import { join } from 'node:path';
import { codecOf } from '../../../lib/archive/codecs.ts';
import { FrameContent } from '../../../lib/archive/frame-content.ts';
import { FrameReader } from '../../../lib/archive/frame-reader.ts';
import type { Compression } from '../../../lib/config/settings.ts';
import { FrameTable } from '../../../lib/store/frame-table.ts';
import { readManifest, readManifestFile } from '../../../lib/store/manifest-reader.ts';
import type { ManifestEntry } from '../../../lib/store/manifest.ts';
import { putTogether, reckonLines, takeApart } from '../forged-backup.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateLines } from '../mutate-lines.ts';

const kinds = ['gzip', 'none', 'bzip2', 'xz', 'zstd'];

/** Frame tables and extents that lie, over an archive that may be damaged: all contents are read. */
export const framesTarget: FuzzTarget = {
  name: 'frames',
  share: 10,
  make(random, { stores }) {
    const store = random.pick(stores.filter((one) => kinds.includes(one.name)));
    const id = random.pick(store.ids);
    const forged = takeApart(store.files, id);
    mutateLines(random, forged);
    if (forged.archive !== undefined && random.chance(0.4))
      forged.archive.bytes = mutateBytes(random, forged.archive.bytes);
    if (random.chance(0.85)) reckonLines(forged);
    const files = putTogether(store.files, forged, true);
    const manifest = files[`${id}/manifest.jsonl.gz`] ?? Buffer.alloc(0);
    const archive = forged.archive?.bytes ?? Buffer.alloc(0);
    const compression = random.chance(0.9) ? store.name : random.pick(['gzip', 'none']);
    return { files: { 'manifest.jsonl.gz': manifest, archive }, options: { compression } };
  },
  async run({ options }, room) {
    const frames = new FrameTable();
    const entries: ManifestEntry[] = [];
    for await (const batch of readManifest(readManifestFile(join(room.case, 'manifest.jsonl.gz')), 'backup')) {
      for (const line of batch) {
        if (line.type === 'frame') frames.add(line.frame);
        // What a manifest declares is what a restore makes room for first; here it is only read.
        else if (line.type === 'entry' && line.entry.size < 64 << 20 && entries.length < 200) entries.push(line.entry);
      }
    }
    const codec = codecOf(String(options.compression) as Compression, 'decompress');
    const content = new FrameContent({
      frames,
      openArchive: () => new FrameReader(join(room.case, 'archive'), codec),
      parallel: 4,
      archives: 3,
      signal: new AbortController().signal,
    });
    try {
      await content.read(batchOf(entries), { begin: nothing, bytes: nothing, end: nothing, failed: nothing });
    } finally {
      content.close();
    }
  },
};

const nothing = (): void => undefined;

async function* batchOf(entries: ManifestEntry[]): AsyncGenerator<ManifestEntry[]> {
  yield await Promise.resolve(entries);
}
