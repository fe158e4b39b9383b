import type { ManifestLine } from '../store/manifest.ts';

/** Lines that are kept: some tens of megabytes at the most. A longer manifest is read from its file each time. */
const mostLines = 50_000;

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
      lines += batch.length;
      if (lines <= mostLines) batches.push(batch);
      else batches.length = 0;
      yield batch;
    }
    if (lines <= mostLines) kept = batches;
  };
}
