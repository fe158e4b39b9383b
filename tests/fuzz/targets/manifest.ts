import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { ContentPieces } from '../../../lib/store/content-pieces.ts';
import { FrameTable } from '../../../lib/store/frame-table.ts';
import { BaseManifest } from '../../../lib/store/base-manifest.ts';
import { formatEntry } from '../../../lib/store/manifest-lines.ts';
import { readManifest, readManifestFile } from '../../../lib/store/manifest-reader.ts';
import { putTogether, reckonLines, takeApart } from '../forged-backup.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { textOf } from '../mutate-json.ts';
import { mutateLines } from '../mutate-lines.ts';

const file = 'manifest.jsonl.gz';

/** Manifests, re-signed: header, frames, extents, entries, the end; and the gzip around them. */
export const manifestTarget: FuzzTarget = {
  name: 'manifest',
  share: 25,
  make(random, { stores }) {
    const store = random.pick(stores);
    const id = random.pick(store.ids);
    const forged = takeApart(store.files, id);
    mutateLines(random, forged);
    if (random.chance(0.8)) reckonLines(forged);
    const files = putTogether(store.files, forged, true, (value) => textOf(random, value));
    let bytes = files[`${id}/${file}`] ?? Buffer.alloc(0);
    if (random.chance(0.15)) bytes = mutateBytes(random, bytes);
    return { files: { [file]: bytes }, options: { isBase: random.chance(0.2) } };
  },
  async run({ files, options }, room) {
    const path = join(room.case, file);
    if (options.isBase === true) return readAsBase(path, files[file] ?? Buffer.alloc(0));
    const frames = new FrameTable();
    for await (const batch of readManifest(readManifestFile(path), 'backup')) {
      for (const line of batch) {
        if (line.type === 'frame') frames.add(line.frame);
        if (line.type !== 'entry') continue;
        const { entry } = line;
        // A content without extents is not taken apart before it is read.
        if (entry.extents !== undefined) new ContentPieces(entry, frames).slice(0, 1 << 16);
        formatEntry(entry, { uid: 0, gid: 0 });
      }
    }
  },
};

/** As what an incremental backup builds on, where lines are looked up as the texts that they are. */
async function readAsBase(path: string, bytes: Buffer): Promise<void> {
  const { createHash } = await import('node:crypto');
  let checksum = 'sha256:';
  try {
    checksum += createHash('sha256').update(gunzipSync(bytes)).digest('hex');
  } catch {
    // Damaged on purpose.
  }
  const base = await BaseManifest.open({ backup: 'backup', checksum, open: () => readManifestFile(path) });
  for (const wanted of ['state/app.json', 'agents/large.bin', '../outside', 'a', 'state/zzz', 'agents/deep']) {
    const text = await base.find(wanted);
    if (text !== undefined) base.parse(text);
  }
  for await (const texts of base.texts()) for (const text of texts.slice(0, 20)) base.parse(text);
  await base.close();
}
