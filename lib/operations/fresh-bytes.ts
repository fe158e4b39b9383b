import type { FrameTable } from '../store/frame-table.ts';
import type { ManifestEntry, ManifestHeader } from '../store/manifest.ts';
import type { OpenBackup } from './opened-backup.ts';

/** Tells how many bytes of an entry's content a backup had to store since an earlier one of its chain. */
export type FreshBytes = (entry: ManifestEntry) => number | undefined;

/**
 * Goes by the manifest alone. It knows nothing where the later backup does not build on the earlier one, or has no frames.
 * @param frames those of the later one, as far as its manifest was read.
 */
export function freshBytesSince(
  before: OpenBackup,
  after: OpenBackup,
  header: ManifestHeader,
  frames: FrameTable,
): FreshBytes {
  const { chain } = before.metadata;
  if (before.id === after.id || !after.metadata.chain.includes(before.id)) return () => undefined;
  const isOld = header.archives.map(({ backup }) => chain.includes(backup));
  const isStoredAnew = (frame: number): boolean => frame >= frames.length || isOld[frames.get(frame).archive] !== true;
  return ({ at, extents, size }) => {
    if (extents !== undefined) {
      let bytes = 0;
      for (let triple = 0; triple < extents.length; triple += 3) {
        // An extent does not leave the archive that it begins in.
        if (isStoredAnew(extents[triple] ?? 0)) bytes += extents[triple + 2] ?? 0;
      }
      return bytes;
    }
    if (at === undefined) return undefined;
    return isStoredAnew(at.frame) ? size : 0;
  };
}
