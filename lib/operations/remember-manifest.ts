import type { ManifestLine } from '../store/manifest.ts';

/** Lines that are kept: some tens of megabytes at the most. A longer manifest is read from its file each time. */
const mostLines = 50_000;
/** A line of a kilobyte, and each one that its texts and extents have beyond, counts as one. */
const bytesALine = 1024;

/**
 * Reads a manifest once where it is small: a restore goes through it several times. Only lines of a whole manifest,
 * proven by its checksum, are kept.
 */
export function rememberManifest(read: () => AsyncGenerator<ManifestLine[]>): () => AsyncGenerator<ManifestLine[]> {
  let kept: ManifestLine[][] | undefined;
  return async function* () {
    if (kept !== undefined) {
      yield* kept;
      return;
    }
    const batches: ManifestLine[][] = [];
    let lines = 0;
    for await (const batch of read()) {
      for (const line of batch) lines += weightOf(line);
      if (lines <= mostLines) batches.push(batch);
      else batches.length = 0;
      yield batch;
    }
    if (lines <= mostLines) kept = batches;
  };
}

function weightOf(line: ManifestLine): number {
  if (line.type !== 'entry') return line.type === 'header' ? mostHeaderLines : 1;
  const { path, origin = '', linkTarget = '', storedAs = '', extents } = line.entry;
  const texts = path.length + origin.length + linkTarget.length + storedAs.length;
  return 1 + Math.floor((2 * texts + (extents?.byteLength ?? 0)) / bytesALine);
}

/** A header is no longer than a line may be. */
const mostHeaderLines = 1024;
