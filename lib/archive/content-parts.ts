import type { ContentPieces } from '../store/content-pieces.ts';
import type { FrameTable } from '../store/frame-table.ts';

/** A part of a large file's content: a whole frame that can be copied as it is, or bytes that have to be packed anew. */
export type ContentPart = { frame: number } | { from: number; to: number };

/** Smaller frames than this share of a usual one are packed anew, lest an archive gets more of them each time. */
const smallestShare = 0.5;
const tarBlockBytes = 512;

/**
 * How the content of a file that begins a frame of its own is put together. What fills whole frames elsewhere is copied with
 * them, where the tar's blocks come to lie as they lay: so it is for a file that was renamed, grew at its end, or changed in
 * a few places. The first part is always packed anew, with the header, and the last one, whose frame stays open for what
 * follows.
 * @param headerBytes of the file's tar header, which stands before the content.
 * @param canCopy whether that archive's frames are of the new one's kind.
 */
export function contentParts(
  pieces: ContentPieces,
  frames: FrameTable,
  options: { headerBytes: number; frameBytes: number; canCopy: (archive: number) => boolean },
): ContentPart[] {
  const { headerBytes, frameBytes, canCopy } = options;
  const parts: ContentPart[] = [];
  let packedFrom = 0;
  let at = 0;
  // Bytes of the member up to here. All frames are whole blocks, so its remainder is that of the frame being filled, too.
  let used = headerBytes;
  for (let index = 0; index < pieces.length; index += 1) {
    const { frame, offset, length } = pieces.piece(index);
    const isWholeFrame = offset === 0 && length === frames.sizeOf(frame) && length % tarBlockBytes === 0;
    const isLarge = length >= frameBytes * smallestShare;
    const isInside = index > 0 && index < pieces.length - 1;
    if (isWholeFrame && isLarge && isInside && used % tarBlockBytes === 0 && canCopy(frames.archiveOf(frame))) {
      if (at > packedFrom) parts.push({ from: packedFrom, to: at });
      parts.push({ frame });
      packedFrom = at + length;
    }
    used += length;
    at += length;
  }
  parts.push({ from: packedFrom, to: at });
  return parts;
}
